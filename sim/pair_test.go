package sim

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// pair is a master and its allocator, joined without a delay: what a test does to
// the one has reached the other when it returns. The registry writes at once.
type pair struct {
	t       *testing.T
	now     time.Time
	master  *master.Master
	alloc   *allocator.Allocator
	request master.RequestID
	replies map[master.RequestID]error
	tenants map[master.StreamID]*tenant
	agents  map[master.LinkID]string // by link, the ID of the agent
	told    []*linkpb.ToAgent
	// frameworks is what readers see of them.
	frameworks map[string]*masterpb.Response_GetFrameworks_Framework
}

// interval is the time between two batches of a pair's allocator.
const interval = time.Second

func newPair(t *testing.T, change ...func(*master.Config)) *pair {
	config := master.Config{
		Info:              &mesospb.MasterInfo{Id: new("M"), Ip: new(uint32(0)), Port: new(uint32(5050)), Hostname: new("m")},
		Term:              1,
		HeartbeatInterval: time.Hour, AgentPingTimeout: time.Hour, MaxAgentPingTimeouts: 3, AgentReregisterTimeout: time.Hour,
		MaxCompletedFrameworks: 5, MaxCompletedTasksPerFramework: 5, MaxUnreachableTasks: 5, RootSubmissions: true,
	}
	for _, c := range change {
		c(&config)
	}
	p := &pair{
		t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), master: master.New(config, master.Recovered{}),
		alloc:   allocator.New(allocator.Config{AllocationInterval: interval, MinAllocatable: allocator.DefaultMinAllocatable()}),
		replies: map[master.RequestID]error{}, tenants: map[master.StreamID]*tenant{}, agents: map[master.LinkID]string{},
		frameworks: map[string]*masterpb.Response_GetFrameworks_Framework{},
	}
	p.do(master.Tick{})
	return p
}

// do gives the master an input, and does all that follows from it at this time.
func (p *pair) do(first master.Input) {
	p.t.Helper()
	for inputs := []master.Input{first}; len(inputs) > 0; {
		var follow []master.Input
		for _, in := range inputs {
			for _, e := range p.master.Step(p.now, in) {
				follow = append(follow, p.perform(e)...)
			}
		}
		if len(follow) == 0 && p.due(p.master.Next()) {
			follow = append(follow, master.Tick{})
		}
		if len(follow) == 0 && p.due(p.alloc.Next()) {
			follow = p.allocate(allocation.Tick{})
		}
		inputs = follow
	}
}

func (p *pair) due(next time.Time) bool { return !next.IsZero() && !next.After(p.now) }

// perform does an effect of the master and returns what the master learns by that.
func (p *pair) perform(effect master.Effect) []master.Input {
	p.t.Helper()
	switch e := effect.(type) {
	case master.Reply:
		p.replies[e.Request] = e.Err
	case master.WriteRegistry:
		return []master.Input{master.RegistryWritten{ID: e.ID}}
	case master.Allocate:
		return p.allocate(e.Input)
	case master.SendAgent:
		p.told = append(p.told, e.Message)
		if r := e.Message.GetRegistered(); r != nil {
			p.agents[e.Link] = r.GetAgentId().GetValue()
		}
	case master.PutFramework:
		p.frameworks[e.Framework.GetFrameworkInfo().GetId().GetValue()] = e.Framework
	case master.SendEvent:
		if s := p.tenants[e.Stream]; s != nil {
			s.receive(e.Event)
		}
	}
	return nil
}

// allocate gives the allocator an input and returns what it tells the master.
func (p *pair) allocate(in allocation.Input) (outputs []master.Input) {
	p.t.Helper()
	for _, out := range p.alloc.Step(p.now, in) {
		if refused, ok := out.(allocation.Refused); ok {
			p.t.Fatalf("the allocator refused: %v", refused.Err)
		}
		outputs = append(outputs, master.Allocated{Output: out})
	}
	return outputs
}

// pass lets a time pass, in batches.
func (p *pair) pass(d time.Duration) {
	p.t.Helper()
	for end := p.now.Add(d); p.now.Before(end); {
		p.batch()
	}
}

// batch lets the time pass in which the allocator looks at every agent.
func (p *pair) batch() {
	p.t.Helper()
	p.now = p.now.Add(interval)
	p.do(master.Tick{})
}

// agent registers an agent.
func (p *pair) agent(link master.LinkID, total string) {
	p.t.Helper()
	p.agentWith(link, convert.ToWire(resources.MustParse(total)))
}

func (p *pair) agentWith(link master.LinkID, total []*mesospb.Resource, without ...mesospb.AgentInfo_Capability_Type) {
	p.t.Helper()
	var capabilities []*mesospb.AgentInfo_Capability
	for _, c := range []mesospb.AgentInfo_Capability_Type{
		mesospb.AgentInfo_Capability_MULTI_ROLE, mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE, mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT,
	} {
		if !slices.Contains(without, c) {
			capabilities = append(capabilities, &mesospb.AgentInfo_Capability{Type: c.Enum()})
		}
	}
	p.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_Register{Register: &linkpb.Register{
		AgentInfo: &mesospb.AgentInfo{
			Hostname: new(fmt.Sprintf("a%d", link)), Port: new(int32(5051)), Resources: total,
		},
		Version: new("1.11.0"), Capabilities: capabilities,
	}}})
	if p.agents[link] == "" {
		p.t.Fatalf("agent %d is not registered", link)
	}
}

func (p *pair) fromAgent(link master.LinkID, message *linkpb.ToMaster) {
	p.t.Helper()
	p.do(master.AgentMessage{Link: link, Address: fmt.Sprintf("a%d:5051", link), Message: message})
}

// update is the agent's last word on a task.
func (p *pair) update(link master.LinkID, s *tenant, task string, state mesospb.TaskState) {
	p.t.Helper()
	p.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: &linkpb.StatusUpdate{
		FrameworkId: s.id,
		Status: &mesospb.TaskStatus{
			TaskId: &mesospb.TaskID{Value: new(task)}, AgentId: &mesospb.AgentID{Value: new(p.agents[link])}, State: state.Enum(),
			Uuid: make([]byte, 16), Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Timestamp: new(1.5),
		},
	}}})
}

// launched are the tasks that agents were told to run.
func (p *pair) launched() (ids []string) {
	for _, m := range p.told {
		for _, task := range m.GetRunTasks().GetTasks() {
			ids = append(ids, task.GetTaskId().GetValue())
		}
	}
	return ids
}

// tenant is a framework's scheduler.
type tenant struct {
	p         *pair
	stream    master.StreamID
	id        *mesospb.FrameworkID
	info      *mesospb.FrameworkInfo // as it subscribed
	offers    []*mesospb.Offer       // outstanding
	states    []string               // of tasks, as it was told of them
	rescinded int
	refusal   string
}

// subscribe opens a stream for a framework: a new one, or one that fails over.
func (p *pair) subscribe(stream master.StreamID, id *mesospb.FrameworkID, roles ...string) *tenant {
	p.t.Helper()
	return p.subscribeWith(stream, id, roles)
}

// subscribeWith opens a stream for a framework with more capabilities than usual.
func (p *pair) subscribeWith(stream master.StreamID, id *mesospb.FrameworkID, roles []string, more ...mesospb.FrameworkInfo_Capability_Type) *tenant {
	p.t.Helper()
	capabilities := []*mesospb.FrameworkInfo_Capability{
		{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()},
		{Type: mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT.Enum()},
	}
	for _, c := range more {
		capabilities = append(capabilities, &mesospb.FrameworkInfo_Capability{Type: c.Enum()})
	}
	return p.subscribeAs(stream, &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
		User: new("root"), Name: new("f"), Id: id, Roles: roles, FailoverTimeout: new(60.0),
		Capabilities: capabilities,
	}})
}

// subscribeAs opens a stream as a call has it.
func (p *pair) subscribeAs(stream master.StreamID, subscribe *schedulerpb.Call_Subscribe) *tenant {
	p.t.Helper()
	info := subscribe.GetFrameworkInfo()
	s := &tenant{p: p, stream: stream, info: info.CloneVT()}
	p.tenants[stream] = s
	p.request++
	p.do(master.Subscribe{Request: p.request, Stream: stream, Call: &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: info.Id, Subscribe: subscribe,
	}})
	if err := p.replies[p.request]; err != nil {
		s.refusal = err.Error()
	}
	return s
}

func (s *tenant) receive(event *schedulerpb.Event) {
	switch {
	case event.GetSubscribed() != nil:
		s.id = event.GetSubscribed().GetFrameworkId()
	case event.GetOffers() != nil:
		s.offers = append(s.offers, event.GetOffers().GetOffers()...)
	case event.GetRescind() != nil:
		s.rescinded++
		gone := event.GetRescind().GetOfferId().GetValue()
		s.offers = slices.DeleteFunc(s.offers, func(o *mesospb.Offer) bool { return o.GetId().GetValue() == gone })
	case event.GetUpdate() != nil:
		status := event.GetUpdate().GetStatus()
		s.states = append(s.states, status.GetTaskId().GetValue()+" "+status.GetState().String())
	case event.GetError() != nil:
		s.refusal = event.GetError().GetMessage()
	}
}

// call makes a call that the master has to take.
func (s *tenant) call(call *schedulerpb.Call) {
	s.p.t.Helper()
	s.p.request++
	call.FrameworkId = s.id
	s.p.do(master.SchedulerCall{Request: s.p.request, Stream: s.stream, Call: call})
	if err, answered := s.p.replies[s.p.request]; err != nil || !answered {
		s.p.t.Fatalf("%v: answered: %v, %v", call.GetType(), answered, err)
	}
}

// update changes the framework's roles, those of them that are suppressed, and the
// constraints of its offers.
func (s *tenant) update(roles, suppressed []string, constraints *schedulerpb.OfferConstraints) {
	s.p.t.Helper()
	info := s.info.CloneVT()
	info.Id, info.Roles = s.id, roles
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_UPDATE_FRAMEWORK.Enum(), UpdateFramework: &schedulerpb.Call_UpdateFramework{
		FrameworkInfo: info, SuppressedRoles: suppressed, OfferConstraints: constraints,
	}})
}

// decline refuses all outstanding offers for a time.
func (s *tenant) decline(refuse time.Duration) {
	s.p.t.Helper()
	var ids []*mesospb.OfferID
	for _, o := range s.offers {
		ids = append(ids, o.GetId())
	}
	s.offers = nil
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_DECLINE.Enum(), Decline: &schedulerpb.Call_Decline{
		OfferIds: ids, Filters: &mesospb.Filters{RefuseSeconds: new(refuse.Seconds())},
	}})
}

// revive asks for offers to some roles again, or to all.
func (s *tenant) revive(roles ...string) {
	s.p.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum(), Revive: &schedulerpb.Call_Revive{Roles: roles}})
}

// launch runs tasks, by ID, on the only offer, and refuses the rest of it for a time.
func (s *tenant) launch(refuse time.Duration, tasks map[string]string) {
	s.p.t.Helper()
	if len(s.offers) != 1 {
		s.p.t.Fatalf("%d offers are outstanding", len(s.offers))
	}
	offer := s.offers[0]
	s.offers = nil
	var infos []*mesospb.TaskInfo
	for _, id := range slices.Sorted(maps.Keys(tasks)) {
		infos = append(infos, taskOf(id, offer, resources.MustParse(tasks[id])))
	}
	s.accept(offer, refuse, &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: infos},
	})
	got := s.p.launched()
	for id := range tasks {
		if !slices.Contains(got, id) {
			s.p.t.Fatalf("task %s is not launched, only %q", id, got)
		}
	}
}

// taskOf is a task that uses resources of an offer.
func taskOf(id string, offer *mesospb.Offer, uses resources.Resources) *mesospb.TaskInfo {
	return &mesospb.TaskInfo{
		Name: new(id), TaskId: &mesospb.TaskID{Value: new(id)}, AgentId: offer.GetAgentId(),
		Command:   &mesospb.CommandInfo{Value: new("true")},
		Resources: convert.ToWire(uses.Allocate(offer.GetAllocationInfo().GetRole())),
	}
}

// accept does operations on an offer, and refuses the rest of it for a time.
func (s *tenant) accept(offer *mesospb.Offer, refuse time.Duration, operations ...*mesospb.Offer_Operation) {
	s.p.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
		OfferIds: []*mesospb.OfferID{offer.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: new(refuse.Seconds())}, Operations: operations,
	}})
}

// teardown ends the framework.
func (s *tenant) teardown() {
	s.p.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()})
}

// want checks which offers are outstanding, each as resources, in any order.
func (s *tenant) want(offers ...string) {
	s.p.t.Helper()
	var got []resources.Resources
	for _, o := range s.offers {
		rs, err := convert.Resources(o.GetResources())
		if err != nil {
			s.p.t.Fatal(err)
		}
		got = append(got, rs.Unallocate())
	}
	left := slices.Clone(got)
	for _, text := range offers {
		i := slices.IndexFunc(left, resources.MustParse(text).Equal)
		if i < 0 {
			s.p.t.Fatalf("framework %s is offered %v, want %q", s.id.GetValue(), got, offers)
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		s.p.t.Fatalf("framework %s is offered %v, want %q", s.id.GetValue(), got, offers)
	}
}
