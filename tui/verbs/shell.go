package verbs

import (
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// open leaves the UI for a shell in a task's container, and comes back after it.
func open(d *page.Deps, ref page.Ref, shell Shell) tea.Cmd {
	t := d.Cluster().Task(ref.Framework, ref.ID)
	if t == nil {
		return page.Fail(mesos.Errorf(mesos.NotFound, "shell: there is no task %s any more", ref.ID))
	}
	if !t.Alive() {
		return page.Fail(mesos.Errorf(mesos.Conflict, "shell: task %s does not run any more: %s", t.ID, t.State))
	}
	agent, ok := d.Agent(t.Agent)
	if !ok {
		return page.Fail(mesos.Errorf(mesos.Unavailable, "shell: task %s: its agent %s is not registered", t.ID, t.Agent))
	}
	task := &taskref.Task{Task: t.Proto(), Agent: agent}
	if task.Container() == nil {
		return page.Fail(mesos.Errorf(mesos.Unavailable, "shell: task %s: its container is not known yet: %s", t.ID, t.State))
	}
	return tea.Exec(shell(d.Context, task), func(err error) tea.Msg {
		if err != nil {
			return page.Notify{Level: page.Bad, Text: "shell: " + text.Clean(err.Error())}
		}
		return page.Notify{Level: page.Info, Text: "the shell in " + text.Clean(ref.ID) + " has ended"}
	})
}
