package firstfit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// play is a policy and the time it is told. What it gives is noted as
// "framework: agent resources".
type play struct {
	*Policy
	t     *testing.T
	now   time.Time
	given []string
}

func newPlay(t *testing.T) *play {
	return &play{Policy: New(Config{}), t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// tell gives the policy inputs, then ticks for as long as it wants at once.
func (p *play) tell(inputs ...allocation.Input) {
	p.t.Helper()
	for _, in := range inputs {
		p.note(p.Step(p.now, in))
	}
	p.settle()
}

func (p *play) settle() {
	for next := p.Next(); !next.IsZero() && !next.After(p.now); next = p.Next() {
		p.note(p.Step(p.now, allocation.Tick{}))
	}
}

func (p *play) pass(d time.Duration) {
	end := p.now.Add(d)
	for next := p.Next(); !next.IsZero() && !next.After(end); next = p.Next() {
		p.now = next
		p.note(p.Step(p.now, allocation.Tick{}))
		p.settle()
	}
	p.now = end
}

func (p *play) note(outputs []allocation.Output) {
	for _, out := range outputs {
		switch out := out.(type) {
		case allocation.OffersReady:
			for _, o := range out.Offers {
				p.given = append(p.given, fmt.Sprintf("%s: %s %s", out.Framework, o.Agent, o.Resources.Unallocate()))
			}
		case allocation.Refused:
			p.given = append(p.given, "refused: "+out.Err.Error())
		}
	}
}

func (p *play) want(lines ...string) {
	p.t.Helper()
	if got := strings.Join(p.given, " | "); got != strings.Join(lines, " | ") {
		p.t.Errorf("given:\n  %s\nwant:\n  %s", got, strings.Join(lines, " | "))
	}
	p.given = nil
}

func newcomer(id string, roles ...string) allocation.AddFramework {
	return allocation.AddFramework{Framework: &allocation.Framework{ID: mesos.FrameworkID(id), Roles: roles}, Active: true}
}

func agentOf(id, total string, used ...allocation.Grant) allocation.AddAgent {
	return allocation.AddAgent{Agent: &allocation.Agent{ID: mesos.AgentID(id), Hostname: id + ".example", Total: resources.MustParse(total)}, Used: used}
}

func grant(framework, agent, text string) allocation.Grant {
	return allocation.Grant{Framework: mesos.FrameworkID(framework), Agent: mesos.AgentID(agent), Resources: resources.MustParse(text).Allocate("*")}
}

func decline(g allocation.Grant, refuse time.Duration) allocation.Recover {
	return allocation.Recover{Grant: g, Refuse: refuse, Declined: true}
}

func TestTheFullestAgentIsOfferedFirst(t *testing.T) {
	p := newPlay(t)
	p.tell(agentOf("a1", "cpus:4"), agentOf("a2", "cpus:4", grant("F0", "a2", "cpus:3")), agentOf("a3", "cpus:4"), newcomer("F1", "*"))
	p.want("F1: a2 cpus:1")
	p.tell(decline(grant("F1", "a2", "cpus:1"), 5*time.Second))
	p.want("F1: a1 cpus:4")
	p.pass(time.Second) // it does not answer
	p.want("F1: a3 cpus:4")
	p.tell(allocation.Recover{Grant: grant("F1", "a1", "cpus:3"), Declined: true}) // one cpu of a1 is in use
	p.pass(4 * time.Second)
	p.want("F1: a1 cpus:3", "F1: a2 cpus:1")
}

func TestFirstComeFirstServed(t *testing.T) {
	p := newPlay(t)
	p.tell(newcomer("F1", "*"), newcomer("F2", "*"), agentOf("a1", "cpus:4"))
	p.want("F1: a1 cpus:4")
	p.tell(decline(grant("F1", "a1", "cpus:4"), time.Minute))
	p.want("F2: a1 cpus:4")
}

func TestWhatFrameworksSaidHolds(t *testing.T) {
	p := newPlay(t)
	p.tell(newcomer("F1", "*"), allocation.Suppress{ID: "F1"}, agentOf("a1", "cpus:4"))
	p.want()
	p.tell(allocation.Revive{ID: "F1"})
	p.want("F1: a1 cpus:4")
	p.tell(decline(grant("F1", "a1", "cpus:4"), time.Hour))
	p.pass(30 * time.Minute)
	p.want()
	p.tell(allocation.Revive{ID: "F1"})
	p.want("F1: a1 cpus:4")
	p.tell(allocation.DeactivateFramework{ID: "F1"}, allocation.Recover{Grant: grant("F1", "a1", "cpus:4"), Declined: true})
	p.pass(time.Hour)
	p.want()
	p.tell(allocation.ActivateFramework{ID: "F1"})
	p.want("F1: a1 cpus:4")
	p.tell(allocation.RemoveFramework{ID: "F1"}, newcomer("F2", "*"))
	p.want("F2: a1 cpus:4")
}

func TestAgentsThatMayNotBeOffered(t *testing.T) {
	gpus := newcomer("F2", "*")
	gpus.Framework.Capabilities = allocation.GPUResources
	picky := newcomer("F3", "*")
	picky.Framework.Constraints = map[string]allocation.Constraints{"*": never{}}
	for name, test := range map[string]struct {
		inputs []allocation.Input
		want   []string
	}{
		"deactivated":     {[]allocation.Input{newcomer("F1", "*"), agentOf("a1", "cpus:4"), allocation.DeactivateAgent{ID: "a1"}}, nil},
		"removed":         {[]allocation.Input{newcomer("F1", "*"), agentOf("a1", "cpus:4"), allocation.RemoveAgent{ID: "a1"}}, nil},
		"not whitelisted": {[]allocation.Input{newcomer("F1", "*"), agentOf("a1", "cpus:4"), allocation.UpdateWhitelist{Hostnames: map[string]bool{}}}, nil},
		"whitelisted": {[]allocation.Input{newcomer("F1", "*"), agentOf("a1", "cpus:4"), allocation.UpdateWhitelist{Hostnames: map[string]bool{"a1.example": true}}},
			[]string{"F1: a1 cpus:4"}},
		"with gpus":            {[]allocation.Input{newcomer("F1", "*"), gpus, agentOf("a1", "cpus:4;gpus:1")}, []string{"F2: a1 cpus:4; gpus:1"}},
		"reserved":             {[]allocation.Input{newcomer("F1", "dev"), agentOf("a1", "cpus(prod):4;cpus(dev):1")}, []string{"F1: a1 cpus(reservations: [(STATIC,dev)]):1"}},
		"against constraints":  {[]allocation.Input{picky, agentOf("a1", "cpus:4")}, nil},
		"there is no quota":    {[]allocation.Input{allocation.UpdateQuota{Role: "dev"}}, []string{"refused: role dev: the policy first-fit has no quota"}},
		"there are no weights": {[]allocation.Input{allocation.UpdateWeights{}}, []string{"refused: the policy first-fit has no weights"}},
		"recovered twice": {[]allocation.Input{agentOf("a1", "cpus:4"), decline(grant("F1", "a1", "cpus:1"), 0)},
			[]string{"refused: recover: agent a1: framework F1 does not hold cpus(allocated: *):1"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			for _, in := range test.inputs { // all before the first Tick
				p.note(p.Step(p.now, in))
			}
			p.settle()
			p.want(test.want...)
		})
	}
}

type never struct{}

func (never) Match(*allocation.Agent) string { return "it is never right" }

func TestAnOperationChangesTheAgent(t *testing.T) {
	p := newPlay(t)
	p.tell(newcomer("F1", "dev"), agentOf("a1", "cpus:4"))
	p.given = nil
	before, after := resources.MustParse("cpus:4").Allocate("dev"), resources.MustParse("cpus(dev):4").Allocate("dev")
	g := allocation.Grant{Framework: "F1", Agent: "a1", Resources: before}
	p.tell(allocation.UpdateAllocation{Grant: g, Converted: after})
	g.Resources = after
	p.tell(newcomer("F2", "prod"), decline(g, time.Second))
	p.pass(time.Second)
	p.want("F1: a1 cpus(reservations: [(STATIC,dev)]):4")
}

// https://mesos.apache.org/documentation/latest/maintenance/
func TestAgentsThatGoAwayComeLast(t *testing.T) {
	p := newPlay(t)
	full := grant("F0", "a1", "cpus:3")
	outage := &allocation.Unavailability{Start: p.now.Add(time.Hour), Duration: time.Hour}
	p.tell(agentOf("a1", "cpus:4", full), agentOf("a2", "cpus:4"), allocation.UpdateUnavailability{ID: "a1", Unavailability: outage}, newcomer("F1", "*"))
	p.want("F1: a2 cpus:4")
	p.pass(time.Second)
	p.want("F1: a1 cpus:1")
	p.tell(decline(grant("F1", "a1", "cpus:1"), 0))
	p.pass(2 * time.Hour)
	p.given = nil
	p.tell(allocation.UpdateUnavailability{ID: "a1", Unavailability: &allocation.Unavailability{Start: p.now.Add(-time.Minute), Duration: time.Hour}},
		decline(grant("F1", "a1", "cpus:1"), 0))
	p.pass(58 * time.Minute)
	p.want() // it is away
	p.pass(time.Minute)
	p.want("F1: a1 cpus:1")
	p.tell(allocation.UpdateUnavailability{ID: "a1", Unavailability: &allocation.Unavailability{Start: p.now}}, decline(grant("F1", "a1", "cpus:1"), 0))
	p.pass(time.Hour)
	p.want()
	p.tell(allocation.UpdateUnavailability{ID: "a1"})
	p.want("F1: a1 cpus:1")
}

func TestMoreThanWasKnownIsHeld(t *testing.T) {
	p := newPlay(t)
	p.tell(agentOf("a1", "cpus:4"), allocation.Hold{Grant: grant("F0", "a1", "cpus:3")}, newcomer("F1", "*"))
	p.want("F1: a1 cpus:1")
}
