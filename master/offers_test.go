package master

import (
	"math"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// lastOffers are the offers of the newest OFFERS event.
func lastOffers(effects []Effect) (offers []*mesospb.Offer) {
	for _, e := range effects {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_OFFERS {
			offers = e.Event.GetOffers().GetOffers()
		}
	}
	return offers
}

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#offers
func TestAnOfferTellsWhereItsResourcesAre(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	in := registerMessage(1, "cpus:4")
	in.Message.GetRegister().AgentInfo.Attributes = []*mesospb.Attribute{
		{Name: new("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: new("r1")}},
	}
	c.step(in)
	s := c.subscribe("s", frameworkInfo())
	o := c.offer(s, "M-S0", "cpus:1")
	got := lastOffers(c.take())[0]
	if got.GetId().GetValue() != string(o) || got.GetFrameworkId().GetValue() != s.id || got.GetAgentId().GetValue() != "M-S0" {
		t.Errorf("the offer is %v", got)
	}
	url := got.GetUrl()
	if got.GetHostname() != "a1.example" || url.GetScheme() != "http" || url.GetAddress().GetIp() != "10.0.0.1" ||
		url.GetAddress().GetHostname() != "a1.example" || url.GetAddress().GetPort() != 5051 || url.GetPath() != "/slave(1)" {
		t.Errorf("the agent is at %s, %v", got.GetHostname(), url)
	}
	if a := got.GetAttributes(); len(a) != 1 || a[0].GetText().GetValue() != "r1" {
		t.Errorf("its attributes are %v", a)
	}
}

// https://mesos.apache.org/documentation/latest/isolators/network-port-mapping/
func TestPortsOfOutgoingConnectionsAreNotOffered(t *testing.T) {
	// covers: MasterTest.IgnoreEphemeralPortsResource
	const shown = "cpus:2;mem:1024;ports:[31000-32000]"
	capabilities := []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT, mesospb.FrameworkInfo_Capability_MULTI_ROLE,
	}
	for n := range len(capabilities) + 1 {
		c := newCluster(t, testConfig(), Recovered{})
		here := c.agent(1, shown+";ephemeral_ports:[30001-30999]")
		s := c.subscribe("s", frameworkInfo(withCapability(capabilities[:n]...), func(info *mesospb.FrameworkInfo) {
			if n == len(capabilities) {
				info.Roles = []string{"*"}
			}
		}))
		s.id = "M-0000"
		o := c.offer(s, here, shown+";ephemeral_ports:[30001-30999]")
		if got := resourcesOf(lastOffers(c.take())[0].GetResources()).Unallocate(); !got.Equal(resources.MustParse(shown)) {
			t.Errorf("with %v the framework sees %v", capabilities[:n], got)
		}
		// What it does not see returns with the rest.
		granted(t, s.accept([]mesos.OfferID{o}))
		if held := c.held[holder{"M-0000", here}]; !held.IsEmpty() {
			t.Errorf("the framework holds %v", held)
		}
	}
}

// https://mesos.apache.org/documentation/latest/multiple-roles/
// https://mesos.apache.org/documentation/latest/reservation/
func TestAnOfferHasTheFormatOfItsFramework(t *testing.T) {
	const (
		multi   = mesospb.FrameworkInfo_Capability_MULTI_ROLE
		refined = mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT
	)
	reserved := resources.Of(resources.Resource{Name: "cpus", Scalar: 1000, Reservations: []resources.Reservation{{Role: "dev", Dynamic: true, Principal: "p"}}})
	for name, test := range map[string]struct {
		info                            infoOption
		allocated, oldFormat, newFormat bool
	}{
		"an old framework":  {role("dev"), false, true, false},
		"with roles":        {multiRole("dev"), true, true, false},
		"with refinement":   {func(info *mesospb.FrameworkInfo) { role("dev")(info); withCapability(refined)(info) }, false, false, true},
		"with both":         {func(info *mesospb.FrameworkInfo) { multiRole("dev")(info); withCapability(refined)(info) }, true, false, true},
		"with others still": {func(info *mesospb.FrameworkInfo) { multiRole("dev")(info); withCapability(refined, 99)(info) }, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			a := c.agent(1, `cpus:4`)
			c.agents[a].total = c.agents[a].total.Add(reserved)
			c.told.agent(a, func(known *toldAgent) { known.Total = c.agents[a].total })
			s := c.subscribe("s", frameworkInfo(test.info))
			c.hold(allocation.Grant{Framework: mesos.FrameworkID(s.id), Agent: a, Resources: reserved.Allocate("dev")})
			c.step(Allocated{Output: allocation.OffersReady{Framework: mesos.FrameworkID(s.id), Offers: []allocation.Offered{
				{Role: "dev", Agent: a, Resources: reserved.Allocate("dev")},
			}}})
			got := lastOffers(c.take())[0]
			r := got.GetResources()[0]
			if (got.AllocationInfo != nil) != test.allocated || (r.AllocationInfo != nil) != test.allocated {
				t.Errorf("allocated to %v, its resources to %v", got.AllocationInfo, r.AllocationInfo)
			}
			if (r.GetRole() == "dev" && r.Reservation != nil) != test.oldFormat || (len(r.Reservations) == 1) != test.newFormat {
				t.Errorf("reserved as %v", r)
			}
			// Readers see it whole, whatever the framework sees.
			if seen := c.views.offers["M-O0"]; seen.GetAllocationInfo().GetRole() != "dev" || len(seen.GetResources()[0].GetReservations()) != 1 {
				t.Errorf("readers see %v", seen)
			}
			// What the framework sees it can use, as it sees it.
			if err := s.accept([]mesos.OfferID{"M-O0"}, &mesospb.TaskInfo{
				Name: new("t"), TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: wireAgentID(a),
				Resources: got.GetResources(), Command: &mesospb.CommandInfo{Value: new("true")},
			}); err != nil {
				t.Fatal(err)
			}
			if task := c.views.tasks["M-0000 t"].Task; len(task.GetResources()) != 1 || len(task.GetResources()[0].GetReservations()) != 1 {
				t.Errorf("readers see task %v", task)
			}
		})
	}
}

func TestWhatCannotBeOfferedReturns(t *testing.T) {
	for name, spoil := range map[string]func(*cluster, *scheduler){
		"the framework is gone":         func(c *cluster, s *scheduler) { c.step(Teardown{Framework: s.id}) },
		"the framework is disconnected": func(c *cluster, s *scheduler) { c.step(StreamClosed{Stream: s.stream}) },
		"the agent is gone":             func(c *cluster, _ *scheduler) { c.pass(75 * time.Second) },
		"the agent is disconnected":     func(c *cluster, _ *scheduler) { c.step(LinkClosed{Link: 1}) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			a := c.agent(1, "cpus:4")
			s := c.subscribe("s", frameworkInfo())
			spoil(c, s)
			c.take()
			c.offer(s, a, "cpus:1")
			effects := c.take()
			if len(lastOffers(effects)) > 0 || len(c.offers) > 0 {
				t.Error("it was offered")
			}
			if r, ok := effects[0].(Allocate).Input.(allocation.Recover); !ok || r.Framework != mesos.FrameworkID(s.id) || r.Agent != a {
				t.Errorf("the allocator got %v", effects[0])
			}
		})
	}
}

func TestWhatIsTakenBackMayBeOfferedToAnyoneAtOnce(t *testing.T) {
	config := testConfig()
	config.OfferTimeout = time.Minute
	for name, take := range map[string]func(*cluster, *scheduler) error{
		"the offer timed out": func(c *cluster, _ *scheduler) error { c.pass(time.Minute); return nil },
		"a limit of its role": func(c *cluster, _ *scheduler) error {
			return c.updateQuota(false, quotaConfig("dev", "", "cpus:1"))
		},
		"a guarantee of another role": func(c *cluster, _ *scheduler) error {
			return c.updateQuota(false, quotaConfig("prod", "cpus:4", ""))
		},
		"a weight":                      func(c *cluster, _ *scheduler) error { return c.updateWeights("dev", 2) },
		"the framework is disconnected": func(c *cluster, s *scheduler) error { c.step(StreamClosed{Stream: s.stream}); return nil },
		"the framework failed over": func(c *cluster, s *scheduler) error {
			c.subscribe("s2", frameworkInfo(multiRole("dev"), withFramework(s.id)))
			return nil
		},
		"the agent is disconnected": func(c *cluster, _ *scheduler) error { c.step(LinkClosed{Link: 1}); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, config, Recovered{})
			here := c.agent(1, "cpus:4")
			s := c.subscribe("s1", frameworkInfo(multiRole("dev")))
			c.offerTo(s, here, "dev", "cpus:4")
			c.take()
			granted(t, take(c, s))
			recovered := 0
			for _, e := range c.take() {
				if e, ok := e.(Allocate); ok {
					if in, ok := e.Input.(allocation.Recover); ok {
						recovered++
						if in.Declined || in.Refuse != 0 {
							t.Errorf("it counts as declined: %+v", in)
						}
					}
				}
			}
			if recovered != 1 {
				t.Errorf("it came back %d times", recovered)
			}
		})
	}
}

func TestATaskMayNotHaveDataInTheBooks(t *testing.T) {
	d := newDesk(t)
	wantError(t, d.try("cpus:1", launchOf(commandTask("t", d.agent, "cpus:1"))), 0, "")
	d.take()
	d.update(1, d.s, "t", mesospb.TaskState_TASK_RUNNING, 1, withStatus(func(s *mesospb.TaskStatus) { s.Data, s.Healthy = []byte("large"), new(true) }))
	if got := updates(d.take()); string(got[0].GetData()) != "large" {
		t.Errorf("the framework got %v", got)
	}
	if got := d.views.tasks["M-0000 t"].Task.GetStatuses(); len(got) != 1 || got[0].Data != nil || !got[0].GetHealthy() {
		t.Errorf("readers see %v", got)
	}
}

// https://mesos.apache.org/documentation/latest/scheduler-http-api/#decline
func TestWhatIsNoDurationRefusesForTheDefaultTime(t *testing.T) {
	for seconds, want := range map[float64]time.Duration{
		0: 0, 0.5: 500 * time.Millisecond, 1e300: maxRefusal, math.Inf(1): maxRefusal,
		-1: defaultRefusal, math.Inf(-1): defaultRefusal, math.NaN(): defaultRefusal,
	} {
		if got := refusal(&mesospb.Filters{RefuseSeconds: &seconds}); got != want {
			t.Errorf("%v seconds: %v, want %v", seconds, got, want)
		}
	}
	if got := refusal(nil); got != defaultRefusal {
		t.Errorf("no filters: %v", got)
	}
}
