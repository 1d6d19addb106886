package master

import (
	"math"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

type infoOption = func(*mesospb.FrameworkInfo)

// subscribeError subscribes and returns the ERROR event that ends the stream, or "".
func subscribeError(c *cluster, stream StreamID, info *mesospb.FrameworkInfo, suppressed ...string) string {
	c.t.Helper()
	c.take()
	c.step(Subscribe{Request: 1, Stream: stream, Call: &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: info.Id,
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info, SuppressedRoles: suppressed},
	}})
	message, closed := "", false
	for _, e := range c.take() {
		switch e := e.(type) {
		case Reply:
			if e.Err != nil {
				c.t.Fatalf("SUBSCRIBE: %v", e.Err)
			}
		case SendEvent:
			if e.Stream == stream && e.Event.GetType() == schedulerpb.Event_ERROR {
				message = e.Event.GetError().GetMessage()
			}
		case CloseStream:
			closed = closed || e.Stream == stream
		}
	}
	if (message != "") != closed {
		c.t.Errorf("the stream was closed: %v, after the error %q", closed, message)
	}
	return message
}

func multiRole(roles ...string) infoOption {
	return func(info *mesospb.FrameworkInfo) {
		withCapability(mesospb.FrameworkInfo_Capability_MULTI_ROLE)(info)
		info.Roles = roles
	}
}

func role(name string) infoOption { return func(info *mesospb.FrameworkInfo) { info.Role = new(name) } }

// https://mesos.apache.org/documentation/latest/multiple-roles/
// https://mesos.apache.org/documentation/latest/roles/#invalid-role-names
func TestAFrameworkThatIsInvalidIsRefused(t *testing.T) {
	// covers: FrameworkInfoValidationTest.ValidateRoles
	// covers: FrameworkInfoValidationTest.ValidateFrameworkID
	// covers: FrameworkInfoValidationTest.ValidateOfferFilters
	// covers: CommonValidationTest.OfferFilters
	// covers: FrameworkInfoValidationTest.MissingMultiRoleCapability
	// covers: FrameworkInfoValidationTest.AcceptMultiRoleFramework
	// covers: FrameworkInfoValidationTest.MultiRoleWhitelist
	// covers: MasterTest.RejectFrameworkWithInvalidRole
	// covers: MasterTest.RejectFrameworkWithInvalidFailoverTimeout
	// covers: MasterTest.FrameworkSubscribeEmptyId
	// covers: SchedulerHttpApiTest.RejectFrameworkWithInvalidRole
	minimum := func(amount float64) infoOption {
		return func(info *mesospb.FrameworkInfo) {
			info.OfferFilters = map[string]*mesospb.OfferFilters{"*": {MinAllocatableResources: &mesospb.OfferFilters_MinAllocatableResources{
				Quantities: []*mesospb.OfferFilters_ResourceQuantities{{Quantities: map[string]*mesospb.Value_Scalar{"cpus": {Value: new(amount)}}}},
			}}}
		}
	}
	timeout := func(seconds float64) infoOption {
		return func(info *mesospb.FrameworkInfo) { info.FailoverTimeout = new(seconds) }
	}
	for name, test := range map[string]struct {
		change infoOption
		words  string
	}{
		"no role":                            {func(*mesospb.FrameworkInfo) {}, ""},
		"a role":                             {role("dev"), ""},
		"a role below another":               {role("dev/web"), ""},
		"the default role":                   {role("*"), ""},
		"no roles":                           {multiRole(), ""},
		"roles":                              {multiRole("dev", "*", "dev/web"), ""},
		"a role twice":                       {multiRole("dev", "*", "dev"), `roles: "dev" is there twice`},
		"role beside MULTI_ROLE":             {func(info *mesospb.FrameworkInfo) { multiRole("dev")(info); role("dev")(info) }, "framework_info.role"},
		"roles without MULTI_ROLE":           {func(info *mesospb.FrameworkInfo) { info.Roles = []string{"dev"} }, "framework_info.roles"},
		"empty role":                         {role(""), "framework_info.role"},
		"role with a space":                  {role("de v"), "framework_info.role"},
		"role with a dash":                   {role("-dev"), "framework_info.role"},
		"role that ends in a slash":          {role("dev/"), "framework_info.role"},
		"role of dots":                       {multiRole("dev", ".."), "framework_info.roles"},
		"role with a star":                   {multiRole("dev/*"), "framework_info.roles"},
		"role that is not in the white list": {multiRole("dev", "secret"), `"secret" is not in the master's --roles`},
		"one role that is not either":        {role("secret"), `"secret" is not in the master's --roles`},
		"id":                                 {withFramework("my-framework"), ""},
		"empty id":                           {withFramework(""), ""},
		"id with a slash":                    {withFramework("a/b"), "framework_info.id"},
		"id of a dot":                        {withFramework("."), "framework_info.id"},
		"minimum":                            {minimum(0.5), ""},
		"minimum of none":                    {minimum(0), ""},
		"endless minimum":                    {minimum(math.Inf(1)), "min_allocatable_resources: cpus"},
		"nothing wanted": {func(info *mesospb.FrameworkInfo) {
			minimum(1)(info)
			info.OfferFilters["*"].MinAllocatableResources.Quantities = nil
		}, ""},
		"negative minimum":        {minimum(-1), "min_allocatable_resources: cpus: -1 is not an amount"},
		"no number for a minimum": {minimum(math.NaN()), "min_allocatable_resources: cpus"},
		"minimum of nothing": {func(info *mesospb.FrameworkInfo) {
			minimum(1)(info)
			info.OfferFilters["*"].MinAllocatableResources.Quantities[0].Quantities = nil
		}, "min_allocatable_resources: quantities that name no resource"},
		"no number for a timeout": {timeout(math.NaN()), "failover_timeout"},
		"endless timeout":         {timeout(math.Inf(1)), "failover_timeout"},
		"timeout out of range":    {timeout(1e19), "failover_timeout"},
		"a century":               {timeout(3.15e9), ""},
		"root":                    {func(info *mesospb.FrameworkInfo) { info.User = new("root") }, "root may not run frameworks"},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig()
			config.RootSubmissions = false
			config.Roles = map[string]bool{"*": true, "dev": true, "dev/web": true}
			got := subscribeError(newCluster(t, config, Recovered{}), "s", frameworkInfo(test.change))
			if (got == "") != (test.words == "") || !strings.Contains(got, test.words) {
				t.Errorf("got %q, want %q", got, test.words)
			}
		})
	}
}

func TestAnEmptyFrameworkIDIsNone(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	if s := c.subscribe("s", frameworkInfo(withFramework(""))); s.id != "M-0000" {
		t.Errorf("the framework's ID is %q", s.id)
	}
}

// https://mesos.apache.org/documentation/latest/upgrades/
func TestAFrameworkMayNotChangeWhatItIs(t *testing.T) {
	// covers: FrameworkInfoValidationTest.ValidateUpdate
	principal := func(p string) infoOption { return func(info *mesospb.FrameworkInfo) { info.Principal = new(p) } }
	old := frameworkInfo(principal("alice"))
	for name, test := range map[string]struct {
		change infoOption
		words  string
	}{
		"another role":       {func(info *mesospb.FrameworkInfo) { info.Role = new("dev") }, ""},
		"another principal":  {principal("mallory"), "framework_info.principal"},
		"no principal":       {func(info *mesospb.FrameworkInfo) { info.Principal = nil }, "framework_info.principal"},
		"another user":       {func(info *mesospb.FrameworkInfo) { info.User = new("bob") }, "framework_info.user"},
		"another checkpoint": {func(info *mesospb.FrameworkInfo) { info.Checkpoint = new(false) }, "framework_info.checkpoint"},
	} {
		err := validateFrameworkUpdate(old, frameworkInfo(principal("alice"), test.change))
		if (err == nil) != (test.words == "") || err != nil && !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: %v, want %q", name, err, test.words)
		}
	}
}

func TestANewPrincipalMayNotTakeAFrameworkOver(t *testing.T) {
	// covers: FaultToleranceTest.ChangePrincipalOnReRegistrationFails
	// covers: HttpFaultToleranceTest.FrameworkPrincipalChangeFails
	principal := func(p string) infoOption { return func(info *mesospb.FrameworkInfo) { info.Principal = new(p) } }
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s1", frameworkInfo(principal("alice")))
	got := subscribeError(c, "s2", frameworkInfo(principal("mallory"), withFramework(s.id)))
	if !strings.Contains(got, "framework_info.principal") || strings.Contains(got, "alice") {
		t.Errorf("got %q: want an error that does not tell whose the framework is", got)
	}
	if err := s.call(&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum()}); err != nil {
		t.Errorf("the first scheduler's call: %v", err)
	}
}

// What a scheduler can't change in SUBSCRIBE stays as it was, silently.
func TestASecondSubscriptionKeepsUserAndCheckpoint(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	s := c.subscribe("s1", frameworkInfo())
	info := frameworkInfo(withFramework(s.id), func(info *mesospb.FrameworkInfo) { info.User, info.Checkpoint = new("bob"), new(false) })
	if got := subscribeError(c, "s2", info); got != "" {
		t.Fatalf("refused: %s", got)
	}
	if got := c.views.frameworks["M-0000"].Framework.GetFrameworkInfo(); got.GetUser() != "alice" || !got.GetCheckpoint() {
		t.Errorf("the framework is %v", got)
	}
}

// https://mesos.apache.org/documentation/latest/multiple-roles/
func TestAFrameworkMayChangeItsRoles(t *testing.T) {
	// covers: FrameworkInfoValidationTest.UpgradeToMultiRole
	// covers: FrameworkInfoValidationTest.DowngradeFromMultipleRoles
	// covers: FrameworkInfoValidationTest.RoleChangeWithMultiRole
	for name, test := range map[string]struct {
		before, after infoOption
		roles         []string
	}{
		"to MULTI_ROLE":     {role("dev"), multiRole("dev"), []string{"dev"}},
		"from MULTI_ROLE":   {multiRole("dev", "prod"), role("dev"), []string{"dev"}},
		"from one to other": {multiRole("dev"), multiRole("prod", "dev"), []string{"dev", "prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, testConfig(), Recovered{})
			s := c.subscribe("s1", frameworkInfo(test.before))
			if got := subscribeError(c, "s2", frameworkInfo(test.after, withFramework(s.id))); got != "" {
				t.Fatalf("refused: %s", got)
			}
			if got := c.frameworks[mesos.FrameworkID(s.id)].roles; strings.Join(got, " ") != strings.Join(test.roles, " ") {
				t.Errorf("its roles are %v", got)
			}
		})
	}
}

func TestTheAllocatorHearsAFrameworksFilters(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	c.subscribe("s", frameworkInfo(multiRole("dev"), func(info *mesospb.FrameworkInfo) {
		info.OfferFilters = map[string]*mesospb.OfferFilters{"dev": {MinAllocatableResources: &mesospb.OfferFilters_MinAllocatableResources{
			Quantities: []*mesospb.OfferFilters_ResourceQuantities{{Quantities: map[string]*mesospb.Value_Scalar{"cpus": {Value: new(0.5)}, "mem": {Value: new(64.0)}}}},
		}}}
	}))
	for _, e := range c.take() {
		if e, ok := e.(Allocate); ok {
			add := e.Input.(allocation.AddFramework)
			want := resources.NewQuantities(resources.Quantity{Name: "cpus", Amount: 500}, resources.Quantity{Name: "mem", Amount: 64_000})
			if got := add.Framework.MinAllocatable["dev"]; len(got) != 1 || !got[0].Equal(want) {
				t.Errorf("the minimum is %v, want %v", got, want)
			}
			return
		}
	}
	t.Error("the allocator heard nothing")
}

func TestAnUpdateOfAFrameworkIsStrict(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	a := c.agent(1, "cpus:4")
	s := c.subscribe("s", frameworkInfo(multiRole("dev", "prod")))
	o := c.offerTo(s, a, "dev", "cpus:2")
	if err := s.accept([]mesos.OfferID{o}, commandTask("t", a, "cpus:1")); err != nil {
		t.Fatal(err)
	}
	kept, lost := c.offerTo(s, a, "dev", "cpus:1"), c.offerTo(s, a, "prod", "cpus:1")
	update := func(options ...infoOption) error {
		info := frameworkInfo(append(options, withFramework(s.id))...)
		return s.call(&schedulerpb.Call{Type: schedulerpb.Call_UPDATE_FRAMEWORK.Enum(), UpdateFramework: &schedulerpb.Call_UpdateFramework{FrameworkInfo: info}})
	}
	if err := update(multiRole("dev"), func(info *mesospb.FrameworkInfo) { info.User = new("bob") }); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("another user: %v", err)
	}
	if err := update(multiRole("dev", "dev")); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a role twice: %v", err)
	}
	c.take()
	if err := update(multiRole("dev")); err != nil {
		t.Fatal(err)
	}
	told := false
	for _, e := range c.take() {
		if e, ok := e.(SendAgent); ok && e.Message.GetUpdateFramework() != nil {
			told = true
		}
	}
	if !told {
		t.Error("the agent with a task of the framework was not told")
	}
	if c.views.offers[kept] == nil || c.views.offers[lost] != nil {
		t.Error("want the offer of the role that it left rescinded, and only that")
	}
}
