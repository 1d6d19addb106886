package executor

import (
	"context"
	"fmt"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor/check"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// startCheck begins a probe of a task.
func (r *runner) startCheck(e Check) {
	task := r.tasks[e.Container]
	if task == nil {
		return // it has ended, and the core will hear of it
	}
	if task.checks == nil {
		task.checks, task.stopChecks = context.WithCancel(r.ctx)
	}
	ctx, spec := task.checks, container.Spec{}
	if e.Probe.Type == mesospb.CheckInfo_COMMAND {
		spec = checkSpec(task.spec, e.Probe.Command, r.config.UUID())
	}
	r.work.Go(func() {
		var result check.Result
		if e.Probe.Type == mesospb.CheckInfo_COMMAND {
			result = r.runCheck(ctx, spec, e.Probe)
		} else {
			result = check.Network(ctx, e.Probe, int(task.pid.Load()))
		}
		if ctx.Err() == nil {
			r.tell(Checked{e.Container, e.Which, e.Probe.Serial, result})
		}
	})
}

// runCheck runs the command of a probe in a container within the task's, which
// is gone with all that it started when runCheck returns.
func (r *runner) runCheck(ctx context.Context, spec container.Spec, probe check.Probe) check.Result {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if probe.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, probe.Timeout)
	}
	defer cancel()
	c := r.config.Containerizer
	_, err := c.Launch(limited, spec)
	var exit container.Exit
	if err == nil {
		if exit, err = c.Wait(limited, spec.ID); err != nil {
			r.destroy(spec.ID)
		}
		r.remove(spec.ID)
	}
	kind := mesos.KindOf(err)
	switch {
	case ctx.Err() != nil:
		return check.Result{}
	case err != nil && limited.Err() != nil:
		return check.Result{Err: check.TimedOut(probe)}
	case kind == mesos.Invalid, kind == mesos.Unsupported:
		return check.Result{Err: err} // the command can't be run
	case err != nil:
		r.warn("check a task", err)
		return check.Result{}
	}
	return outcome(exit)
}

// remove forgets a container that has ended, unless its parent's end has.
func (r *runner) remove(id mesos.ContainerID) {
	err := r.config.Containerizer.Remove(id)
	if kind := mesos.KindOf(err); err != nil && kind != mesos.NotFound && r.ctx.Err() == nil {
		r.warn("remove the container of a check", err)
	}
}

// outcome is the result of a check's command. One that was killed says nothing:
// its task is about to end.
func outcome(exit container.Exit) check.Result {
	switch status := exit.Status; {
	case !exit.Known, status.Signaled() && status.Signal() == syscall.SIGKILL:
		return check.Result{}
	case !status.Exited():
		return check.Result{Err: fmt.Errorf("command %s", describe(status))}
	}
	return check.Result{Status: &mesospb.CheckStatusInfo{
		Type:    mesospb.CheckInfo_COMMAND.Enum(),
		Command: &mesospb.CheckStatusInfo_Command{ExitCode: new(int32(exit.Status.ExitStatus()))},
	}}
}

// checkSpec is the container of a check's command: inside the task's, and with
// its environment.
func checkSpec(task container.Spec, command *mesospb.CommandInfo, id [16]byte) container.Spec {
	user := task.User
	if user != "" && command.GetUser() != "" {
		user = command.GetUser()
	}
	return container.Spec{
		ID:      task.ID + ".check-" + mesos.ContainerID(uuidText(id)),
		User:    user,
		Command: command,
		Debug:   true,
	}
}
