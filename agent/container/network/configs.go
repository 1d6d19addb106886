package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/utils"

	"github.com/mesosctl/mesosctl/mesos"
)

// maxConfig bounds a network's configuration, in bytes.
const maxConfig = 1 << 20

// configs are the networks that an operator configured, as one look into the
// directory finds them. There is a look for each container, so that a file that
// comes or goes counts without a restart.
type configs struct {
	networks map[string]*libcni.NetworkConfigList
	// unusable tells of files why they are no network's, in their order.
	unusable []error
}

// readConfigs reads every file of dir, whose plugins are looked for in plugins.
// Of several files of one network the first by name counts.
func readConfigs(dir string, plugins []string) (configs, error) {
	found := configs{networks: map[string]*libcni.NetworkConfigList{}}
	if dir == "" {
		return found, nil
	}
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return found, fmt.Errorf("read the CNI network configurations: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		config, err := readConfig(path, plugins)
		if err == nil && found.networks[config.Name] != nil {
			err = fmt.Errorf("network %q: is configured by an earlier file already", config.Name)
		}
		if err != nil {
			found.unusable = append(found.unusable, fmt.Errorf("%s: %w", path, err))
			continue
		}
		found.networks[config.Name] = config
	}
	return found, nil
}

func readConfig(path string, plugins []string) (*libcni.NetworkConfigList, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return nil, fmt.Errorf("not a file of at most %d bytes", maxConfig)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(data)
	if err != nil {
		return nil, err
	}
	return config, checkPlugins(config, plugins)
}

// parseConfig reads a configuration of one plugin or a list of plugins.
func parseConfig(data []byte) (*libcni.NetworkConfigList, error) {
	var kind struct {
		Plugins json.RawMessage `json:"plugins"`
		Type    string          `json:"type"`
		Name    string          `json:"name"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	var err error
	if kind.Type == portMapper {
		if data, err = translatePortMapper(data); err != nil {
			return nil, err
		}
		kind.Plugins = json.RawMessage("[]")
	}
	if kind.Plugins == nil {
		plugin, err := libcni.NetworkPluginConfFromBytes(data)
		if err != nil {
			return nil, err
		}
		if data, err = listOf(plugin); err != nil {
			return nil, err
		}
	}
	if bad := utils.ValidateNetworkName(kind.Name); bad != nil {
		return nil, fmt.Errorf("network %q: %w", kind.Name, bad)
	}
	config, err := libcni.NetworkConfFromBytes(data)
	if err == nil && len(config.Plugins) == 0 {
		err = fmt.Errorf("network %q: no plugins", kind.Name)
	}
	return config, err
}

// listOf is the list of one plugin.
func listOf(plugin *libcni.PluginConfig) ([]byte, error) {
	list := map[string]any{
		"name":       plugin.Network.Name,
		"cniVersion": plugin.Network.CNIVersion,
		"plugins":    []json.RawMessage{plugin.Bytes},
	}
	return json.Marshal(list)
}

// checkPlugins tells which plugin of a network is not there.
func checkPlugins(config *libcni.NetworkConfigList, dirs []string) error {
	for _, plugin := range config.Plugins {
		for _, name := range []string{plugin.Network.Type, plugin.Network.IPAM.Type} {
			if name == "" {
				continue
			}
			if _, err := invoke.FindInPath(name, dirs); err != nil {
				return fmt.Errorf("network %q: no plugin %q in %s", config.Name, name, strings.Join(dirs, ", "))
			}
		}
	}
	return nil
}

// find returns the network of a name, or an error that names those there are.
func (c *configs) find(name string) (*libcni.NetworkConfigList, error) {
	if config, ok := c.networks[name]; ok {
		return config, nil
	}
	known := slices.Sorted(maps.Keys(c.networks))
	for i, name := range known {
		known[i] = fmt.Sprintf("%q", name)
	}
	if c.networks[Host] == nil {
		known = append(known, fmt.Sprintf("%q", Host))
	}
	message := fmt.Sprintf("this agent has %s", strings.Join(known, ", "))
	if len(c.unusable) > 0 {
		message += "; not usable: " + errors.Join(c.unusable...).Error()
	}
	return nil, mesos.Errorf(mesos.Invalid, "network %q: unknown: %s", name, strings.ReplaceAll(message, "\n", "; "))
}
