package allocator

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

const (
	costAgents     = 64
	costFrameworks = 16
)

// settled is an allocator all of whose agents are held by frameworks of four
// roles, and its time.
func settled(t *testing.T) (*Allocator, time.Time) {
	t.Helper()
	al, now := New(Config{MinAllocatable: DefaultMinAllocatable()}), time.Unix(1_800_000_000, 0)
	for f := range costFrameworks {
		al.Step(now, allocation.AddFramework{Active: true, Framework: &allocation.Framework{
			ID: costFramework(f), Roles: []string{fmt.Sprintf("eng/team-%d", f%4)}}})
	}
	for a := range costAgents {
		al.Step(now, allocation.AddAgent{Agent: &allocation.Agent{ID: costAgent(a), Total: resources.MustParse("cpus:8;mem:1024;ports:[1-100]")}})
	}
	al.Step(now, allocation.Tick{})
	if al.Next().Equal(now) {
		t.Fatal("there is more to do")
	}
	return al, now
}

func costFramework(f int) mesos.FrameworkID { return mesos.FrameworkID(fmt.Sprintf("F%02d", f)) }
func costAgent(a int) mesos.AgentID         { return mesos.AgentID(fmt.Sprintf("S%02d", a)) }

// heldOf is a small part of what somebody holds of an agent.
func heldOf(t *testing.T, al *Allocator, a int) allocation.Grant {
	t.Helper()
	cl := al.clients[al.agents[al.agentIDs[costAgent(a)]].held[0].client]
	return allocation.Grant{Framework: al.frameworks[cl.framework].id, Agent: costAgent(a),
		Resources: resources.MustParse("cpus:1;mem:64;ports:[7-7]").Allocate(cl.role)}
}

// TestAnEventTouchesOnlyWhatItChanged counts the agents that the next tick
// looks at, and the nodes of the tree that it sorts.
func TestAnEventTouchesOnlyWhatItChanged(t *testing.T) {
	for name, event := range map[string]struct {
		in     func(al *Allocator) allocation.Input
		agents int
		all    bool
	}{
		"a task ends":            {func(al *Allocator) allocation.Input { return allocation.Recover{Grant: heldOf(t, al, 3)} }, 1, false},
		"an agent is activated":  {func(*Allocator) allocation.Input { return allocation.ActivateAgent{ID: costAgent(3)} }, 1, false},
		"an agent goes":          {func(*Allocator) allocation.Input { return allocation.RemoveAgent{ID: costAgent(3)} }, 0, false},
		"a framework suppresses": {func(*Allocator) allocation.Input { return allocation.Suppress{ID: costFramework(3)} }, 0, false},
		"a framework pauses":     {func(*Allocator) allocation.Input { return allocation.DeactivateFramework{ID: costFramework(3)} }, 0, false},
		"a weight changes": {func(*Allocator) allocation.Input {
			return allocation.UpdateWeights{Weights: map[string]float64{"eng": 2}}
		}, 0, false},
		"a framework revives": {func(*Allocator) allocation.Input { return allocation.Revive{ID: costFramework(3)} }, 0, true},
	} {
		al, now := settled(t)
		al.Step(now, event.in(al))
		if len(al.changed) != event.agents || al.allChanged != event.all {
			t.Errorf("%s: %d agents to look at, all: %v; want %d, %v", name, len(al.changed), al.allChanged, event.agents, event.all)
		}
	}
	al, now := settled(t)
	al.Step(now, allocation.Recover{Grant: heldOf(t, al, 3)})
	if path := 4; al.tree.stale || len(al.tree.noted) > path { // eng, its team, the team's frameworks, the framework
		t.Errorf("%d nodes to sort, all: %v; want at most %d", len(al.tree.noted), al.tree.stale, path)
	}
}

// TestARevivalConcernsOneClient sees that others stay denied what they were denied.
func TestARevivalConcernsOneClient(t *testing.T) {
	al, now := settled(t)
	for a := range costAgents {
		cl := al.clients[al.agents[a].held[0].client]
		al.Step(now, allocation.Recover{Declined: true, Refuse: 24 * time.Hour, Grant: allocation.Grant{
			Framework: al.frameworks[cl.framework].id, Agent: costAgent(a), Resources: al.agents[a].held[0].whole().held}})
	}
	for decline(al, now, al.Step(now, allocation.Tick{}), 24*time.Hour) > 0 {
	}
	al.Step(now, allocation.Revive{ID: costFramework(5)})
	al.forgetDenials()
	for a := range costAgents {
		if _, n := al.agents[a].denials.candidates(al.active, nil); n != 1 {
			t.Fatalf("agent %d: %d clients to ask, not 1", a, n)
		}
	}
}

// decline declines all that is offered and says how many offers that were.
func decline(al *Allocator, now time.Time, outs []allocation.Output, refuse time.Duration) int {
	var grants []allocation.Grant
	for _, out := range outs {
		if ready, ok := out.(allocation.OffersReady); ok {
			for _, o := range ready.Offers {
				grants = append(grants, allocation.Grant{Framework: ready.Framework, Agent: o.Agent, Resources: o.Resources})
			}
		}
	}
	for _, g := range grants {
		al.Step(now, allocation.Recover{Grant: g, Refuse: refuse, Declined: true})
	}
	return len(grants)
}

// TestSteadyStateMakesNoGarbage bounds what a cycle allocates when everything
// is declined again and again, and when nothing is to be done.
func TestSteadyStateMakesNoGarbage(t *testing.T) {
	al, now := settled(t)
	pass := testing.AllocsPerRun(10, func() {
		now = al.Next()
		al.Step(now, allocation.Tick{})
	})
	if pass > 0 {
		t.Errorf("a pass over agents that are all held allocates %v objects", pass)
	}

	al = New(Config{MinAllocatable: DefaultMinAllocatable()})
	for f := range costFrameworks {
		al.Step(now, allocation.AddFramework{Active: true, Framework: &allocation.Framework{ID: costFramework(f), Roles: []string{"*"}}})
	}
	for a := range costAgents {
		al.Step(now, allocation.AddAgent{Agent: &allocation.Agent{ID: costAgent(a), Total: resources.MustParse("cpus:8;mem:1024;ports:[1-100]")}})
	}
	cycle := func() int {
		now = now.Add(2 * time.Second)
		return decline(al, now, al.Step(now, allocation.Tick{}), time.Second)
	}
	for range 50 {
		if n := cycle(); n != costAgents {
			t.Fatalf("%d offers, not %d", n, costAgents)
		}
	}
	// The boxes of the inputs are one object an offer; the rest is a list of
	// offers for each framework and what is the same for all.
	allocs := testing.AllocsPerRun(20, func() { cycle() })
	if most := float64(costAgents + 3*costFrameworks + 16); allocs > most {
		t.Errorf("a cycle of %d offers that are declined allocates %v objects, more than %v", costAgents, allocs, most)
	}
}
