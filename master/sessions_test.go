package master

import (
	"reflect"
	"slices"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// told is what an allocator knows after all that it was told. cluster.check
// compares it after every Step with what one would know that connected now: so
// no input may tell what the description of the cluster leaves out.
type told struct {
	frameworks map[mesos.FrameworkID]toldFramework
	agents     map[mesos.AgentID]toldAgent
	weights    map[string]float64
	whitelist  map[string]bool
	quota      map[string]allocation.Quota
}

type toldFramework struct {
	allocation.Framework
	active bool
}

type toldAgent struct {
	allocation.Agent
	active bool
	held   map[mesos.FrameworkID]resources.Resources
}

func newTold() told {
	return told{
		frameworks: make(map[mesos.FrameworkID]toldFramework),
		agents:     make(map[mesos.AgentID]toldAgent),
		weights:    make(map[string]float64),
		quota:      make(map[string]allocation.Quota),
	}
}

func (k *told) take(in allocation.Input) {
	switch in := in.(type) {
	case allocation.AddFramework:
		k.frameworks[in.Framework.ID] = toldFramework{*in.Framework, in.Active}
	case allocation.UpdateFramework:
		k.frameworks[in.Framework.ID] = toldFramework{*in.Framework, k.frameworks[in.Framework.ID].active}
	case allocation.RemoveFramework:
		delete(k.frameworks, in.ID)
	case allocation.ActivateFramework:
		k.framework(in.ID, func(f *toldFramework) { f.active = true })
	case allocation.DeactivateFramework:
		k.framework(in.ID, func(f *toldFramework) { f.active = false })
	case allocation.Suppress:
		k.framework(in.ID, func(f *toldFramework) { f.Suppressed = suppressed(f.Framework, in.Roles, true) })
	case allocation.Revive:
		k.framework(in.ID, func(f *toldFramework) { f.Suppressed = suppressed(f.Framework, in.Roles, false) })
	case allocation.AddAgent:
		k.agents[in.Agent.ID] = toldAgent{*in.Agent, true, make(map[mesos.FrameworkID]resources.Resources)}
		for _, g := range in.Used {
			k.hold(g)
		}
	case allocation.UpdateAgent:
		k.agent(in.Agent.ID, func(a *toldAgent) { a.Agent = *in.Agent })
	case allocation.UpdateUnavailability:
		k.agent(in.ID, func(a *toldAgent) { a.Unavailability = in.Unavailability })
	case allocation.RemoveAgent:
		delete(k.agents, in.ID)
	case allocation.ActivateAgent:
		k.agent(in.ID, func(a *toldAgent) { a.active = true })
	case allocation.DeactivateAgent:
		k.agent(in.ID, func(a *toldAgent) { a.active = false })
	case allocation.Recover:
		k.release(in.Grant)
	case allocation.UpdateAllocation:
		k.release(in.Grant)
		k.hold(allocation.Grant{Framework: in.Framework, Agent: in.Agent, Resources: in.Converted})
		k.agent(in.Agent, func(a *toldAgent) {
			a.Total = a.Total.Sub(in.Resources.Unallocate()).Add(in.Converted.Unallocate())
		})
	case allocation.UpdateWeights:
		for role, weight := range in.Weights {
			k.weights[role] = weight
		}
	case allocation.UpdateQuota:
		mergeQuotas(k.quota, map[string]allocation.Quota{in.Role: in.Quota})
	case allocation.UpdateWhitelist:
		k.whitelist = in.Hostnames
	}
}

func suppressed(f allocation.Framework, roles []string, add bool) []string {
	var result []string
	for _, role := range f.Roles {
		named := len(roles) == 0 || slices.Contains(roles, role)
		if named && add || !named && slices.Contains(f.Suppressed, role) {
			result = append(result, role)
		}
	}
	return result
}

func (k *told) framework(id mesos.FrameworkID, change func(*toldFramework)) {
	if f, ok := k.frameworks[id]; ok {
		change(&f)
		k.frameworks[id] = f
	}
}

func (k *told) agent(id mesos.AgentID, change func(*toldAgent)) {
	if a, ok := k.agents[id]; ok {
		change(&a)
		k.agents[id] = a
	}
}

func (k *told) hold(g allocation.Grant) {
	if a, ok := k.agents[g.Agent]; ok {
		a.held[g.Framework] = a.held[g.Framework].Add(g.Resources)
	}
}

func (k *told) release(g allocation.Grant) {
	if a, ok := k.agents[g.Agent]; ok {
		if a.held[g.Framework] = a.held[g.Framework].Sub(g.Resources); a.held[g.Framework].IsEmpty() {
			delete(a.held, g.Framework)
		}
	}
}

// checkDescription compares what the allocator was told bit by bit with what it
// would be told now at once.
func (c *cluster) checkDescription() {
	c.t.Helper()
	now := newTold()
	c.describeCluster(now.take)
	for id, f := range now.frameworks {
		was := c.told.frameworks[id]
		if len(f.Suppressed) == 0 && len(was.Suppressed) == 0 {
			f.Suppressed, was.Suppressed = nil, nil
		}
		if !reflect.DeepEqual(f, was) {
			c.t.Fatalf("an allocator that connects is told of framework %s: %+v; so far it was told %+v", id, f, was)
		}
	}
	for id, a := range now.agents {
		was := c.told.agents[id]
		same := a.Total.Equal(was.Total)
		was.Total = a.Total
		if !same || !reflect.DeepEqual(a.Agent, was.Agent) || a.active != was.active || len(a.held) != len(was.held) {
			c.t.Fatalf("an allocator that connects is told of agent %s: %+v; so far it was told %+v", id, a, was)
		}
		for framework, rs := range a.held {
			if !rs.Equal(was.held[framework]) {
				c.t.Fatalf("agent %s: framework %s holds %s; the allocator was told %s", id, framework, rs, was.held[framework])
			}
		}
	}
	if len(now.frameworks) != len(c.told.frameworks) || len(now.agents) != len(c.told.agents) {
		c.t.Fatalf("an allocator that connects is told of %d frameworks and %d agents; so far it was told of %d and %d",
			len(now.frameworks), len(now.agents), len(c.told.frameworks), len(c.told.agents))
	}
	if c.session > 0 && !(reflect.DeepEqual(now.weights, c.told.weights) && reflect.DeepEqual(now.whitelist, c.told.whitelist)) ||
		!reflect.DeepEqual(now.quota, c.told.quota) {
		c.t.Fatalf("an allocator that connects is told %+v; so far it was told %+v", now, c.told)
	}
}

// connectAllocator gives the master an allocator that knows nothing.
func (c *cluster) connectAllocator(session AllocatorSession) {
	c.told = newTold()
	c.held = make(map[holder]resources.Resources)
	c.step(AllocatorConnected{Session: session})
}

func TestAnAllocatorThatConnectsIsToldEverything(t *testing.T) {
	config := testConfig()
	config.Weights = map[string]float64{"dev": 2}
	config.Whitelist = map[string]bool{"a1.example": true}
	c := newCluster(t, config, Recovered{})
	c.connectAllocator(1)
	here, away := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(multiRole("dev", "prod")))
	if err := s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_SUPPRESS.Enum(), Suppress: &schedulerpb.Call_Suppress{Roles: []string{"prod"}},
	}); err != nil {
		t.Fatal(err)
	}
	id := mesos.FrameworkID(s.id)
	used := c.offerTo(s, here, "dev", "cpus:1;mem:512")
	if err := s.accept([]mesos.OfferID{used}, commandTask("t", here, "cpus:1;mem:128")); err != nil {
		t.Fatal(err)
	}
	c.offerTo(s, here, "dev", "cpus:2")
	c.step(LinkClosed{Link: 2})

	c.connectAllocator(2) // and cluster.check compares
	if f := c.told.frameworks[id]; !f.active || !slices.Equal(f.Suppressed, []string{"prod"}) {
		t.Errorf("the framework is told as %+v", f)
	}
	if a := c.told.agents[here]; !a.active || a.held[id].Quantities().String() != "cpus:3; mem:128" {
		t.Errorf("the agent with a task and an offer is told as %+v", a)
	}
	if a := c.told.agents[away]; a.active || len(a.held) > 0 {
		t.Errorf("the agent that is away is told as %+v", a)
	}
	if c.told.weights["dev"] != 2 || !c.told.whitelist["a1.example"] {
		t.Errorf("weights are told as %v, the whitelist as %v", c.told.weights, c.told.whitelist)
	}
}

func TestAChangedWhitelistIsTold(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	for session, hosts := range []map[string]bool{{"a1.example": true}, {}, nil} {
		c.step(UpdateWhitelist{Hostnames: hosts})
		if (c.told.whitelist == nil) != (hosts == nil) || len(c.told.whitelist) != len(hosts) {
			t.Errorf("%v is told as %v", hosts, c.told.whitelist)
		}
		c.connectAllocator(AllocatorSession(session + 1)) // and cluster.check compares
	}
}

// give lets the allocator of a session give resources, and counts the offers
// that become of it.
func (c *cluster) give(session AllocatorSession, s *scheduler, agent mesos.AgentID, role, text string) (offers int) {
	c.t.Helper()
	c.take()
	c.step(Allocated{Session: session, Output: allocation.OffersReady{
		Framework: mesos.FrameworkID(s.id),
		Offers:    []allocation.Offered{{Role: role, Agent: agent, Resources: resources.MustParse(text).Allocate(role)}},
	}})
	for _, e := range c.take() {
		if _, ok := e.(PutOffer); ok {
			offers++
		}
	}
	return offers
}

func TestWhatALostAllocatorGaveIsNotOffered(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	before := c.offer(s, a, "cpus:3;mem:512")
	c.connectAllocator(2)
	if n := c.give(1, s, a, "*", "cpus:1"); n != 0 {
		t.Errorf("%d offers of what the lost allocator gave", n)
	}
	c.offer(s, a, "cpus:1;mem:512")
	if len(c.offers) != 2 {
		t.Errorf("%d offers are out, want the one of before and that of the new session", len(c.offers))
	}
	if err := s.accept([]mesos.OfferID{before}, commandTask("t", a, "cpus:1;mem:128")); err != nil {
		t.Fatal(err)
	}
	if task := c.views.tasks[s.id+" t"].Task; task.GetState() != mesospb.TaskState_TASK_STAGING {
		t.Errorf("the task of the offer made before: %v", task)
	}
	if held := c.told.agents[a].held[mesos.FrameworkID(s.id)].Quantities(); held.String() != "cpus:2; mem:640" {
		t.Errorf("the new allocator believes that %s are held", held)
	}
}

func TestWhatIsNotFreeIsNotOffered(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo(multiRole("dev")))
	c.offerTo(s, a, "dev", "cpus:3;mem:512")
	for _, wrong := range []allocation.Offered{
		{Role: "dev", Agent: a, Resources: resources.MustParse("cpus:2")}, // 1 is free
		{Role: "dev", Agent: a, Resources: resources.MustParse("gpus:1")},
		{Role: "prod", Agent: a, Resources: resources.MustParse("cpus:1")}, // not a role of the framework
		{Role: "dev", Agent: "M-S9", Resources: resources.MustParse("cpus:1")},
	} {
		wrong.Resources = wrong.Resources.Allocate(wrong.Role)
		grant := allocation.Grant{Framework: mesos.FrameworkID(s.id), Agent: wrong.Agent, Resources: wrong.Resources}
		c.hold(grant) // it comes back
		if n := c.give(0, s, wrong.Agent, wrong.Role, wrong.Resources.Unallocate().String()); n != 0 {
			t.Errorf("%+v: %d offers", wrong, n)
		}
	}
	c.offerTo(s, a, "dev", "cpus:1;mem:512")
	if len(c.offers) != 2 {
		t.Errorf("%d offers are out, want 2", len(c.offers))
	}
}

func TestEachInputSaysWhichSessionItIsFor(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	c.agent(1, "cpus:4;mem:1024")
	c.connectAllocator(2)
	c.subscribe("s1", frameworkInfo())
	var sessions []AllocatorSession
	for _, e := range c.take() {
		if e, ok := e.(Allocate); ok {
			sessions = append(sessions, e.Session)
		}
	}
	if !slices.Equal(sessions, []AllocatorSession{1, 2, 2}) {
		t.Errorf("sessions of what the allocator is told: %v", sessions)
	}
}
