package master

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testConfig() Config {
	return Config{
		Info:                          &mesospb.MasterInfo{Id: new("M"), Ip: new(uint32(0)), Port: new(uint32(5050)), Hostname: new("m.example")},
		Term:                          7,
		Version:                       "1.0.0",
		HeartbeatInterval:             15 * time.Second,
		AgentPingTimeout:              15 * time.Second,
		MaxAgentPingTimeouts:          5,
		AgentReregisterTimeout:        10 * time.Minute,
		MaxCompletedFrameworks:        50,
		MaxCompletedTasksPerFramework: 1000,
		MaxUnreachableTasks:           1000,
		RootSubmissions:               true,
	}
}

// A cluster is a master with the simplest peers: a registry that writes at once
// and an allocator that does what the test says. It checks the books after
// every Step: what frameworks hold is what the allocator was told.
type cluster struct {
	*Master
	t       *testing.T
	now     time.Time
	out     []Effect // of everything since the last take
	request RequestID
	views   view
	held    map[holder]resources.Resources // as an allocator would know it
	told    told                           // what the allocator was told in this session
	// slowRegistry makes registry writes wait for written.
	slowRegistry bool
	// tolerant lets frameworks hold what an operation was to make and did not.
	tolerant  bool
	pending   []uint64
	unwritten map[uint64][]RegistryWrite
	registry  map[string][]byte // what is durable
}

type holder struct {
	framework mesos.FrameworkID
	agent     mesos.AgentID
}

// view is what readers see.
type view struct {
	agents     map[mesos.AgentID]*masterpb.Response_GetAgents_Agent
	recovered  map[mesos.AgentID]*mesospb.AgentInfo
	frameworks map[mesos.FrameworkID]PutFramework
	tasks      map[string]PutTask
	executors  map[string]*mesospb.ExecutorInfo
	offers     map[mesos.OfferID]*mesospb.Offer
	operations map[string]*mesospb.Operation // by uuid
	weights    map[string]float64
	quotas     map[string]*quotapb.QuotaConfig
	schedule   *maintenancepb.Schedule
	status     *maintenancepb.ClusterStatus
}

func newCluster(t *testing.T, config Config, recovered Recovered) *cluster {
	return &cluster{
		Master: New(config, recovered), t: t, now: epoch,
		held: make(map[holder]resources.Resources), told: newTold(),
		unwritten: make(map[uint64][]RegistryWrite), registry: make(map[string][]byte),
		views: view{
			agents:     make(map[mesos.AgentID]*masterpb.Response_GetAgents_Agent),
			recovered:  make(map[mesos.AgentID]*mesospb.AgentInfo),
			frameworks: make(map[mesos.FrameworkID]PutFramework),
			tasks:      make(map[string]PutTask),
			executors:  make(map[string]*mesospb.ExecutorInfo),
			offers:     make(map[mesos.OfferID]*mesospb.Offer),
			operations: make(map[string]*mesospb.Operation),
			weights:    make(map[string]float64),
			quotas:     make(map[string]*quotapb.QuotaConfig),
		},
	}
}

// step gives the master an input, and what follows from it at once.
func (c *cluster) step(in Input) {
	c.t.Helper()
	if in, ok := in.(RegistryWritten); ok && in.Err == nil {
		c.store(c.unwritten[in.ID])
		delete(c.unwritten, in.ID)
	}
	var written []uint64
	for _, e := range c.Step(c.now, in) {
		c.out = append(c.out, e)
		switch e := e.(type) {
		case WriteRegistry:
			written = append(written, e.ID)
			c.unwritten[e.ID] = e.Writes
		case Allocate:
			c.book(e.Input)
			c.told.take(e.Input)
		default:
			c.views.apply(e)
		}
	}
	c.check()
	if c.slowRegistry {
		c.pending = append(c.pending, written...)
		written = nil
	}
	for _, id := range written {
		c.step(RegistryWritten{ID: id})
	}
	if next := c.Next(); !next.IsZero() && !next.After(c.now) {
		c.step(Tick{})
	}
}

// store writes to the registry.
func (c *cluster) store(writes []RegistryWrite) {
	for _, w := range writes {
		if c.registry[w.Key] = w.Value; w.Value == nil {
			delete(c.registry, w.Key)
		}
	}
}

// failover is a new master's cluster that begins with what is durable in this one.
func (c *cluster) failover() *cluster {
	c.t.Helper()
	recovered, err := DecodeRecovered(c.registry)
	if err != nil {
		c.t.Fatal(err)
	}
	config := c.config
	config.Info = config.Info.CloneVT()
	config.Info.Id = new(config.Info.GetId() + "'")
	config.Term++
	next := newCluster(c.t, config, recovered)
	next.now = c.now
	next.registry = maps.Clone(c.registry)
	next.connectAllocator(1)
	return next
}

// written completes the registry writes that waited.
func (c *cluster) written() {
	c.t.Helper()
	pending := c.pending
	c.pending = nil
	for _, id := range pending {
		c.step(RegistryWritten{ID: id})
	}
}

// pass lets time pass, with a Tick whenever the master wants one.
func (c *cluster) pass(d time.Duration) {
	c.t.Helper()
	end := c.now.Add(d)
	for next := c.Next(); !next.IsZero() && !next.After(end); next = c.Next() {
		if next.After(c.now) {
			c.now = next
		}
		c.step(Tick{})
	}
	c.now = end
}

// take returns the effects since it was last called.
func (c *cluster) take() []Effect {
	out := c.out
	c.out = nil
	return out
}

// book keeps an allocator's books.
func (c *cluster) book(in allocation.Input) {
	c.t.Helper()
	switch in := in.(type) {
	case allocation.AddAgent:
		for _, g := range in.Used {
			c.keep(g)
		}
	case allocation.AddFramework:
		for _, g := range in.Used {
			c.keep(g)
		}
	case allocation.Hold:
		c.hold(in.Grant)
	case allocation.Recover:
		key := holder{in.Framework, in.Agent}
		if !c.held[key].Contains(in.Resources) {
			c.t.Fatalf("recovered %s of %v, which holds %s", in.Resources, key, c.held[key])
		}
		c.held[key] = c.held[key].Sub(in.Resources)
	case allocation.UpdateAllocation:
		key := holder{in.Framework, in.Agent}
		if !c.held[key].Contains(in.Resources) {
			c.t.Fatalf("converted %s of %v, which holds %s", in.Resources, key, c.held[key])
		}
		c.held[key] = c.held[key].Sub(in.Resources).Add(in.Converted)
	case allocation.RemoveAgent:
		for key, rs := range c.held {
			if key.agent == in.ID && !rs.IsEmpty() {
				c.t.Fatalf("agent %s was removed while %s held %s", in.ID, key.framework, rs)
			}
		}
	}
}

func (c *cluster) keep(g allocation.Grant) {
	key := holder{g.Framework, g.Agent}
	c.held[key] = c.held[key].Add(g.Resources)
}

// hold notes what the allocator gives.
func (c *cluster) hold(g allocation.Grant) {
	c.keep(g)
	c.told.hold(g)
}

// check compares the master's books with the allocator's, and with themselves.
func (c *cluster) check() {
	c.t.Helper()
	c.checkDescription()
	for id, a := range c.agents {
		sum := resources.Resources{}
		for key, rs := range c.held {
			if key.agent == id {
				sum = sum.Add(rs)
			}
		}
		if !sum.Equal(a.used.Add(a.offered)) {
			c.t.Fatalf("agent %s: used %s and offered %s, but the allocator was told %s", id, a.used, a.offered, sum)
		}
		if !c.tolerant && !a.total.NonRevocable().Contains(eachOnce(sum.Unallocate().NonRevocable())) { // of the rest, less may be left than is in use
			c.t.Fatalf("agent %s: used %s and offered %s of %s", id, a.used, a.offered, a.total)
		}
	}
	for id, f := range c.frameworks {
		sum := resources.Resources{}
		for _, h := range f.holdings {
			for _, t := range h.tasks {
				if !t.over() {
					sum = sum.Add(t.resources)
				}
			}
			for _, e := range h.executors {
				sum = sum.Add(e.resources)
			}
		}
		if !sum.Equal(f.used) {
			c.t.Fatalf("framework %s: used %s, but its tasks and executors add up to %s", id, f.used, sum)
		}
	}
}

// apply keeps what readers see.
func (v *view) apply(e Effect) {
	switch e := e.(type) {
	case PutAgent:
		id := mesos.AgentID(e.Agent.GetAgentInfo().GetId().GetValue())
		v.agents[id] = e.Agent
		delete(v.recovered, id)
	case DropAgent:
		delete(v.agents, e.ID)
	case PutRecoveredAgent:
		id := mesos.AgentID(e.Agent.GetId().GetValue())
		v.recovered[id] = e.Agent
		delete(v.agents, id)
	case DropRecoveredAgent:
		delete(v.recovered, e.ID)
	case PutFramework:
		v.frameworks[mesos.FrameworkID(e.Framework.GetFrameworkInfo().GetId().GetValue())] = e
	case DropFramework:
		delete(v.frameworks, e.ID)
		for key := range v.tasks {
			if strings.HasPrefix(key, string(e.ID)+" ") {
				delete(v.tasks, key)
			}
		}
	case PutTask:
		v.tasks[e.Task.GetFrameworkId().GetValue()+" "+e.Task.GetTaskId().GetValue()] = e
	case DropTask:
		delete(v.tasks, string(e.Framework)+" "+string(e.Task))
	case PutExecutor:
		v.executors[e.Executor.GetFrameworkId().GetValue()+" "+string(e.Agent)+" "+e.Executor.GetExecutorId().GetValue()] = e.Executor
	case DropExecutor:
		delete(v.executors, string(e.Framework)+" "+string(e.Agent)+" "+string(e.Executor))
	case PutOffer:
		v.offers[mesos.OfferID(e.Offer.GetId().GetValue())] = e.Offer
	case DropOffer:
		delete(v.offers, e.Offer)
	case PutOperation:
		v.operations[string(e.Operation.GetUuid().GetValue())] = e.Operation
	case DropOperation:
		delete(v.operations, e.UUID)
	case PutWeight:
		v.weights[e.Role] = e.Weight
	case PutMaintenance:
		v.schedule, v.status = e.Schedule, e.Status
	case PutQuota:
		if v.quotas[e.Role] = e.Config; e.Config == nil {
			delete(v.quotas, e.Role)
		}
	}
}

// A scheduler is a test's framework.
type scheduler struct {
	c      *cluster
	id     string
	stream StreamID
}

// frameworkInfo is that of an ordinary framework; options change it.
func frameworkInfo(options ...func(*mesospb.FrameworkInfo)) *mesospb.FrameworkInfo {
	info := &mesospb.FrameworkInfo{User: new("alice"), Name: new("fw"), FailoverTimeout: new(60.0), Checkpoint: new(true)}
	for _, option := range options {
		option(info)
	}
	return info
}

func withCapability(types ...mesospb.FrameworkInfo_Capability_Type) func(*mesospb.FrameworkInfo) {
	return func(info *mesospb.FrameworkInfo) {
		for _, t := range types {
			info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{Type: t.Enum()})
		}
	}
}

func withFramework(id string) func(*mesospb.FrameworkInfo) {
	return func(info *mesospb.FrameworkInfo) { info.Id = &mesospb.FrameworkID{Value: new(id)} }
}

// subscribe opens a stream.
func (c *cluster) subscribe(stream StreamID, info *mesospb.FrameworkInfo) *scheduler {
	c.t.Helper()
	c.request++
	call := &schedulerpb.Call{
		Type:        schedulerpb.Call_SUBSCRIBE.Enum(),
		FrameworkId: info.Id,
		Subscribe:   &schedulerpb.Call_Subscribe{FrameworkInfo: info},
	}
	c.step(Subscribe{Request: c.request, Stream: stream, Call: call})
	return &scheduler{c: c, id: info.GetId().GetValue(), stream: stream}
}

// call makes a call and returns its error.
func (s *scheduler) call(call *schedulerpb.Call) error {
	s.c.t.Helper()
	s.c.request++
	call.FrameworkId = &mesospb.FrameworkID{Value: new(s.id)}
	before := len(s.c.out)
	s.c.step(SchedulerCall{Request: s.c.request, Stream: s.stream, Call: call})
	for _, e := range s.c.out[before:] {
		if r, ok := e.(Reply); ok && r.Request == s.c.request {
			return r.Err
		}
	}
	s.c.t.Fatalf("%s was not answered", call.GetType())
	return nil
}

// accept launches tasks from offers.
func (s *scheduler) accept(offers []mesos.OfferID, tasks ...*mesospb.TaskInfo) error {
	s.c.t.Helper()
	return s.call(acceptCall(offers, &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: tasks},
	}))
}

func acceptCall(offers []mesos.OfferID, operations ...*mesospb.Offer_Operation) *schedulerpb.Call {
	return &schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
		OfferIds: offerIDs(offers), Operations: operations,
	}}
}

func offerIDs(offers []mesos.OfferID) (ids []*mesospb.OfferID) {
	for _, o := range offers {
		ids = append(ids, &mesospb.OfferID{Value: new(string(o))})
	}
	return ids
}

// agent registers an agent with resources and returns its ID.
func (c *cluster) agent(link LinkID, text string) mesos.AgentID {
	c.t.Helper()
	c.step(registerMessage(link, text))
	a := c.links[link]
	if a == nil {
		c.t.Fatalf("agent on link %d was not registered", link)
	}
	return a.id
}

func agentInfo(link LinkID, text string) *mesospb.AgentInfo {
	return &mesospb.AgentInfo{
		Hostname:  new(fmt.Sprintf("a%d.example", link)),
		Port:      new(int32(5051)),
		Resources: convert.ToWire(resources.MustParse(text)),
	}
}

func agentAddress(link LinkID) string { return fmt.Sprintf("10.0.0.%d:40000", link) }

func registerMessage(link LinkID, text string) AgentMessage {
	return AgentMessage{Link: link, Address: agentAddress(link), Message: &linkpb.ToMaster{Message: &linkpb.ToMaster_Register{
		Register: &linkpb.Register{AgentInfo: agentInfo(link, text), Version: new("1.0.0"), Capabilities: agentCapabilities()},
	}}}
}

func agentCapabilities() (list []*mesospb.AgentInfo_Capability) {
	for _, t := range []mesospb.AgentInfo_Capability_Type{
		mesospb.AgentInfo_Capability_MULTI_ROLE, mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT,
		mesospb.AgentInfo_Capability_TASK_RESOURCE_LIMITS, mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE,
		mesospb.AgentInfo_Capability_RESOURCE_PROVIDER, mesospb.AgentInfo_Capability_RESIZE_VOLUME,
		mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK, mesospb.AgentInfo_Capability_AGENT_DRAINING,
	} {
		list = append(list, &mesospb.AgentInfo_Capability{Type: t.Enum()})
	}
	return list
}

// offer lets the allocator give resources of an agent to a framework and
// returns the offer's ID.
func (c *cluster) offer(s *scheduler, agent mesos.AgentID, text string) mesos.OfferID {
	c.t.Helper()
	return c.offerTo(s, agent, "*", text)
}

func (c *cluster) offerTo(s *scheduler, agent mesos.AgentID, role, text string) mesos.OfferID {
	c.t.Helper()
	return c.offerOf(s, agent, role, resources.MustParse(text))
}

func (c *cluster) offerOf(s *scheduler, agent mesos.AgentID, role string, rs resources.Resources) mesos.OfferID {
	c.t.Helper()
	rs = rs.Allocate(role)
	id := mesos.OfferID(fmt.Sprintf("M-O%d", c.nextOffer))
	c.hold(allocation.Grant{Framework: mesos.FrameworkID(s.id), Agent: agent, Resources: rs})
	c.step(Allocated{Session: c.session, Output: allocation.OffersReady{
		Framework: mesos.FrameworkID(s.id),
		Offers:    []allocation.Offered{{Role: role, Agent: agent, Resources: rs}},
	}})
	return id
}

// task is a command task; options change it.
func commandTask(id string, agent mesos.AgentID, text string, options ...func(*mesospb.TaskInfo)) *mesospb.TaskInfo {
	info := &mesospb.TaskInfo{
		Name: new(id), TaskId: &mesospb.TaskID{Value: new(id)}, AgentId: wireAgentID(agent),
		Resources: convert.ToWire(resources.MustParse(text)),
		Command:   &mesospb.CommandInfo{Value: new("sleep 1")},
	}
	for _, option := range options {
		option(info)
	}
	return info
}

func withExecutor(id, text string) func(*mesospb.TaskInfo) {
	return func(info *mesospb.TaskInfo) {
		info.Command = nil
		info.Executor = &mesospb.ExecutorInfo{
			ExecutorId: &mesospb.ExecutorID{Value: new(id)},
			Command:    &mesospb.CommandInfo{Value: new("./executor")},
			Resources:  convert.ToWire(resources.MustParse(text)),
		}
	}
}

// uuid is a status update's; n tells one from another.
func uuid(n byte) []byte { return append(make([]byte, 15), n) }

// update is an agent's status update of a task.
func (c *cluster) update(link LinkID, s *scheduler, task string, state mesospb.TaskState, n byte, options ...func(*linkpb.StatusUpdate)) {
	c.t.Helper()
	update := &linkpb.StatusUpdate{
		FrameworkId: &mesospb.FrameworkID{Value: new(s.id)},
		Status: &mesospb.TaskStatus{
			TaskId: &mesospb.TaskID{Value: new(task)}, State: state.Enum(), Uuid: uuid(n),
			Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Timestamp: new(1.5),
		},
	}
	for _, option := range options {
		option(update)
	}
	c.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: update}})
}

func (c *cluster) fromAgent(link LinkID, msg *linkpb.ToMaster) {
	c.t.Helper()
	c.step(AgentMessage{Link: link, Address: agentAddress(link), Message: msg})
}

// acknowledge is a scheduler's acknowledgement of an update.
func (s *scheduler) acknowledge(agent mesos.AgentID, task string, n byte) {
	s.c.t.Helper()
	err := s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), Acknowledge: &schedulerpb.Call_Acknowledge{
		AgentId: wireAgentID(agent), TaskId: &mesospb.TaskID{Value: new(task)}, Uuid: uuid(n),
	}})
	if err != nil {
		s.c.t.Fatalf("ACKNOWLEDGE: %v", err)
	}
}

// defaultExecutor is the executor of a task group.
func defaultExecutor(id, framework, text string) *mesospb.ExecutorInfo {
	return &mesospb.ExecutorInfo{
		Type:        mesospb.ExecutorInfo_DEFAULT.Enum(),
		ExecutorId:  &mesospb.ExecutorID{Value: new(id)},
		FrameworkId: &mesospb.FrameworkID{Value: new(framework)},
		Resources:   convert.ToWire(resources.MustParse(text)),
	}
}
