package master

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// publications is what changed and was not published yet. Each changed record is
// published once, at the end of the Step. A record of which only the totals of
// resources changed waits for the next Tick, which comes as soon as no input
// waits: in a burst of launches an agent is published once, not once a task.
type publications struct {
	dirtyTasks       []*task
	dirtyAgents      []*agent
	dirtyFrameworks  []*framework
	dirtyOperations  []*operation
	totalsAgents     []*agent
	totalsFrameworks []*framework
	maintenanceDirty bool // published at the next Tick, too
}

func (m *Master) touchTask(t *task) {
	if !t.dirty {
		t.dirty = true
		m.dirtyTasks = append(m.dirtyTasks, t)
	}
}

func (m *Master) touchAgent(a *agent) {
	if !a.dirty {
		a.dirty = true
		m.dirtyAgents = append(m.dirtyAgents, a)
	}
}

func (m *Master) touchFramework(f *framework) {
	if !f.dirty {
		f.dirty = true
		m.dirtyFrameworks = append(m.dirtyFrameworks, f)
	}
}

func (m *Master) touchOperation(o *operation) {
	if !o.dirty {
		o.dirty = true
		m.dirtyOperations = append(m.dirtyOperations, o)
	}
}

// touchUse notes that what a framework holds on an agent changed.
func (m *Master) touchUse(f *framework, a *agent) {
	if !f.totalsDirty {
		f.totalsDirty = true
		m.totalsFrameworks = append(m.totalsFrameworks, f)
	}
	if !a.totalsDirty {
		a.totalsDirty = true
		m.totalsAgents = append(m.totalsAgents, a)
	}
}

// totalsPending reports whether records wait for a Tick to be published.
func (m *Master) totalsPending() bool {
	return m.maintenanceDirty || len(m.totalsAgents)+len(m.totalsFrameworks) > 0
}

// touchTotals makes the end of this Step publish the records that waited for it.
func (m *Master) touchTotals() {
	if m.maintenanceDirty {
		m.maintenanceDirty = false
		m.emit(PutMaintenance{Schedule: m.maintenance.schedule, Status: m.maintenanceStatus()})
	}
	for _, a := range m.totalsAgents {
		if a.totalsDirty {
			m.touchAgent(a)
		}
	}
	for _, f := range m.totalsFrameworks {
		if f.totalsDirty {
			m.touchFramework(f)
		}
	}
	clear(m.totalsAgents)
	clear(m.totalsFrameworks)
	m.totalsAgents, m.totalsFrameworks = m.totalsAgents[:0], m.totalsFrameworks[:0]
}

// publish appends the records that changed, in an order in which nothing is told
// of what readers don't know yet: agents and frameworks come before their tasks,
// and go after these.
func (m *Master) publish(out []Effect) []Effect {
	for _, a := range m.dirtyAgents {
		a.dirty, a.totalsDirty = false, false
		if !a.removed {
			out = append(out, PutAgent{Agent: a.record(m.standings[a.id])})
		}
	}
	for _, f := range m.dirtyFrameworks {
		f.dirty, f.totalsDirty = false, false
		if !f.over() {
			out = append(out, PutFramework{Framework: f.record()})
		}
	}
	out = m.publishTasks(out)
	for _, f := range m.dirtyFrameworks {
		switch {
		case f.forgotten:
			out = append(out, DropFramework{ID: f.id})
		case f.over():
			out = append(out, PutFramework{Framework: f.record(), Completed: true})
		}
	}
	for _, a := range m.dirtyAgents {
		if a.removed {
			out = append(out, DropAgent{ID: a.id})
		}
	}
	clear(m.dirtyFrameworks)
	clear(m.dirtyAgents)
	m.dirtyFrameworks, m.dirtyAgents = m.dirtyFrameworks[:0], m.dirtyAgents[:0]
	return out
}

// over reports whether a framework is one of the history, or none any more.
func (f *framework) over() bool { return f.forgotten || f.state == frameworkCompleted }

// publishTasks appends the tasks and operations that changed.
func (m *Master) publishTasks(out []Effect) []Effect {
	for _, t := range m.dirtyTasks {
		t.dirty = false
		if t.framework.forgotten {
			continue // dropped with it
		}
		if t.dropped {
			out = append(out, DropTask{Framework: t.framework.id, Agent: t.agentID, Task: t.id})
			continue
		}
		out = append(out, PutTask{Task: t.record, List: t.list})
	}
	for _, o := range m.dirtyOperations {
		o.dirty = false
		if o.dropped {
			out = append(out, DropOperation{UUID: string(o.uuid)})
			continue
		}
		out = append(out, PutOperation{Operation: o.record})
	}
	clear(m.dirtyOperations)
	clear(m.dirtyTasks)
	m.dirtyOperations, m.dirtyTasks = m.dirtyOperations[:0], m.dirtyTasks[:0]
	return out
}

// record is the framework as readers see it. Its offers are published apart.
func (f *framework) record() *masterpb.Response_GetFrameworks_Framework {
	return &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo:      f.info,
		Active:             new(f.active),
		Connected:          new(f.state == frameworkConnected),
		Recovered:          new(f.state == frameworkRecovered),
		RegisteredTime:     f.registered,
		ReregisteredTime:   f.reregistered,
		UnregisteredTime:   f.unregistered,
		AllocatedResources: convert.ToWire(f.used),
		OfferedResources:   convert.ToWire(f.offered),
		OfferConstraints:   f.constraints,
		InverseOffers:      f.inverseMessages(),
	}
}

// record is the agent as readers see it.
func (a *agent) record(standing *registrypb.Standing) *masterpb.Response_GetAgents_Agent {
	return &masterpb.Response_GetAgents_Agent{
		AgentInfo:          a.info,
		Active:             new(a.active),
		Deactivated:        new(standing.GetDeactivated()),
		DrainInfo:          standing.GetDrain(),
		Version:            new(a.version),
		Pid:                new("slave(1)@" + a.address()),
		RegisteredTime:     a.registered,
		ReregisteredTime:   a.reregistered,
		TotalResources:     convert.ToWire(a.total),
		AllocatedResources: convert.ToWire(a.used),
		OfferedResources:   convert.ToWire(a.offered),
		Capabilities:       a.capabilities,

		EstimatedDrainStartTime: standing.GetDrainStarted(),
	}
}

// newFrameworkID is "<master-id>-<4 digits or more>". A framework may have
// subscribed with an ID of its own making, so those in use are passed over.
func (m *Master) newFrameworkID() mesos.FrameworkID {
	for {
		n := strconv.FormatUint(m.nextFramework, 10)
		m.nextFramework++
		id := mesos.FrameworkID(m.config.Info.GetId() + "-" + "0000"[min(len(n), 4):] + n)
		if m.frameworks[id] == nil && m.completed.byID[id] == nil {
			return id
		}
	}
}

// newAgentID is "<master-id>-S<n>".
func (m *Master) newAgentID() mesos.AgentID {
	for {
		id := mesos.AgentID(m.config.Info.GetId() + "-S" + strconv.FormatUint(m.nextAgent, 10))
		m.nextAgent++
		if m.agents[id] == nil && m.transitions[id] == nil && m.unreachable[id] == nil {
			return id
		}
	}
}

// newOfferID is "<master-id>-O<n>".
func (m *Master) newOfferID() (mesos.OfferID, uint64) {
	n := m.nextOffer
	m.nextOffer++
	return mesos.OfferID(m.config.Info.GetId() + "-O" + strconv.FormatUint(n, 10)), n
}

// sortedKeys lists a map's keys in order, for effects that must come in one.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
