package network

import (
	"encoding/json"
	"errors"
	"fmt"
)

// portMapper is the type of Mesos's own plugin, which maps ports around another
// plugin. Its configurations go on to work: the standard portmap plugin does it.
// See https://mesos.apache.org/documentation/latest/cni/#port-mapper.
const portMapper = "mesos-cni-port-mapper"

// translatePortMapper makes a list of the delegate and the portmap plugin.
func translatePortMapper(data []byte) ([]byte, error) {
	var config struct {
		CNIVersion     string         `json:"cniVersion"`
		Name           string         `json:"name"`
		Args           map[string]any `json:"args"`
		ExcludeDevices []string       `json:"excludeDevices"`
		Delegate       map[string]any `json:"delegate"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", portMapper, err)
	}
	if kind, _ := config.Delegate["type"].(string); kind == "" {
		return nil, errors.New(portMapper + `: no "delegate" with a "type"`)
	}
	if config.CNIVersion == "" {
		config.CNIVersion = "0.3.1" // the first that has lists
	}
	mapper := map[string]any{
		"type":         "portmap",
		"capabilities": map[string]bool{"portMappings": true},
		"snat":         true,
	}
	var conditions []string
	for _, device := range config.ExcludeDevices {
		conditions = append(conditions, "!", "-i", device)
	}
	if len(conditions) > 0 {
		mapper["conditionsV4"] = conditions
	}
	plugins := []map[string]any{config.Delegate, mapper}
	for _, plugin := range plugins {
		if config.Args != nil && plugin["args"] == nil {
			plugin["args"] = config.Args
		}
	}
	return json.Marshal(map[string]any{"name": config.Name, "cniVersion": config.CNIVersion, "plugins": plugins})
}
