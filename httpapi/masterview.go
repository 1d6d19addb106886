package httpapi

import (
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// TaskList says which of a framework's lists a task is in.
type TaskList int

// The lists, numbered as those of package master.
const (
	TaskActive TaskList = iota
	TaskPending
	TaskUnreachable
	TaskCompleted
)

// MasterView is what readers see of a master: the records that the core has
// published. A record must not be changed after it was put; a new one with the
// same ID replaces it. Readers hold the lock only while they copy pointers, so
// that they never stop the writer.
type MasterView struct {
	mu         sync.RWMutex
	agents     shelf[mesos.AgentID, agentRecord]   // lists: current, former
	frameworks shelf[mesos.FrameworkID, framework] // lists: current, former
	operations shelf[string, mesospb.Operation]    // by uuid
	weights    map[string]float64                  // by role
	quotas     map[string]*quotapb.QuotaConfig     // by role

	schedule    *maintenancepb.Schedule // nil until something is planned
	maintenance *maintenancepb.ClusterStatus

	subscribers []*subscriber // the oldest first
	slow        uint64        // subscribers that were ever dismissed for it
}

// The lists of agents and of frameworks.
const (
	current = 0 // registered
	former  = 1 // agents: recovered from the registry; frameworks: completed
)

// framework is what hangs together under a framework.
type framework struct {
	record    *frameworkRecord // nil until it is published
	tasks     shelf[taskKey, taskRecord]
	executors shelf[executorKey, executorRecord]
	offers    shelf[mesos.OfferID, offerRecord]
}

type (
	taskKey struct {
		agent mesos.AgentID
		task  mesos.TaskID
	}
	executorKey struct {
		agent    mesos.AgentID
		executor mesos.ExecutorID
	}
	agentRecord struct {
		agent  *masterpb.Response_GetAgents_Agent // nil for a recovered one
		whole  *masterpb.Response_GetAgents_Agent // if agent is only what a reader may see of it
		info   *mesospb.AgentInfo
		legacy cache
		wire   encodings
	}
	frameworkRecord struct {
		framework *masterpb.Response_GetFrameworks_Framework
		legacy    cache // the fields before the lists
		wire      encodings
	}
	taskRecord struct {
		task   *mesospb.Task
		legacy cache
		wire   encodings
	}
	offerRecord struct {
		offer *mesospb.Offer
		since time.Time
	}
	executorRecord struct {
		agent  mesos.AgentID
		info   *mesospb.ExecutorInfo
		legacy cache
		wire   encodings
	}
)

// NewMasterView returns an empty view.
func NewMasterView() *MasterView { return new(MasterView) }

// Reset forgets everything and ends the event streams: a term is over.
func (v *MasterView) Reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.agents = shelf[mesos.AgentID, agentRecord]{}
	v.frameworks = shelf[mesos.FrameworkID, framework]{}
	v.operations = shelf[string, mesospb.Operation]{}
	v.weights, v.quotas = nil, nil
	v.schedule, v.maintenance = nil, nil
	for _, s := range v.subscribers {
		s.end()
	}
	v.subscribers = nil
}

// PutAgent shows a registered agent.
func (v *MasterView) PutAgent(agent *masterpb.Response_GetAgents_Agent) {
	record := &agentRecord{agent: agent, info: agent.GetAgentInfo()}
	id := mesos.AgentID(record.info.GetId().GetValue())
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, list := v.agents.get(id); old == nil || list != current {
		v.tellAgentAdded(agent)
	}
	v.agents.put(id, current, record)
}

// PutRecoveredAgent shows an agent that the registry knows and that has not
// registered again yet.
func (v *MasterView) PutRecoveredAgent(info *mesospb.AgentInfo) {
	id := mesos.AgentID(info.GetId().GetValue())
	v.mu.Lock()
	defer v.mu.Unlock()
	v.agents.put(id, former, &agentRecord{info: info})
}

// DropAgent removes an agent.
func (v *MasterView) DropAgent(id mesos.AgentID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, list := v.agents.get(id); old != nil && list == current {
		v.tellAgentRemoved(old.info.GetId())
	}
	v.agents.drop(id)
}

// PutFramework shows a framework; completed moves it to the history.
func (v *MasterView) PutFramework(f *masterpb.Response_GetFrameworks_Framework, completed bool) {
	record := &frameworkRecord{framework: f}
	id := mesos.FrameworkID(f.GetFrameworkInfo().GetId().GetValue())
	v.mu.Lock()
	defer v.mu.Unlock()
	entry, was := v.frameworks.get(id)
	if entry == nil {
		entry = new(framework)
	}
	if was == current && (entry.record != nil || !completed) {
		v.tellFramework(entry.record.of(), f, completed)
	}
	entry.record = record
	list := current
	if completed {
		list = former
	}
	v.frameworks.put(id, list, entry)
}

// DropFramework removes a framework with its tasks and executors.
func (v *MasterView) DropFramework(id mesos.FrameworkID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if old, list := v.frameworks.get(id); old != nil && old.record != nil && list == current {
		v.tellFrameworkRemoved(old.record.framework)
	}
	v.frameworks.drop(id)
}

// of is the framework of a record, nil of none.
func (r *frameworkRecord) of() *masterpb.Response_GetFrameworks_Framework {
	if r == nil {
		return nil
	}
	return r.framework
}

// under returns what hangs under a framework, which need not be published yet;
// mu is held.
func (v *MasterView) under(id mesos.FrameworkID) *framework {
	entry, _ := v.frameworks.get(id)
	if entry == nil {
		entry = new(framework)
		v.frameworks.put(id, current, entry)
	}
	return entry
}

// PutTask shows a task in a list; it leaves the list it was in.
func (v *MasterView) PutTask(task *mesospb.Task, list TaskList) {
	record := &taskRecord{task: task}
	key := taskKey{mesos.AgentID(task.GetAgentId().GetValue()), mesos.TaskID(task.GetTaskId().GetValue())}
	v.mu.Lock()
	defer v.mu.Unlock()
	entry := v.under(mesos.FrameworkID(task.GetFrameworkId().GetValue()))
	old, _ := entry.tasks.get(key)
	v.tellTask(entry.record.of().GetFrameworkInfo(), old, task, list)
	entry.tasks.put(key, int(list), record)
}

// DropTask removes a task from whatever list it is in.
func (v *MasterView) DropTask(id mesos.FrameworkID, agent mesos.AgentID, task mesos.TaskID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if entry, _ := v.frameworks.get(id); entry != nil {
		entry.tasks.drop(taskKey{agent, task})
	}
}

// PutExecutor shows an executor that runs on an agent.
func (v *MasterView) PutExecutor(agent mesos.AgentID, info *mesospb.ExecutorInfo) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := executorKey{agent, mesos.ExecutorID(info.GetExecutorId().GetValue())}
	entry := v.under(mesos.FrameworkID(info.GetFrameworkId().GetValue()))
	entry.executors.put(key, current, &executorRecord{agent: agent, info: info})
}

// DropExecutor removes an executor.
func (v *MasterView) DropExecutor(id mesos.FrameworkID, agent mesos.AgentID, executor mesos.ExecutorID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if entry, _ := v.frameworks.get(id); entry != nil {
		entry.executors.drop(executorKey{agent, executor})
	}
}

// PutOffer shows an outstanding offer.
func (v *MasterView) PutOffer(offer *mesospb.Offer) {
	id := mesos.OfferID(offer.GetId().GetValue())
	v.mu.Lock()
	defer v.mu.Unlock()
	entry := v.under(mesos.FrameworkID(offer.GetFrameworkId().GetValue()))
	entry.offers.put(id, current, &offerRecord{offer: offer, since: time.Now()})
}

// DropOffer removes an offer.
func (v *MasterView) DropOffer(id mesos.FrameworkID, offer mesos.OfferID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if entry, _ := v.frameworks.get(id); entry != nil {
		entry.offers.drop(offer)
	}
}
