package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// leader is a host's master in one term, with its allocator. Deposed, it goes on
// until it learns of that, which may take a while.
type leader struct {
	cluster *cluster
	host    *host
	name    string
	term    int64
	lease   int64
	over    bool // the term is, or the process died
	core    core[master.Input, master.Effect]
	session *session // with its allocator

	links     map[master.LinkID]*conn
	streams   map[master.StreamID]*conn
	schedules map[master.StreamID]*scheduler
	requests  map[master.RequestID]func(error)
	lastLink  master.LinkID
	lastAsked master.RequestID

	pending []master.WriteRegistry // to be written after what is being written
	writing bool
	next    int64             // the term's transactions so far were done before this revision
	shadow  map[string][]byte // the registry, as far as this term knows

	frameworks  map[string]bool          // that have not been ended
	tasks       map[string]*mesospb.Task // active ones, by framework/task
	agents      map[mesos.AgentID]*masterpb.Response_GetAgents_Agent
	offers      map[mesos.OfferID]*mesospb.Offer
	offersOf    map[mesos.AgentID]map[mesos.OfferID]resources.Resources
	maintenance *maintenancepb.ClusterStatus
	dirty       map[mesos.AgentID]bool // whose books changed since they were checked
}

// begin serves the term, with what the registry holds.
func (l *leader) begin(keys map[string][]byte) {
	c := l.cluster
	recovered, err := master.DecodeRecovered(keys)
	if err != nil {
		c.fail("the registry can't be read: %v", err)
		return
	}
	l.name = fmt.Sprintf("%s/%d", l.host.name, l.term)
	l.links, l.streams, l.schedules = map[master.LinkID]*conn{}, map[master.StreamID]*conn{}, map[master.StreamID]*scheduler{}
	l.requests = map[master.RequestID]func(error){}
	l.shadow, l.dirty = keys, map[mesos.AgentID]bool{}
	l.frameworks, l.tasks = map[string]bool{}, map[string]*mesospb.Task{}
	l.agents, l.offers = map[mesos.AgentID]*masterpb.Response_GetAgents_Agent{}, map[mesos.OfferID]*mesospb.Offer{}
	l.offersOf = map[mesos.AgentID]map[mesos.OfferID]resources.Resources{}
	logic := master.New(master.Config{
		Info:                          &mesospb.MasterInfo{Id: new(fmt.Sprintf("T%d", l.term)), Ip: new(uint32(0)), Port: new(uint32(5050)), Hostname: new(l.host.name)},
		Term:                          uint64(l.term),
		Version:                       "1.11.0",
		HeartbeatInterval:             15 * time.Second,
		AgentPingTimeout:              5 * time.Second,
		MaxAgentPingTimeouts:          3,
		AgentReregisterTimeout:        time.Minute,
		OfferTimeout:                  c.options.offerTimeout,
		MaxCompletedFrameworks:        5,
		MaxCompletedTasksPerFramework: 50,
		MaxUnreachableTasks:           50,
		RootSubmissions:               true,
	}, recovered)
	l.core = core[master.Input, master.Effect]{clock: &l.host.clock, logic: logic, tick: master.Tick{}, perform: l.perform}
	l.session = l.newSession(0)
	c.logf("%s leads, with %d agents admitted", l.name, len(recovered.Admitted))
	c.keepPromises(l, recovered)
	c.leaders = append(c.leaders, l)
	l.core.plan()
	if c.options.remote {
		l.session.lost, l.session.alloc.dead = true, true // there is none yet
		c.after(c.between(0, time.Second), l.connectAllocator)
	}
}

// perform does the master's effects.
func (l *leader) perform(effects []master.Effect) {
	for _, effect := range effects {
		if l.core.dead {
			return
		}
		l.do(effect)
	}
}

func (l *leader) do(effect master.Effect) {
	c := l.cluster
	switch e := effect.(type) {
	case master.Reply:
		reply := l.requests[e.Request]
		delete(l.requests, e.Request)
		if reply != nil {
			reply(e.Err)
		}
	case master.SendEvent:
		if stream := l.streams[e.Stream]; stream != nil {
			s, event := l.schedules[e.Stream], e.Event
			stream.toClient(func() { s.receive(stream, event) })
		}
	case master.CloseStream:
		if stream := l.streams[e.Stream]; stream != nil {
			delete(l.streams, e.Stream)
			stream.closeByServer()
		}
	case master.SendAgent:
		l.sendAgent(e)
	case master.CloseLink:
		if link := l.links[e.Link]; link != nil {
			delete(l.links, e.Link)
			link.closeByServer()
		}
	case master.WriteRegistry:
		l.submit(e)
	case master.Allocate:
		l.session.tell(e)
	case master.PutFramework:
		if id := e.Framework.GetFrameworkInfo().GetId().GetValue(); e.Completed {
			delete(l.frameworks, id)
		} else {
			l.frameworks[id] = true
		}
	case master.PutAgent:
		id := mesos.AgentID(e.Agent.GetAgentInfo().GetId().GetValue())
		l.agents[id], l.dirty[id] = e.Agent, true
	case master.DropAgent:
		delete(l.agents, e.ID)
	case master.PutOffer:
		id, agent := mesos.OfferID(e.Offer.GetId().GetValue()), mesos.AgentID(e.Offer.GetAgentId().GetValue())
		if l.offersOf[agent] == nil {
			l.offersOf[agent] = map[mesos.OfferID]resources.Resources{}
		}
		l.offers[id], l.offersOf[agent][id], l.dirty[agent] = e.Offer, c.decode(e.Offer.GetResources()), true
	case master.DropOffer:
		agent := mesos.AgentID(l.offers[e.Offer].GetAgentId().GetValue())
		delete(l.offers, e.Offer)
		delete(l.offersOf[agent], e.Offer)
		l.dirty[agent] = true
	case master.PutMaintenance:
		l.maintenance = e.Status
	case master.DropTask:
		delete(l.tasks, string(e.Framework)+"/"+string(e.Task))
	case master.PutTask:
		key := e.Task.GetFrameworkId().GetValue() + "/" + e.Task.GetTaskId().GetValue()
		if delete(l.tasks, key); e.List == master.TaskActive || e.List == master.TaskPending {
			l.tasks[key] = e.Task
		}
		c.logf("%s: task %s of %s is %v in list %d", l.name, e.Task.GetTaskId().GetValue(),
			e.Task.GetFrameworkId().GetValue(), e.Task.GetState(), e.List)
	case master.Log:
		c.logf("%s: %s %v", l.name, e.Message, e.Args)
	}
}

// sendAgent sends a copy through the codec, as a connection would.
func (l *leader) sendAgent(e master.SendAgent) {
	link := l.links[e.Link]
	if link == nil {
		return
	}
	c := l.cluster
	data, err := e.Message.MarshalVT()
	if err != nil {
		c.fail("%s: a message to an agent can't be encoded: %v", l.name, err)
		return
	}
	if registered := e.Message.GetRegistered(); registered != nil {
		id := mesos.AgentID(registered.GetAgentId().GetValue())
		if _, ok := c.etcd.keys[master.AdmittedKey(id)]; !ok && c.leading() == l {
			c.fail("%s: agent %s was told that it is registered and is not in the registry", l.name, id)
		}
	}
	m := c.linked[link]
	link.toClient(func() {
		message := new(linkpb.ToAgent)
		if err := message.UnmarshalVT(data); err != nil {
			c.fail("%s: a message to an agent can't be decoded: %v", l.name, err)
			return
		}
		c.logf("%s > %s: %s", l.name, m.name, describe(message))
		m.fromMaster(link, message)
	})
}

// written tells the master what became of a write.
func (l *leader) written(w master.WriteRegistry, err error) {
	if err == nil {
		for _, one := range w.Writes {
			if one.Value == nil {
				delete(l.shadow, one.Key)
			} else {
				l.shadow[one.Key] = one.Value
			}
		}
	}
	l.core.take(master.RegistryWritten{ID: w.ID, Err: err})
}

// end drops all that the term was: its connections break.
func (l *leader) end() {
	if l.over {
		return
	}
	l.over, l.core.dead = true, true
	if l.session == nil {
		return // it never began
	}
	l.session.alloc.dead = true
	for _, id := range slices.Sorted(maps.Keys(l.links)) {
		l.links[id].breakUp(time.Second)
	}
	for _, id := range slices.Sorted(maps.Keys(l.streams)) {
		l.streams[id].breakUp(time.Second)
	}
}

// resign ends the term, and has the host campaign for another.
func (l *leader) resign(why error) {
	if l.over {
		return
	}
	c, h := l.cluster, l.host
	c.logf("%s ends its term %d: %v", h.name, l.term, why)
	l.end()
	h.term = nil
	h.ask(5*time.Second, func() { c.etcd.revoke(l.lease) }, func(bool) { h.campaign() })
}

// ask gives the master a request and calls reply with its answer.
func (l *leader) ask(reply func(error), input func(master.RequestID) master.Input) {
	l.lastAsked++
	l.requests[l.lastAsked] = reply
	l.core.take(input(l.lastAsked))
}

// describe names a message of a link by its kind and content.
func describe(message interface{ String() string }) string {
	switch m := message.(type) {
	case *linkpb.ToAgent:
		return kindOf(m.GetMessage()) + " " + detailToAgent(m)
	case *linkpb.ToMaster:
		return kindOf(m.GetMessage()) + " " + detailToMaster(m)
	}
	return ""
}

func kindOf(oneof any) string {
	name := fmt.Sprintf("%T", oneof)
	return name[strings.LastIndexByte(name, '_')+1:]
}

func detailToAgent(m *linkpb.ToAgent) string {
	switch {
	case m.GetRunTasks() != nil:
		var ids []string
		for _, t := range m.GetRunTasks().GetTasks() {
			ids = append(ids, t.GetTaskId().GetValue())
		}
		return fmt.Sprintf("%v on executor %q", ids, m.GetRunTasks().GetExecutorInfo().GetExecutorId().GetValue())
	case m.GetKillTask() != nil:
		return m.GetKillTask().GetTaskId().GetValue()
	case m.GetAcknowledge() != nil:
		return fmt.Sprintf("%s %x", m.GetAcknowledge().GetTaskId().GetValue(), m.GetAcknowledge().GetUuid())
	case m.GetRegistered() != nil:
		return fmt.Sprintf("%s in term %d, %d frameworks to reconcile",
			m.GetRegistered().GetAgentId().GetValue(), m.GetRegistered().GetTerm(), len(m.GetRegistered().GetReconcile()))
	case m.GetRefused() != nil:
		return m.GetRefused().GetMessage()
	case m.GetTurnedAway() != nil:
		return m.GetTurnedAway().GetMessage()
	}
	return ""
}

func detailToMaster(m *linkpb.ToMaster) string {
	switch {
	case m.GetStatusUpdate() != nil:
		s := m.GetStatusUpdate().GetStatus()
		return fmt.Sprintf("%s %v %s %x", s.GetTaskId().GetValue(), s.GetState(), why(s), s.GetUuid())
	case m.GetReregister() != nil:
		var ids []string
		for _, t := range m.GetReregister().GetTasks() {
			ids = append(ids, fmt.Sprintf("%s %v", t.GetTaskId().GetValue(), t.GetState()))
		}
		return fmt.Sprintf("%s with %d executors and %v", m.GetReregister().GetAgentInfo().GetId().GetValue(), len(m.GetReregister().GetExecutors()), ids)
	case m.GetExitedExecutor() != nil:
		return m.GetExitedExecutor().GetExecutorId().GetValue()
	}
	return ""
}
