// Package isolation knows every isolator by the name that --isolation has for it.
package isolation

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/posix"
	"github.com/mesosctl/mesosctl/mesos"
)

// Config is what isolators are made with.
type Config struct {
	// Names are those of --isolation; nil is the default.
	Names []string
	// WorkDir is the agent's, where volumes are; absolute.
	WorkDir string
}

// isolators makes the isolators that --isolation can name.
var isolators = map[string]func(*Config) (container.Isolator, error){
	"posix/cpu":        func(*Config) (container.Isolator, error) { return posix.CPU(), nil },
	"posix/mem":        func(*Config) (container.Isolator, error) { return posix.Mem(), nil },
	"posix/rlimits":    func(*Config) (container.Isolator, error) { return posix.Rlimits(), nil },
	"filesystem/posix": func(c *Config) (container.Isolator, error) { return filesystem.Posix(c.WorkDir), nil },
}

// standard is --isolation's default.
var standard = []string{"posix/cpu", "posix/mem", "filesystem/posix"}

// New makes the isolators that a configuration names, in the order in which they
// prepare containers. Resource limits need nothing of the machine, so asking for
// them always works: posix/rlimits is always there. So is filesystem/posix if no
// other file system is named, as in Mesos.
func New(config Config) ([]container.Isolator, error) {
	names := config.Names
	if names == nil {
		names = standard
	}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "filesystem/") }) {
		names = append(slices.Clip(names), "filesystem/posix")
	}
	if !slices.Contains(names, "posix/rlimits") {
		names = append(slices.Clip(names), "posix/rlimits")
	}
	var list []container.Isolator
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, mesos.Errorf(mesos.Invalid, "isolation: %s: named twice", name)
		}
		make, ok := isolators[name]
		if !ok {
			return nil, mesos.Errorf(mesos.Unsupported, "isolation: %q: this agent has %s",
				name, strings.Join(known(), ", "))
		}
		isolator, err := make(&config)
		if err != nil {
			return nil, mesos.Errorf(mesos.KindOf(err), "isolation: %s: %w", name, err)
		}
		list = append(list, isolator)
	}
	return list, nil
}

func known() []string {
	var names []string
	for name := range isolators {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
