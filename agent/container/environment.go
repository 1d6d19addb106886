package container

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// defaultPath is PATH for containers whose environment has none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is the environment of a container: what the agent gives, then
// where the sandbox is, then what the command asks for. The last one of a name
// counts. A session in another container begins with that one's environment, and
// has its sandbox. See https://mesos.apache.org/documentation/latest/containerizers/.
func environment(c *container) ([]string, error) {
	spec := &c.spec
	env := variables{at: map[string]int{}}
	env.set("PATH", defaultPath)
	if spec.Debug {
		for _, v := range c.parent.env {
			name, value, _ := strings.Cut(v, "=")
			env.set(name, value)
		}
	}
	for _, v := range spec.Environment {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return nil, mesos.Errorf(mesos.Invalid, "environment: %q: not NAME=value", v)
		}
		if err := env.add(name, value); err != nil {
			return nil, err
		}
	}
	if !spec.Debug {
		env.set("MESOS_SANDBOX", spec.Sandbox)
	}
	for _, v := range spec.Command.GetEnvironment().GetVariables() {
		if isSecret(v) {
			continue // an isolator's affair
		}
		if err := env.add(v.GetName(), v.GetValue()); err != nil {
			return nil, err
		}
	}
	env.set(supervise.Marker, string(spec.ID))
	return env.list, nil
}

// isSecret reports whether the value of a variable is found out by an isolator.
func isSecret(v *mesospb.Environment_Variable) bool {
	return v.GetType() == mesospb.Environment_Variable_SECRET || v.GetSecret() != nil
}

// SetVariable sets a variable of the process's environment.
func (plan *Plan) SetVariable(name, value string) error {
	env := variables{at: map[string]int{}}
	for _, v := range plan.Process.Env {
		name, value, _ := strings.Cut(v, "=")
		env.set(name, value)
	}
	if name == supervise.Marker {
		return mesos.Errorf(mesos.Invalid, "environment: %s: it is the agent's", name)
	}
	if err := env.add(name, value); err != nil {
		return err
	}
	plan.Process.Env = env.list
	return nil
}

// executorToken is the variable with which an executor proves who it is.
const executorToken = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"

// recorded is an environment without its secrets, which may be written down.
func (plan *Plan) recorded() []string {
	return slices.DeleteFunc(slices.Clone(plan.Process.Env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == executorToken || slices.Contains(plan.Secrets, name)
	})
}

// variables is a list of NAME=value without duplicates.
type variables struct {
	list []string
	at   map[string]int
}

func (v *variables) add(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return mesos.Errorf(mesos.Invalid, "environment: %q: not a name of a variable", name)
	}
	if strings.Contains(value, "\x00") {
		return mesos.Errorf(mesos.Invalid, "environment: %s: value has a NUL byte", name)
	}
	v.set(name, value)
	return nil
}

func (v *variables) set(name, value string) {
	if i, ok := v.at[name]; ok {
		v.list[i] = name + "=" + value
		return
	}
	v.at[name] = len(v.list)
	v.list = append(v.list, name+"="+value)
}
