package master

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// machine is where the agent of a link is.
func machine(link LinkID) *mesospb.MachineID {
	return &mesospb.MachineID{Hostname: new(fmt.Sprintf("A%d.Example", link)), Ip: new(fmt.Sprintf("10.0.0.%d", link))}
}

// window is an outage of machines that begins in an hour and lasts two.
func window(machines ...*mesospb.MachineID) *maintenancepb.Window {
	return &maintenancepb.Window{MachineIds: machines, Unavailability: &mesospb.Unavailability{
		Start:    &mesospb.TimeInfo{Nanoseconds: new(epoch.Add(time.Hour).UnixNano())},
		Duration: &mesospb.DurationInfo{Nanoseconds: new(int64(2 * time.Hour))},
	}}
}

func (c *cluster) schedule(windows ...*maintenancepb.Window) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input {
		return UpdateMaintenanceSchedule{Request: id, Schedule: &maintenancepb.Schedule{Windows: windows}}
	})
}

func (c *cluster) takeDown(machines ...*mesospb.MachineID) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return StartMaintenance{Request: id, Machines: machines} })
}

func (c *cluster) bringUp(machines ...*mesospb.MachineID) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return StopMaintenance{Request: id, Machines: machines} })
}

// machines says which machines readers see in which mode.
func (c *cluster) machines() string {
	var words []string
	for _, m := range c.views.status.GetDrainingMachines() {
		words = append(words, m.GetId().GetHostname()+" draining")
	}
	for _, m := range c.views.status.GetDownMachines() {
		words = append(words, m.GetHostname()+" down")
	}
	return strings.Join(words, ", ")
}

// askToLeave lets the allocator ask a framework to leave an agent and returns
// the inverse offer's ID, "" if none was made.
func (c *cluster) askToLeave(s *scheduler, agent mesos.AgentID) mesos.OfferID {
	c.t.Helper()
	c.take()
	c.step(Allocated{Session: c.session, Output: allocation.InverseOffersReady{
		Framework: mesos.FrameworkID(s.id), Agents: []allocation.InverseOffered{{Agent: agent}},
	}})
	for _, e := range c.take() {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_INVERSE_OFFERS {
			return mesos.OfferID(e.Event.GetInverseOffers().GetInverseOffers()[0].GetId().GetValue())
		}
	}
	return ""
}

func (s *scheduler) declineInverse(refuse time.Duration, ids ...mesos.OfferID) {
	s.c.t.Helper()
	granted(s.c.t, s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_DECLINE_INVERSE_OFFERS.Enum(),
		DeclineInverseOffers: &schedulerpb.Call_DeclineInverseOffers{
			InverseOfferIds: offerIDs(ids), Filters: &mesospb.Filters{RefuseSeconds: new(refuse.Seconds())},
		},
	}))
}

func (s *scheduler) acceptInverse(ids ...mesos.OfferID) {
	s.c.t.Helper()
	granted(s.c.t, s.call(&schedulerpb.Call{
		Type:                schedulerpb.Call_ACCEPT_INVERSE_OFFERS.Enum(),
		AcceptInverseOffers: &schedulerpb.Call_AcceptInverseOffers{InverseOfferIds: offerIDs(ids)},
	}))
}

// told takes what the allocator was told of some kind since the last take.
func toldOf[I allocation.Input](c *cluster) (list []I) {
	for _, e := range c.take() {
		if e, ok := e.(Allocate); ok {
			if in, ok := e.Input.(I); ok {
				list = append(list, in)
			}
		}
	}
	return list
}

func TestAScheduleThatMakesNoSenseIsRefused(t *testing.T) {
	// covers: MasterMaintenanceTest.UpdateSchedule
	c := newCluster(t, testConfig(), Recovered{})
	c.step(Tick{})
	granted(t, c.schedule(window(machine(1))))
	negative, unknown := window(machine(1)), window(machine(1))
	negative.Unavailability.Duration.Nanoseconds = new(int64(-10))
	unknown.Unavailability = nil
	wrongIP := machine(1)
	wrongIP.Ip = new("10.0.0.1000")
	says(t, c.schedule(window()), mesos.Invalid, "windows[0]", "no machines")
	says(t, c.schedule(negative), mesos.Invalid, "windows[0]", "negative")
	says(t, c.schedule(unknown), mesos.Invalid, "windows[0]", "start")
	says(t, c.schedule(window(machine(1)), window(machine(1))), mesos.Invalid, "windows[1]", "a1.example", "earlier window")
	says(t, c.schedule(window(machine(1), machine(1))), mesos.Invalid, "named twice")
	says(t, c.schedule(window(new(mesospb.MachineID))), mesos.Invalid, "neither hostname nor ip")
	says(t, c.schedule(window(wrongIP)), mesos.Invalid, "10.0.0.1000")
	huge := window()
	for i := range 100_000 {
		huge.MachineIds = append(huge.MachineIds, &mesospb.MachineID{Hostname: new(fmt.Sprintf("machine%d", i))})
	}
	says(t, c.schedule(huge), mesos.Invalid, "not supported")
	if got := c.machines(); got != "A1.Example draining" {
		t.Errorf("after requests that were refused: %s", got)
	}
	past := window(machine(1))
	past.Unavailability.Start.Nanoseconds = new(int64(-10))
	granted(t, c.schedule(past))
	granted(t, c.schedule(window(machine(1), machine(2))))
	if got := c.machines(); got != "A1.Example draining, A2.Example draining" {
		t.Errorf("machines are %s", got)
	}
	granted(t, c.schedule())
	if c.machines() != "" || len(c.views.schedule.GetWindows()) > 0 || c.registry[maintenanceKey] != nil {
		t.Errorf("an empty schedule leaves %s, and the registry has %q", c.views.schedule, c.registry[maintenanceKey])
	}
}

func TestOffersOfAMachineInTheScheduleSayWhenItIsUnavailable(t *testing.T) {
	// covers: MasterMaintenanceTest.PendingUnavailabilityTest
	c := newCluster(t, testConfig(), Recovered{})
	a, other := c.agent(1, "cpus:4;mem:1024"), c.agent(2, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	before, elsewhere := c.offer(s, a, "cpus:1"), c.offer(s, other, "cpus:1")
	if c.views.offers[before].Unavailability != nil {
		t.Error("an offer of a machine that is not in the schedule has an unavailability")
	}
	granted(t, c.schedule(window(machine(1), &mesospb.MachineID{Hostname: new("a2.example")})))
	if got := c.rescinded(); !slices.Equal(got, []string{string(before)}) {
		t.Errorf("%v were rescinded; %s is of no machine in the schedule, as its address differs", got, elsewhere)
	}
	start, length := epoch.Add(time.Hour), 2*time.Hour
	if told := c.told.agents[a].Unavailability; told == nil || !told.Start.Equal(start) || told.Duration != length {
		t.Errorf("the allocator was told %v", told)
	}
	after := c.offer(s, a, "cpus:1")
	if u := c.views.offers[after].GetUnavailability(); u.GetStart().GetNanoseconds() != start.UnixNano() ||
		u.GetDuration().GetNanoseconds() != int64(length) {
		t.Errorf("the offer has unavailability %v", u)
	}
	if id := c.askToLeave(s, a); id == "" || len(c.views.frameworks[mesos.FrameworkID(s.id)].Framework.InverseOffers) != 1 {
		t.Error("no inverse offer was made, or readers don't see it")
	}
	granted(t, c.schedule(window(machine(1))))
	if got := c.rescinded(); len(got) > 0 {
		t.Errorf("%v were rescinded, but nothing changed for them", got)
	}
	granted(t, c.schedule())
	if told := c.told.agents[a].Unavailability; told != nil || len(c.inverseOffers) > 0 || len(c.rescinded()) != 1 {
		t.Errorf("out of the schedule the allocator was told %v, and %d inverse offers are out", told, len(c.inverseOffers))
	}
	if c.askToLeave(s, a) != "" {
		t.Error("an inverse offer was made of a machine that is in no schedule")
	}
}

func TestMachinesGoDownAndComeUpAgain(t *testing.T) {
	// covers: MasterMaintenanceTest.BringDownMachines
	// covers: MasterMaintenanceTest.BringUpMachines
	// covers: MasterMaintenanceTest.FailToUnscheduleDeactivatedMachines
	// covers: MasterMaintenanceTest.MachineStatus
	// covers: RegistrarTest.UpdateMaintenanceSchedule
	// covers: RegistrarTest.StartMaintenance
	// covers: RegistrarTest.StopMaintenance
	c := newCluster(t, testConfig(), Recovered{})
	c.step(Tick{})
	says(t, c.takeDown(), mesos.Invalid, "no machines")
	says(t, c.takeDown(machine(1)), mesos.Invalid, "a1.example", "not in the maintenance schedule")
	says(t, c.bringUp(), mesos.Invalid, "no machines")
	says(t, c.bringUp(machine(1)), mesos.Invalid, "a1.example", "not in the maintenance schedule")
	granted(t, c.schedule(window(machine(1), machine(2))))
	says(t, c.takeDown(machine(1), machine(1)), mesos.Invalid, "named twice")
	says(t, c.takeDown(machine(1), new(mesospb.MachineID)), mesos.Invalid, "neither hostname nor ip")
	says(t, c.bringUp(machine(1)), mesos.Invalid, "not down")
	granted(t, c.takeDown(machine(1)))
	if got := c.machines(); got != "A2.Example draining, A1.Example down" {
		t.Errorf("machines are %s", got)
	}
	says(t, c.takeDown(machine(1)), mesos.Invalid, "down already")
	says(t, c.schedule(window(machine(2))), mesos.Invalid, "a1.example", "is down")
	says(t, c.bringUp(machine(1), machine(2)), mesos.Invalid, "a2.example", "not down")

	next := c.failover()
	if got := next.machines(); got != "A2.Example draining, A1.Example down" {
		t.Errorf("after a failover machines are %s", got)
	}
	granted(t, next.bringUp(machine(1)))
	if got := next.machines(); got != "A2.Example draining" || len(next.views.schedule.GetWindows()[0].GetMachineIds()) != 1 {
		t.Errorf("machines are %s, the schedule is %v", got, next.views.schedule)
	}
	granted(t, next.takeDown(machine(2)))
	granted(t, next.bringUp(machine(2)))
	if len(next.views.schedule.GetWindows()) != 0 {
		t.Errorf("the schedule is %v", next.views.schedule)
	}
}

func TestAgentsOfAMachineThatGoesDownAreRemovedAndRefused(t *testing.T) {
	// covers: MasterMaintenanceTest.EnterMaintenanceMode
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4;mem:1024")
	s := c.subscribe("s1", frameworkInfo())
	granted(t, s.accept([]mesos.OfferID{c.offer(s, a, "cpus:2;mem:256")}, commandTask("t", a, "cpus:1;mem:64")))
	granted(t, c.schedule(window(machine(1))))
	left := c.offer(s, a, "cpus:1")
	c.take()
	granted(t, c.takeDown(machine(1)))
	out := c.take()
	if got := refused(out); !strings.Contains(got, "maintenance") {
		t.Errorf("the agent was told %q", got)
	}
	if c.agents[a] != nil || c.views.offers[left] != nil || c.registry[AdmittedKey(a)] != nil {
		t.Error("the agent is still there")
	}
	var events []string
	for _, e := range out {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE {
			status := e.Event.GetUpdate().GetStatus()
			events = append(events, status.GetState().String(), status.GetReason().String(), status.GetSource().String())
		} else if ok {
			events = append(events, e.Event.GetType().String())
		}
	}
	if want := []string{"RESCIND", "TASK_LOST", "REASON_AGENT_REMOVED", "SOURCE_MASTER", "FAILURE"}; !slices.Equal(events, want) {
		t.Errorf("the framework was told %v, want %v", events, want)
	}

	c.step(registerMessage(1, "cpus:4;mem:1024"))
	if got := refused(c.take()); !strings.Contains(got, "down for maintenance") || len(c.agents) > 0 {
		t.Errorf("a new agent on the machine was refused with %q", got)
	}
	c.step(reregisterMessage(1, string(a), nil))
	if got := refused(c.take()); !strings.Contains(got, "down for maintenance") || len(c.agents) > 0 {
		t.Errorf("the agent that comes back was refused with %q", got)
	}
	next := c.failover()
	next.step(registerMessage(1, "cpus:4;mem:1024"))
	if len(next.agents) > 0 {
		t.Error("the next master takes agents of the machine")
	}
	granted(t, next.bringUp(machine(1)))
	if a := next.agent(1, "cpus:4;mem:1024"); next.told.agents[a].Unavailability != nil {
		t.Error("the machine is up and still has an unavailability")
	}
}

func TestAnAgentThatRegistersWhileItsMachineGoesDownIsRemoved(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	granted(t, c.schedule(window(machine(1))))
	c.slowRegistry = true
	c.step(registerMessage(1, "cpus:4;mem:1024"))
	c.step(StartMaintenance{Request: 7, Machines: []*mesospb.MachineID{machine(1)}})
	for len(c.pending) > 0 {
		c.written()
	}
	if got := refused(c.take()); len(c.agents) > 0 || got == "" {
		t.Errorf("%d agents are registered, and it was told %q", len(c.agents), got)
	}
}

func TestFrameworksAnswerInverseOffers(t *testing.T) {
	// covers: MasterMaintenanceTest.InverseOffers
	// covers: MasterMaintenanceTest.InverseOffersFilters
	// covers: MasterMaintenanceTest.AcceptInvalidInverseOffer
	c := newCluster(t, testConfig(), Recovered{})
	granted(t, c.schedule(window(machine(1))))
	a := c.agent(1, "cpus:4;mem:1024")
	if c.told.agents[a].Unavailability == nil {
		t.Fatal("the allocator was not told of the unavailability of an agent that came later")
	}
	s, other := c.subscribe("s1", frameworkInfo()), c.subscribe("s2", frameworkInfo())
	answer := func() (string, int) {
		statuses := c.views.status.GetDrainingMachines()[0].GetStatuses()
		if len(statuses) == 0 {
			return "", 0
		}
		return statuses[0].GetFrameworkId().GetValue() + " " + statuses[0].GetStatus().String(), len(statuses)
	}
	if got, _ := answer(); got != "" {
		t.Errorf("before anyone was asked the answer is %s", got)
	}
	first := c.askToLeave(s, a)
	if c.askToLeave(s, a) != "" {
		t.Error("the framework was asked twice")
	}
	other.acceptInverse(first, "M-O77") // not its own; and no such offer
	if got, _ := answer(); got != "" || len(c.inverseOffers) != 1 {
		t.Errorf("another framework's answer counts: %s", got)
	}
	s.declineInverse(0, first)
	if got, n := answer(); got != s.id+" DECLINE" || n != 1 {
		t.Errorf("the answer is %s", got)
	}
	if told := toldOf[allocation.InverseOfferAnswered](c); len(told) != 1 || told[0].Accepted || told[0].Refuse != 0 {
		t.Errorf("the allocator was told %+v", told)
	}
	second := c.askToLeave(s, a)
	c.pass(time.Second)
	s.acceptInverse(second)
	if got, n := answer(); got != s.id+" ACCEPT" || n != 1 {
		t.Errorf("the answer is %s", got)
	}
	if told := toldOf[allocation.InverseOfferAnswered](c); len(told) != 1 || !told[0].Accepted || told[0].Refuse != 5*time.Second {
		t.Errorf("the allocator was told %+v", told)
	}
	s.declineInverse(0, second) // it is over
	if got, _ := answer(); got != s.id+" ACCEPT" {
		t.Errorf("the answer is %s", got)
	}
	other.declineInverse(time.Minute, c.askToLeave(other, a))
	if _, n := answer(); n != 2 {
		t.Errorf("%d answers, want 2", n)
	}
	granted(t, c.asked(func(id RequestID) Input { return Teardown{Request: id, Framework: s.id} }))
	if got, n := answer(); got != other.id+" DECLINE" || n != 1 {
		t.Errorf("with one framework removed the answer is %s", got)
	}
	later := window(machine(1))
	later.Unavailability.Start.Nanoseconds = new(epoch.Add(9 * time.Hour).UnixNano())
	granted(t, c.schedule(later))
	if got, _ := answer(); got != "" {
		t.Errorf("the answer to another schedule is %s", got)
	}
}

func TestInverseOffersThatCantBeAnsweredAnyMoreAreWithdrawn(t *testing.T) {
	config := testConfig()
	config.OfferTimeout = time.Minute
	for name, happens := range map[string]struct {
		do      func(*cluster, *scheduler)
		rescind bool // the framework is told
		tell    bool // the allocator is told
	}{
		"the offer timeout passes":     {func(c *cluster, _ *scheduler) { c.pass(time.Minute) }, true, true},
		"the agent is away":            {func(c *cluster, _ *scheduler) { c.step(LinkClosed{Link: 1}) }, true, true},
		"the schedule changes":         {func(c *cluster, _ *scheduler) { granted(c.t, c.schedule()) }, true, true},
		"the framework is away":        {func(c *cluster, s *scheduler) { c.step(StreamClosed{Stream: s.stream}) }, false, true},
		"the framework fails over":     {func(c *cluster, s *scheduler) { c.subscribe("s9", frameworkInfo(withFramework(s.id))) }, false, true},
		"another allocator takes over": {func(c *cluster, _ *scheduler) { c.connectAllocator(2) }, true, false},
		"the machine goes down":        {func(c *cluster, _ *scheduler) { granted(c.t, c.takeDown(machine(1))) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, config, Recovered{})
			granted(t, c.schedule(window(machine(1))))
			a := c.agent(1, "cpus:4;mem:1024")
			s := c.subscribe("s1", frameworkInfo())
			id := c.askToLeave(s, a)
			c.take()
			happens.do(c, s)
			rescinded, told := false, false
			for _, e := range c.take() {
				switch e := e.(type) {
				case SendEvent:
					rescinded = rescinded || e.Event.GetRescindInverseOffer().GetInverseOfferId().GetValue() == string(id)
				case Allocate:
					answered, ok := e.Input.(allocation.InverseOfferAnswered)
					told = told || ok && answered.Withdrawn && answered.Agent == a
				}
			}
			if rescinded != happens.rescind || told != happens.tell || len(c.inverseOffers) > 0 {
				t.Errorf("rescinded %v, allocator told %v, %d inverse offers left", rescinded, told, len(c.inverseOffers))
			}
			if f := c.views.frameworks[mesos.FrameworkID(s.id)].Framework; len(f.InverseOffers) > 0 {
				t.Errorf("readers see %v", f.InverseOffers)
			}
		})
	}
}
