// Package taskref finds the tasks that a person means, and where they run.
package taskref

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Task is a task and its agent.
type Task struct {
	*mesospb.Task
	Agent *client.Agent
}

// ID is the task's.
func (t *Task) ID() string { return t.GetTaskId().GetValue() }

// Container is the container that the task runs in; nil if it is not known.
func (t *Task) Container() *mesospb.ContainerID {
	for _, status := range slices.Backward(t.GetStatuses()) {
		if id := status.GetContainerStatus().GetContainerId(); id != nil {
			return id
		}
	}
	return nil
}

// Terminal reports whether the task has a terminal.
func (t *Task) Terminal() bool { return t.GetContainer().GetTtyInfo() != nil }

// Sandbox is the virtual path of the task's sandbox at its agent. The executor of
// a command task has the ID of its task; a task of a group has a sandbox in that of
// its executor.
// See https://mesos.apache.org/documentation/latest/sandbox/.
func (t *Task) Sandbox() string {
	executor := t.GetExecutorId().GetValue()
	if executor == "" {
		executor = t.ID()
	}
	path := "/frameworks/" + t.GetFrameworkId().GetValue() + "/executors/" + executor + "/runs/latest"
	var nested []string
	for id := t.Container(); id.GetParent() != nil; id = id.GetParent() {
		nested = append(nested, "/containers/"+id.GetValue())
	}
	slices.Reverse(nested)
	return path + strings.Join(nested, "")
}

// Finder knows the tasks of a cluster at one moment.
type Finder struct {
	client *client.Client
	tasks  *masterpb.Response_GetTasks
	agents *masterpb.Response_GetAgents
}

// New asks a cluster for its tasks.
func New(ctx context.Context, c *client.Client) (*Finder, error) {
	tasks, err := c.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	agents, err := c.Agents(ctx)
	if err != nil {
		return nil, err
	}
	return &Finder{c, tasks, agents}, nil
}

// Each finds tasks by some way of this finder, each of them once.
func Each(texts []string, find func(string) (*Task, error)) ([]*Task, error) {
	var tasks []*Task
	known := map[string]bool{}
	for _, text := range texts {
		task, err := find(text)
		if err != nil {
			return nil, err
		}
		if !known[task.ID()] {
			known[task.ID()] = true
			tasks = append(tasks, task)
		}
	}
	return tasks, nil
}

// Running finds a task that runs, by its ID, its name, or as much of the
// beginning of its ID as no other has.
func (f *Finder) Running(text string) (*Task, error) {
	task, err := find(f.tasks.GetTasks(), text)
	if mesos.KindOf(err) == mesos.NotFound {
		if ended, _ := find(f.tasks.GetCompletedTasks(), text); ended != nil {
			return nil, mesos.Errorf(mesos.NotFound, "task %s does not run any more: %s", ended.GetTaskId().GetValue(), ended.GetState())
		}
	}
	if err != nil {
		return nil, err
	}
	return f.placed(task)
}

// Reachable is Running for tasks whose container must be known. It asks for the
// tasks itself.
func Reachable(ctx context.Context, c *client.Client, text string) (*Task, error) {
	finder, err := New(ctx, c)
	if err != nil {
		return nil, err
	}
	task, err := finder.Running(text)
	if err == nil && task.Container() == nil {
		err = mesos.Errorf(mesos.Unavailable, "task %s: its container is not known yet: %s", task.ID(), task.GetState())
	}
	return task, err
}

// Any finds a task that runs, or else one that has ended.
func (f *Finder) Any(text string) (*Task, error) {
	task, err := find(f.tasks.GetTasks(), text)
	for _, others := range [][]*mesospb.Task{f.tasks.GetUnreachableTasks(), f.tasks.GetCompletedTasks()} {
		if mesos.KindOf(err) == mesos.NotFound {
			var elsewhere error
			if task, elsewhere = find(others, text); mesos.KindOf(elsewhere) != mesos.NotFound {
				err = elsewhere
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return f.placed(task)
}

func (f *Finder) placed(task *mesospb.Task) (*Task, error) {
	for _, a := range f.agents.GetAgents() {
		if a.GetAgentInfo().GetId().GetValue() != task.GetAgentId().GetValue() {
			continue
		}
		if address := f.address(a); address != "" {
			return &Task{task, f.client.Agent(address)}, nil
		}
	}
	return nil, mesos.Errorf(mesos.Unavailable, "task %s: its agent %s is not registered", task.GetTaskId().GetValue(), task.GetAgentId().GetValue())
}

// address is where an agent is: what its pid says, or with TLS its hostname, for
// which it has a certificate.
func (f *Finder) address(a *masterpb.Response_GetAgents_Agent) string {
	if info := a.GetAgentInfo(); f.client.Secure() && info.GetPort() > 0 {
		return net.JoinHostPort(info.GetHostname(), strconv.Itoa(int(info.GetPort())))
	}
	_, address, _ := strings.Cut(a.GetPid(), "@")
	return address
}

// find finds one of some tasks. Of several runs under one ID the newest counts.
func find(tasks []*mesospb.Task, text string) (*mesospb.Task, error) {
	byID := map[string]*mesospb.Task{}
	var things []pick.Thing
	for _, t := range tasks {
		id := t.GetTaskId().GetValue()
		if known := byID[id]; known == nil {
			things = append(things, pick.Thing{ID: id, Name: t.GetName()})
		} else if newest(known) > newest(t) {
			continue
		}
		byID[id] = t
	}
	id, err := pick.Pick("task", things, text)
	if err != nil {
		return nil, err
	}
	return byID[id], nil
}

func newest(t *mesospb.Task) (at float64) {
	for _, status := range t.GetStatuses() {
		at = max(at, status.GetTimestamp())
	}
	return at
}
