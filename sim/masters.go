package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// registry is the fenced store: it takes the writes of the present term only.
type registry struct {
	term uint64
	keys map[string][]byte
	// acknowledged are agents that know for good that they are admitted, left those
	// that said since that they leave, or whose machine forgot that it is they.
	acknowledged, left map[mesos.AgentID]bool
	changed            bool // since the invariants were checked
}

// leader is a master in one term, with its allocator. Deposed, it goes on until
// it learns of that, which may take a while.
type leader struct {
	cluster *cluster
	name    string
	term    uint64
	core    core[master.Input, master.Effect]
	session *session // with its allocator

	links     map[master.LinkID]*conn
	streams   map[master.StreamID]*conn
	schedules map[master.StreamID]*scheduler
	requests  map[master.RequestID]func(error)
	lastLink  master.LinkID
	lastAsked master.RequestID
	registry  wire // to and from the store, in order

	agents map[mesos.AgentID]*masterpb.Response_GetAgents_Agent
	offers map[mesos.OfferID]*mesospb.Offer
}

// elect begins a term.
func (c *cluster) elect() {
	c.registry.term++
	recovered, err := master.DecodeRecovered(c.registry.keys)
	if err != nil {
		c.fail("the registry can't be read: %v", err)
		return
	}
	l := &leader{
		cluster: c, term: c.registry.term, name: fmt.Sprintf("M%d", c.registry.term),
		links: map[master.LinkID]*conn{}, streams: map[master.StreamID]*conn{}, schedules: map[master.StreamID]*scheduler{},
		requests: map[master.RequestID]func(error){},
		registry: wire{world: c.world, slow: 20 * time.Millisecond},
		agents:   map[mesos.AgentID]*masterpb.Response_GetAgents_Agent{},
		offers:   map[mesos.OfferID]*mesospb.Offer{},
	}
	logic := master.New(master.Config{
		Info:                          &mesospb.MasterInfo{Id: new(l.name), Ip: new(uint32(0)), Port: new(uint32(5050)), Hostname: new(l.name)},
		Term:                          l.term,
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
	l.core = core[master.Input, master.Effect]{world: c.world, logic: logic, tick: master.Tick{}, perform: l.perform}
	l.session = l.newSession(0)
	c.logf("%s leads, with %d agents admitted", l.name, len(recovered.Admitted))
	c.leader = l
	c.leaders = append(c.leaders, l)
	l.core.plan()
	if c.options.remote {
		l.session.lost, l.session.alloc.dead = true, true // there is none yet
		c.after(c.between(0, time.Second), l.connectAllocator)
	}
}

// perform does one of the master's effects.
func (l *leader) perform(effect master.Effect) {
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
		l.write(e)
	case master.Allocate:
		l.session.tell(e)
	case master.PutAgent:
		l.agents[mesos.AgentID(e.Agent.GetAgentInfo().GetId().GetValue())] = e.Agent
	case master.DropAgent:
		delete(l.agents, e.ID)
	case master.PutOffer:
		l.offers[mesos.OfferID(e.Offer.GetId().GetValue())] = e.Offer
	case master.DropOffer:
		delete(l.offers, e.Offer)
	case master.PutTask:
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
		if _, ok := c.registry.keys[master.AdmittedKey(id)]; !ok && l.term == c.registry.term {
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

// write takes a while each way. Who no longer leads is told, and steps down.
func (l *leader) write(e master.WriteRegistry) {
	c := l.cluster
	l.registry.send(func() {
		var err error
		if l.term != c.registry.term {
			err = mesos.Errorf(mesos.Unavailable, "term %d is over", l.term)
		} else {
			c.registry.changed = true
			for _, w := range e.Writes {
				if w.Value == nil {
					delete(c.registry.keys, w.Key)
				} else {
					c.registry.keys[w.Key] = w.Value
				}
			}
		}
		l.registry.send(func() {
			l.core.take(master.RegistryWritten{ID: e.ID, Err: err})
			if err != nil {
				l.stepDown()
			}
		})
	})
}

// stepDown ends a master's part: its connections break.
func (l *leader) stepDown() {
	if l.core.dead {
		return
	}
	l.cluster.logf("%s is gone", l.name)
	l.core.dead, l.session.alloc.dead = true, true
	l.registry.broken = true
	for _, id := range slices.Sorted(maps.Keys(l.links)) {
		l.links[id].breakUp(time.Second)
	}
	for _, id := range slices.Sorted(maps.Keys(l.streams)) {
		l.streams[id].breakUp(time.Second)
	}
	if l.cluster.leader == l {
		l.cluster.leader = nil
	}
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
