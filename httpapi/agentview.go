package httpapi

import (
	"slices"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// AgentTaskList says which of its executor's lists a task is in.
type AgentTaskList int

// The lists, numbered as those of package agent.
const (
	TaskQueued AgentTaskList = iota
	TaskLaunched
	TaskTerminated
	TaskAcknowledged // ended, and every update acknowledged
)

// ExecutorRecord is what readers see of an executor, besides its tasks.
type ExecutorRecord struct {
	Info      *mesospb.ExecutorInfo // framework_id set
	Container mesos.ContainerID
	Sandbox   string
	// Resources are the executor's own and those of its queued and launched tasks.
	Resources []*mesospb.Resource
	Status    *mesospb.ContainerStatus
	// Ended moves the executor to the history.
	Ended bool
}

// AgentView is what readers see of an agent: the records that the core has
// published. A record must not be changed after it was put.
type AgentView struct {
	mu         sync.RWMutex
	agent      *mesospb.AgentInfo
	master     string
	drain      *mesospb.DrainConfig                     // nil: none is under way
	drainSince *mesospb.TimeInfo                        // nil: not known
	total      []*mesospb.Resource                      // nil: those of agent
	frameworks shelf[mesos.FrameworkID, agentFramework] // lists: current, former
	executors  map[mesos.ContainerID]*agentExecutor
	operations shelf[string, mesospb.Operation] // by UUID
}

type agentFramework struct {
	info      *mesospb.FrameworkInfo // nil until it is published
	executors shelf[mesos.ContainerID, agentExecutor]
}

type agentExecutor struct {
	record *ExecutorRecord
	tasks  shelf[mesos.TaskID, agentTask]
}

type agentTask struct {
	task   *mesospb.Task
	info   *mesospb.TaskInfo // of a queued task
	legacy cache
}

// NewAgentView returns an empty view.
func NewAgentView() *AgentView {
	return &AgentView{executors: make(map[mesos.ContainerID]*agentExecutor)}
}

// PutAgent shows the agent itself; master is the leading master's host:port
// while the agent is registered, else "".
func (v *AgentView) PutAgent(agent *mesospb.AgentInfo, master string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.agent, v.master = agent, master
}

// PutDrain shows the drain under way, nil for none; since is when it began, zero
// if that is not known.
// https://mesos.apache.org/documentation/latest/maintenance/#draining-agents
func (v *AgentView) PutDrain(config *mesospb.DrainConfig, since time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drain, v.drainSince = config, nil
	if !since.IsZero() {
		v.drainSince = &mesospb.TimeInfo{Nanoseconds: new(since.UnixNano())}
	}
}

// PutResources shows what the agent has, with reservations and volumes made of
// what it was configured with.
func (v *AgentView) PutResources(total []*mesospb.Resource) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.total = total
}

// PutFramework shows a framework; completed moves it to the history.
func (v *AgentView) PutFramework(info *mesospb.FrameworkInfo, completed bool) {
	id := mesos.FrameworkID(info.GetId().GetValue())
	v.mu.Lock()
	defer v.mu.Unlock()
	entry := v.under(id)
	updated := &agentFramework{info: info, executors: entry.executors}
	list := current
	if completed {
		list = former
	}
	v.frameworks.put(id, list, updated)
}

// under returns the entry of a framework, which need not be published yet; mu
// is held.
func (v *AgentView) under(id mesos.FrameworkID) *agentFramework {
	entry, _ := v.frameworks.get(id)
	if entry == nil {
		entry = new(agentFramework)
		v.frameworks.put(id, current, entry)
	}
	return entry
}

// DropFramework removes a framework from the history, with its executors.
func (v *AgentView) DropFramework(id mesos.FrameworkID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	entry, _ := v.frameworks.get(id)
	if entry == nil {
		return
	}
	for container := range entry.executors.places {
		delete(v.executors, container)
	}
	v.frameworks.drop(id)
}

// PutExecutor shows an executor; its tasks stay as they are.
func (v *AgentView) PutExecutor(record *ExecutorRecord) {
	v.mu.Lock()
	defer v.mu.Unlock()
	executor := v.executors[record.Container]
	if executor == nil {
		executor = new(agentExecutor)
		v.executors[record.Container] = executor
	}
	executor.record = record
	list := current
	if record.Ended {
		list = former
	}
	v.under(mesos.FrameworkID(record.Info.GetFrameworkId().GetValue())).executors.put(record.Container, list, executor)
}

// DropExecutor removes an executor and its tasks.
func (v *AgentView) DropExecutor(id mesos.FrameworkID, container mesos.ContainerID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if entry, _ := v.frameworks.get(id); entry != nil {
		entry.executors.drop(container)
	}
	delete(v.executors, container)
}

// PutTask shows a task in one of its executor's lists; it leaves the list it
// was in. info is what a queued task is to be launched from, else nil.
func (v *AgentView) PutTask(container mesos.ContainerID, list AgentTaskList, task *mesospb.Task, info *mesospb.TaskInfo) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if executor := v.executors[container]; executor != nil {
		executor.tasks.put(mesos.TaskID(task.GetTaskId().GetValue()), int(list), &agentTask{task: task, info: info})
	}
}

// DropTask removes a task from its executor.
func (v *AgentView) DropTask(container mesos.ContainerID, task mesos.TaskID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if executor := v.executors[container]; executor != nil {
		executor.tasks.drop(task)
	}
}

// PutOperation shows an operation, in the state that it is in now.
func (v *AgentView) PutOperation(o *mesospb.Operation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.operations.put(string(o.GetUuid().GetValue()), current, o)
}

// DropOperation removes the operation with a UUID.
func (v *AgentView) DropOperation(id [16]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.operations.drop(string(id[:]))
}

// agentSnapshot is a moment of an AgentView.
type agentSnapshot struct {
	agent                 *mesospb.AgentInfo
	master                string
	drain                 *mesospb.DrainConfig
	drainSince            *mesospb.TimeInfo
	total                 []*mesospb.Resource
	frameworks, completed []agentFrameworkSnapshot
	inUse                 []*mesospb.Resource // by all executors that run
	operations            []*mesospb.Operation
}

type agentFrameworkSnapshot struct {
	info                 *mesospb.FrameworkInfo
	executors, completed []agentExecutorSnapshot
}

type agentExecutorSnapshot struct {
	*ExecutorRecord
	tasks [4][]*agentTask // by AgentTaskList
}

func (v *AgentView) snapshot() agentSnapshot {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return agentSnapshot{
		agent: v.agent, master: v.master, drain: v.drain, drainSince: v.drainSince, total: v.total,
		frameworks: agentFrameworks(v.frameworks.all(current)),
		completed:  agentFrameworks(v.frameworks.all(former)),
		operations: v.operations.all(current),
	}
}

func agentFrameworks(frameworks []*agentFramework) []agentFrameworkSnapshot {
	var list []agentFrameworkSnapshot
	for _, f := range frameworks {
		if f.info != nil {
			list = append(list, agentFrameworkSnapshot{
				info:      f.info,
				executors: agentExecutors(f.executors.all(current)),
				completed: agentExecutors(f.executors.all(former)),
			})
		}
	}
	return list
}

func agentExecutors(executors []*agentExecutor) []agentExecutorSnapshot {
	list := make([]agentExecutorSnapshot, len(executors))
	for i, e := range executors {
		list[i].ExecutorRecord = e.record
		for j := range list[i].tasks {
			list[i].tasks[j] = e.tasks.all(j)
		}
	}
	return list
}

// running are the executors that have not ended.
func (s *agentSnapshot) running() []agentExecutorSnapshot {
	var list []agentExecutorSnapshot
	for i := range s.frameworks {
		list = append(list, s.frameworks[i].executors...)
	}
	return list
}

// frameworkOf is the framework of an executor that runs.
func (s *agentSnapshot) frameworkOf(e *mesospb.ExecutorInfo) *mesospb.FrameworkInfo {
	for i := range s.frameworks {
		if s.frameworks[i].info.GetId().GetValue() == e.GetFrameworkId().GetValue() {
			return s.frameworks[i].info
		}
	}
	return nil
}

// allocated is what the executors that run have, with their tasks.
func (s *agentSnapshot) allocated() []*mesospb.Resource {
	var list []*mesospb.Resource
	for _, e := range s.running() {
		list = append(list, e.Resources...)
	}
	return slices.Clip(list)
}
