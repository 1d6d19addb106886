package agent

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What the command executor itself needs, on top of its task. As in Mesos this
// overcommits the agent a little: the master does not account for it.
const (
	commandExecutorCPUs  = 0.1
	commandExecutorMemMB = 32
)

// killMargin is added to a task's kill grace period before its executor is
// destroyed, so that the executor gets to say how the task ended.
const killMargin = 2 * time.Second

// maxCommandName is how much of a command the name of its executor shows.
const maxCommandName = 15

// commandExecutor is the executor of a command task: it has the task's ID, and
// what of the task concerns its container.
func commandExecutor(t *mesospb.TaskInfo) *mesospb.ExecutorInfo {
	command := t.GetCommand()
	e := &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: new(t.GetTaskId().GetValue())},
		Name:       new("Command Executor (Task: " + t.GetTaskId().GetValue() + ") " + commandName(command)),
		Source:     new(t.GetTaskId().GetValue()),
		Command: &mesospb.CommandInfo{
			Uris:        command.GetUris(),
			Environment: command.GetEnvironment(),
			Shell:       new(false),
			User:        command.User,
		},
		Container: t.GetContainer(),
		Resources: commandOverhead(t.GetResources()),
		Discovery: t.GetDiscovery(),
		Labels:    t.GetLabels(),
	}
	if g := t.GetKillPolicy().GetGracePeriod(); g != nil {
		e.ShutdownGracePeriod = &mesospb.DurationInfo{
			Nanoseconds: new(g.GetNanoseconds() + killMargin.Nanoseconds()),
		}
	}
	return e
}

// commandName describes a command in a few characters, in the form that tools
// find in /state.
func commandName(c *mesospb.CommandInfo) string {
	switch {
	case c.GetShell() && c.Value == nil:
		return "(Command: NO COMMAND)"
	case c.GetShell():
		return "(Command: sh -c '" + abbreviate(c.GetValue()) + "')"
	case c.Value == nil:
		return "(Command: NO EXECUTABLE)"
	}
	return "(Command: [" + abbreviate(c.GetValue()+", "+strings.Join(c.GetArguments(), ", ")) + "])"
}

func abbreviate(s string) string {
	if len(s) <= maxCommandName {
		return s
	}
	cut := maxCommandName - len("...")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// commandOverhead is the command executor's own resources, allocated to the role
// of its task.
func commandOverhead(task []*mesospb.Resource) []*mesospb.Resource {
	var allocation *mesospb.Resource_AllocationInfo
	for _, r := range task {
		if r.GetAllocationInfo() != nil {
			allocation = r.GetAllocationInfo()
			break
		}
	}
	scalar := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{
			Name:           &name,
			Type:           mesospb.Value_SCALAR.Enum(),
			Scalar:         &mesospb.Value_Scalar{Value: &value},
			AllocationInfo: allocation,
		}
	}
	return []*mesospb.Resource{scalar("cpus", commandExecutorCPUs), scalar("mem", commandExecutorMemMB)}
}
