package image

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Runtime is the isolator docker/runtime: it runs what an image says, as far as
// the task doesn't say otherwise.
// See https://mesos.apache.org/documentation/latest/isolators/docker-runtime/.
//
// With ignore (--docker_ignore_runtime) images are file systems and nothing else.
func Runtime(ignore bool) container.Isolator {
	return runtime{Passive: container.Passive{Named: "docker/runtime"}, ignore: ignore}
}

type runtime struct {
	container.Passive
	ignore bool
}

// Nests implements container.Nester.
func (runtime) Nests() bool { return true }

// Prepare implements container.Isolator.
func (r runtime) Prepare(_ context.Context, plan *container.Plan) error {
	if plan.Image == nil || r.ignore || plan.Spec.Debug {
		return nil
	}
	config := &plan.Image.Config
	process := &plan.Process
	if !plan.Spec.Pause {
		argv, err := commandOf(plan.Spec.Command, config)
		if err != nil {
			return err
		}
		if argv != nil {
			process.Path, process.Args = argv[0], argv
		}
	}
	process.Env = environment(process.Env, plan.Spec.Command, config.Env)
	if config.WorkingDir != "" {
		if !strings.HasPrefix(config.WorkingDir, "/") {
			return mesos.Errorf(mesos.Invalid, "image: working directory %q is not an absolute path", config.WorkingDir)
		}
		process.Dir = config.WorkingDir
	}
	if config.User != "" && plan.Spec.User == "" && os.Geteuid() == 0 {
		user, err := userOf(plan.Image.Root, config.User)
		if err != nil {
			return fmt.Errorf("image: user %s: %w", config.User, err)
		}
		process.User = user
		if err := os.Lchown(plan.Spec.Sandbox, int(user.UID), int(user.GID)); err != nil {
			return fmt.Errorf("image: user %s: %w", config.User, err)
		}
	}
	return nil
}

// commandOf is what to run if the command leaves it to the image, nil otherwise.
// A command of a shell and one with a value say themselves what to run; the
// arguments of another one stand instead of the image's Cmd.
func commandOf(command *mesospb.CommandInfo, config *container.ImageConfig) ([]string, error) {
	if command.GetShell() {
		if command.Value == nil {
			return nil, mesos.Errorf(mesos.Invalid, "command: a shell, and nothing for it to run")
		}
		return nil, nil
	}
	if command.Value != nil {
		return nil, nil
	}
	arguments := command.GetArguments()
	switch {
	case len(config.Entrypoint) > 0 && len(arguments) > 0:
		return slices.Concat(config.Entrypoint, arguments), nil
	case len(config.Entrypoint) > 0:
		return slices.Concat(config.Entrypoint, config.Cmd), nil
	case len(config.Cmd) > 0 && len(arguments) > 0:
		return slices.Concat(config.Cmd[:1], arguments), nil
	case len(config.Cmd) > 0:
		return slices.Clone(config.Cmd), nil
	}
	return nil, mesos.Errorf(mesos.Invalid, "command: no value, and the image has neither an entrypoint nor a cmd")
}

// environment is what the agent gives, with the image's variables over it, except
// for those that the command sets and those that say where the container is.
func environment(given []string, command *mesospb.CommandInfo, image []string) []string {
	fixed := map[string]bool{supervise.Marker: true}
	for _, v := range command.GetEnvironment().GetVariables() {
		fixed[v.GetName()] = true
	}
	at := map[string]int{}
	env := slices.Clone(given)
	for i, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		at[name] = i
		if strings.HasPrefix(name, "MESOS_") {
			fixed[name] = true
		}
	}
	for _, pair := range image {
		name, _, ok := strings.Cut(pair, "=")
		if !ok || name == "" || fixed[name] || strings.Contains(pair, "\x00") {
			continue // as Mesos does with what is no variable
		}
		if i, ok := at[name]; ok {
			env[i] = pair
			continue
		}
		at[name] = len(env)
		env = append(env, pair)
	}
	return env
}
