package machine

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Hardware is what a machine has. What could not be found out is 0.
type Hardware struct {
	CPUs      int
	MemBytes  uint64
	DiskBytes uint64 // of the file system that holds the work dir
	GPUs      int
}

const (
	mib = 1 << 20
	gib = 1 << 30
)

// What an agent offers of hardware that could not be measured, and the ports of
// every agent.
const (
	defaultCPUs      = 1
	defaultMemBytes  = 1 * gib
	defaultDiskBytes = 10 * gib
	defaultPorts     = "ports:[31000-32000]"
)

// Resources is what an agent offers: what flag (--resources) names, and the
// machine's cpus, mem and disk and the usual ports where it doesn't, for
// defaultRole. A resource that the flag names is never added to, even if it
// names it with 0. See
// https://mesos.apache.org/documentation/latest/attributes-resources/.
func Resources(flag, defaultRole string, h Hardware) (resources.Resources, error) {
	if defaultRole == "" {
		defaultRole = "*"
	}
	offered, err := resources.Parse(flag, defaultRole)
	if err != nil {
		return resources.Resources{}, mesos.Errorf(mesos.Invalid, "--resources: %w", err)
	}
	given := names(flag)
	for _, r := range []struct{ name, found string }{
		{"cpus", "cpus:" + mesos.Scalar(cpusOf(h)*1000).String()},
		{"mem", "mem:" + mesos.Scalar(memOf(h)/mib*1000).String()},
		{"disk", "disk:" + mesos.Scalar(diskOf(h)/mib*1000).String()},
		{"ports", defaultPorts},
		{"gpus", "gpus:" + strconv.Itoa(h.GPUs)},
	} {
		if given[r.name] || r.name == "gpus" && h.GPUs == 0 {
			continue
		}
		found, err := resources.Parse(r.found, defaultRole)
		if err != nil {
			return resources.Resources{}, mesos.Errorf(mesos.Invalid, "--default_role: %w", err)
		}
		offered = offered.Add(found)
	}
	return offered, nil
}

func cpusOf(h Hardware) int64 {
	if h.CPUs == 0 {
		return defaultCPUs
	}
	return int64(h.CPUs)
}

// memOf leaves 1 GB of memory to the system, or half of it if there is little.
func memOf(h Hardware) int64 {
	switch {
	case h.MemBytes == 0:
		return defaultMemBytes
	case h.MemBytes >= 2*gib:
		return int64(h.MemBytes - gib)
	}
	return int64(h.MemBytes / 2)
}

// diskOf leaves 5 GB of the disk to the system, or half of it if there is little.
func diskOf(h Hardware) int64 {
	switch {
	case h.DiskBytes == 0:
		return defaultDiskBytes
	case h.DiskBytes >= 10*gib:
		return int64(h.DiskBytes - 5*gib)
	}
	return int64(h.DiskBytes / 2)
}

// Given tells whether --resources names a resource, be it with an amount of 0.
func Given(flag, name string) bool { return names(flag)[name] }

// names are the resources that a valid flag names, also those with an amount of
// 0, which parsing leaves out.
func names(flag string) map[string]bool {
	given := make(map[string]bool)
	var objects []struct{ Name string }
	if json.Unmarshal([]byte(flag), &objects) == nil {
		for _, o := range objects {
			given[o.Name] = true
		}
		return given
	}
	for _, token := range strings.FieldsFunc(flag, func(r rune) bool { return r == ';' || r == '\n' }) {
		name, _, _ := strings.Cut(token, ":")
		name, _, _ = strings.Cut(name, "(")
		given[strings.TrimSpace(name)] = true
	}
	return given
}
