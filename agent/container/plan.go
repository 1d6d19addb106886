package container

import (
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// newPlan is the plan of a container before any isolator touched it.
func newPlan(c *container) (*Plan, error) {
	spec := &c.spec
	plan := &Plan{Spec: spec}
	p := &plan.Process
	p.Container, p.Dir = string(spec.ID), spec.Sandbox
	p.KeepSeconds = uint64(spec.Outlive / time.Second)
	if c.output == nil {
		p.Stdout, p.Stderr = spec.Sandbox+"/stdout", spec.Sandbox+"/stderr"
	}
	if tty := spec.Container.GetTtyInfo(); tty != nil {
		size := tty.GetWindowSize()
		p.Terminal = &supervise.Window{Rows: uint16(size.GetRows()), Columns: uint16(size.GetColumns())}
	}
	p.Stdin = spec.Stdin && p.Terminal == nil // a terminal is one anyway
	switch {
	case spec.Pause:
		p.Pause = true
	case spec.Command.GetShell():
		p.Path, p.Args = "/bin/sh", []string{"sh", "-c", spec.Command.GetValue()}
	default:
		p.Path, p.Args = spec.Command.GetValue(), spec.Command.GetArguments()
		if len(p.Args) == 0 {
			p.Args = []string{p.Path}
		}
	}
	var err error
	if p.Env, err = environment(c); err != nil {
		return nil, err
	}
	if p.User, err = LookupUser(spec.User); err != nil {
		return nil, err
	}
	if c.parent != nil {
		plan.Parent = &Parent{Spec: &c.parent.spec, Pid: c.parent.pid}
	}
	if spec.Debug {
		p.Dir = c.parent.dir
		if p.Join, err = namespacesOf(c.parent.pid); err != nil {
			return nil, err
		}
	}
	return plan, nil
}
