package isolation

import (
	"os"
	"runtime"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/mesos"
)

// plain are the isolators that need nothing of a machine, which are Mesos's default.
var plain = []string{"posix/cpu", "posix/mem", "filesystem/posix"}

// best are the isolators of an agent that is told none and may use all there is,
// each with what stands in for it where the machine does not have it. A pid
// namespace has to be asked for: in one a task's pids are not the machine's, which
// scripts rely on.
var best = []struct{ name, instead string }{
	{"filesystem/linux", "filesystem/posix"},
	{"docker/runtime", ""},
	{"cgroups/cpu", "posix/cpu"},
	{"cgroups/mem", "posix/mem"},
	{"cgroups/pids", ""},
}

// Standard are the isolators of an agent that is told none: of those that keep
// containers apart what this machine has. Missing says what it has not, and why.
func Standard(config Config) (names []string, missing string) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return plain, "it takes root on Linux to keep containers apart"
	}
	var why []string
	has := config.machine()
	for _, isolator := range best {
		err := has(isolator.name)
		if err == nil {
			names = append(names, isolator.name)
			continue
		}
		why = append(why, isolator.name+": "+err.Error())
		if isolator.instead != "" {
			names = append(names, isolator.instead)
		}
	}
	return names, strings.Join(why, "; ")
}

// machine tells what speaks against an isolator here.
func (c *Config) machine() func(name string) error {
	settings := c.Cgroups
	settings.Owner = c.WorkDir
	for _, isolator := range best {
		if strings.HasPrefix(isolator.name, cgroups.Prefix) {
			settings.Isolators = append(settings.Isolators, isolator.name)
		}
	}
	_, all := cgroups.New(settings)
	return func(name string) error {
		switch {
		case strings.HasPrefix(name, cgroups.Prefix) && all != nil:
			settings.Isolators = []string{name}
			_, err := cgroups.New(settings)
			return err
		case name == "filesystem/linux" && c.Launcher == "posix":
			return mesos.Errorf(mesos.Unsupported, "--launcher=posix leaves namespaces alone")
		case name == "filesystem/linux":
			return mayMakeNamespaces()
		}
		return nil
	}
}
