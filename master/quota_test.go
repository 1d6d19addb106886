package master

import (
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// asked makes an operator's request and returns the error of its answer.
func (c *cluster) asked(in func(RequestID) Input) error {
	c.t.Helper()
	c.request++
	before := len(c.out)
	c.step(in(c.request))
	return c.answer(c.request, before)
}

func (c *cluster) answer(request RequestID, since int) error {
	c.t.Helper()
	for _, e := range c.out[since:] {
		if r, ok := e.(Reply); ok && r.Request == request {
			return r.Err
		}
	}
	c.t.Fatalf("request %d was not answered", request)
	return nil
}

func (c *cluster) updateQuota(force bool, configs ...*quotapb.QuotaConfig) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return UpdateQuota{Request: id, Force: force, Configs: configs} })
}

func (c *cluster) setQuota(role, guarantee string) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input {
		return SetQuota{Request: id, Quota: &quotapb.QuotaRequest{Role: &role, Guarantee: convert.ToWire(resources.MustParse(guarantee))}}
	})
}

func (c *cluster) removeQuota(role string) error {
	c.t.Helper()
	return c.asked(func(id RequestID) Input { return RemoveQuota{Request: id, Role: role} })
}

// quotaConfig is a quota on the wire; "" is none.
func quotaConfig(role, guarantees, limits string) *quotapb.QuotaConfig {
	amounts := func(text string) map[string]*mesospb.Value_Scalar {
		if text == "" {
			return nil
		}
		result := make(map[string]*mesospb.Value_Scalar)
		for r := range resources.MustParse(text).All() {
			result[r.Name] = &mesospb.Value_Scalar{Value: new(r.Scalar.Float())}
		}
		return result
	}
	return &quotapb.QuotaConfig{Role: &role, Guarantees: amounts(guarantees), Limits: amounts(limits)}
}

// says fails unless err is of a kind and says all of that.
func says(t *testing.T, err error, kind mesos.Kind, words ...string) {
	t.Helper()
	if err == nil || mesos.KindOf(err) != kind {
		t.Errorf("got %v, want an error of kind %v", err, kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

// granted fails if there is an error.
func granted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("refused: %v", err)
	}
}

// rescinded takes the offers that were rescinded.
func (c *cluster) rescinded() (ids []string) {
	for _, e := range c.take() {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_RESCIND {
			ids = append(ids, e.Event.GetRescind().GetOfferId().GetValue())
		}
	}
	return ids
}

func TestQuotasOfSeveralRolesAreSetAtOnceOrNotAtAll(t *testing.T) {
	// covers: MasterQuotaTest.UpdateAndGetQuota
	// covers: MasterQuotaTest.UpdateQuotaMultipleRoles
	c := newCluster(t, testConfig(), Recovered{})
	c.connectAllocator(1)
	granted(t, c.updateQuota(true, quotaConfig("dev", "cpus:1;mem:1024", "cpus:2;mem:2048"), quotaConfig("*", "cpus:1", "cpus:2")))
	if q := c.told.quota["dev"]; q.Guarantees.Get("cpus") != mesos.OneScalar || q.Limits["mem"] != 2048*mesos.OneScalar {
		t.Errorf("the allocator was told %+v", q)
	}
	if q := c.views.quotas["*"]; q.GetLimits()["cpus"].GetValue() != 2 {
		t.Errorf("readers see %v", q)
	}
	says(t, c.updateQuota(true, quotaConfig("dev", "", "cpus:5"), quotaConfig("*", "cpus:3", "cpus:2")), mesos.Invalid, "role *", "3 cpus", "limit is 2")
	says(t, c.updateQuota(true, quotaConfig("dev", "", "cpus:5"), quotaConfig("dev", "", "cpus:6")), mesos.Invalid, "dev", "twice")
	if q := c.views.quotas["dev"]; q.GetLimits()["cpus"].GetValue() != 2 {
		t.Errorf("half of a wrong request was taken: %v", q)
	}
	granted(t, c.updateQuota(false, quotaConfig("dev", "", ""), quotaConfig("*", "", "")))
	if len(c.views.quotas)+len(c.told.quota) != 0 {
		t.Errorf("quota that was removed: readers see %v, the allocator was told %v", c.views.quotas, c.told.quota)
	}
}

func TestOldQuotaRequests(t *testing.T) {
	// covers: MasterQuotaTest.InvalidSetRequest
	// covers: MasterQuotaTest.SetRequestWithInvalidData
	// covers: MasterQuotaTest.SetForNonExistentRole
	// covers: MasterQuotaTest.SetExistingQuota
	// covers: MasterQuotaTest.RemoveSingleQuota
	// covers: MasterQuotaTest.AvailableResourcesSingleAgent
	// covers: MasterQuotaTest.AvailableResourcesMultipleAgents
	// covers: MasterQuotaTest.AvailableResourcesSingleDisconnectedAgent
	// covers: MasterQuotaTest.AvailableResourcesSingleReservedAgent
	// covers: MasterQuotaTest.InsufficientResourcesSingleAgent
	// covers: MasterQuotaTest.InsufficientResourcesMultipleAgents
	options := testConfig()
	options.Roles = map[string]bool{"dev": true, "prod": true, "*": true}
	c := newCluster(t, options, Recovered{})
	c.agent(1, "cpus:2;mem:1024")
	c.agent(2, "cpus(prod):2;mem(prod):1024")
	says(t, c.removeQuota("dev"), mesos.Invalid, "dev", "has none")
	for guarantee, why := range map[string]string{
		"":                         "no guarantee",
		"cpus:1;ports:[1-2]":       "ports is not a scalar",
		"cpus(dev):1":              "cpus is reserved",
		"cpus:4.5;mem:512":         "the cluster has only",
		"cpus:1;mem:2049;disk:0.1": "the cluster has only",
	} {
		kind := mesos.Invalid
		if strings.Contains(why, "cluster") {
			kind = mesos.Conflict // the cluster may grow
		}
		says(t, c.setQuota("dev", guarantee), kind, why)
	}
	for why, wrong := range map[string]func() []*mesospb.Resource{
		"cpus is there twice": func() []*mesospb.Resource {
			return append(convert.ToWire(resources.MustParse("cpus:1")), convert.ToWire(resources.MustParse("cpus:1"))...)
		},
		"cpus is revocable": func() []*mesospb.Resource {
			list := convert.ToWire(resources.MustParse("cpus:1"))
			list[0].Revocable = &mesospb.Resource_RevocableInfo{}
			return list
		},
		"disk names a disk": func() []*mesospb.Resource {
			list := convert.ToWire(resources.MustParse("disk:1"))
			list[0].Disk = &mesospb.Resource_DiskInfo{Source: &mesospb.Resource_DiskInfo_Source{
				Type: mesospb.Resource_DiskInfo_Source_PATH.Enum(), Path: &mesospb.Resource_DiskInfo_Source_Path{Root: new("/d")},
			}}
			return list
		},
	} {
		says(t, c.asked(func(id RequestID) Input {
			return SetQuota{Request: id, Quota: &quotapb.QuotaRequest{Role: new("dev"), Guarantee: wrong()}}
		}), mesos.Invalid, why)
	}
	says(t, c.setQuota("other", "cpus:1"), mesos.Invalid, "other", "whitelist")
	c.step(LinkClosed{Link: 1}) // what a disconnected agent has still counts
	granted(t, c.setQuota("dev", "cpus:4;mem:2048"))
	if q := c.quotas["dev"]; q.Limits["cpus"] != 4*mesos.OneScalar || q.Guarantees.Get("cpus") != 4*mesos.OneScalar {
		t.Errorf("quota is %+v", q)
	}
	says(t, c.setQuota("dev", "cpus:1"), mesos.Invalid, "dev", "already")
	granted(t, c.removeQuota("dev"))
	if len(c.quotas) != 0 {
		t.Errorf("quota is %+v", c.quotas)
	}
}

func TestQuotaIsRemovedOnce(t *testing.T) {
	// covers: MasterQuotaTest.RemoveQuotaRace
	c := newCluster(t, testConfig(), Recovered{})
	granted(t, c.updateQuota(true, quotaConfig("dev", "", "cpus:1")))
	c.slowRegistry = true
	before := len(c.out)
	c.step(RemoveQuota{Request: 100, Role: "dev"})
	says(t, c.removeQuota("dev"), mesos.Invalid, "has none")
	if len(c.views.quotas) != 1 {
		t.Error("readers see what is not durable yet")
	}
	c.written()
	granted(t, c.answer(100, before))
	if len(c.views.quotas) != 0 {
		t.Errorf("readers see %v", c.views.quotas)
	}
}

func TestAbsurdQuotasAreRefused(t *testing.T) {
	// covers: MasterQuotaTest.UpdateQuotaTooLarge
	// covers: MasterCallValidationTest.UpdateQuota
	c := newCluster(t, testConfig(), Recovered{})
	says(t, c.updateQuota(true, quotaConfig("dev", "cpus:1000000000000", "cpus:1000000000001")), mesos.Invalid, "limit", "1000000000001 cpus", "more than")
	says(t, c.updateQuota(true, quotaConfig("dev", "", "mem:1099511627777")), mesos.Invalid, "limit", "1099511627777 mem")
	says(t, c.updateQuota(true, quotaConfig("dev", "disk:1099511627777", "")), mesos.Invalid, "guarantee", "1099511627777 disk")
	says(t, c.updateQuota(true, quotaConfig("dev/", "", "mem:1")), mesos.Invalid, `"dev/"`, "slash")
	// covers: RegistrarTest.UpdateQuotaInvalid
	if got := c.durable(); len(got) > 0 {
		t.Errorf("the registry has %v", got)
	}
	says(t, c.updateQuota(true, quotaConfig("dev", "", "foobars:1000000000001")), mesos.Invalid, "limit", "1000000000001 foobars")
	says(t, c.updateQuota(true, quotaConfig("", "", "mem:1")), mesos.Invalid, "role")
	says(t, c.updateQuota(true, quotaConfig("dev", "cpus:20;mem:40", "cpus:10;mem:20")), mesos.Invalid, "guarantee", "limit")
	granted(t, c.updateQuota(true, quotaConfig("*", "cpus:10", "cpus:10"), quotaConfig("dev", "disk:1099511627776;mem:1099511627776", "")))
	negative := quotaConfig("dev", "", "")
	negative.Limits = map[string]*mesospb.Value_Scalar{"cpus": {Value: new(-1.0)}}
	says(t, c.updateQuota(true, negative), mesos.Invalid, "dev", "cpus", "-1", "negative")
}

func TestALimitBelowWhatIsUsedNeedsForce(t *testing.T) {
	// covers: MasterQuotaTest.ValidateLimitAgainstConsumed
	c := newCluster(t, testConfig(), Recovered{})
	here := c.agent(1, "cpus:2;mem:1024")
	s := c.subscribe("s1", frameworkInfo(multiRole("dev")))
	granted(t, s.accept([]mesos.OfferID{c.offerTo(s, here, "dev", "cpus:2;mem:1024")}, commandTask("t", here, "cpus:1.5;mem:128")))
	says(t, c.updateQuota(false, quotaConfig("dev", "", "cpus:1")), mesos.Invalid, "role dev", "1 cpus", "it consumes", "force")
	granted(t, c.updateQuota(false, quotaConfig("dev", "", "cpus:2")))
	granted(t, c.updateQuota(true, quotaConfig("dev", "", "cpus:1")))
}

func TestNestedQuotas(t *testing.T) {
	// covers: MasterQuotaTest.DISABLED_ChildRole
	// covers: MasterQuotaTest.DISABLED_ChildRoleWithNoParentQuota
	// covers: MasterQuotaTest.DISABLED_ChildRoleExceedsParentQuota
	// covers: MasterQuotaTest.DISABLED_ChildRoleSumExceedsParentQuota
	// covers: MasterQuotaTest.DISABLED_ChildRoleDeleteParentQuota
	// covers: MasterQuotaTest.DISABLED_ClusterCapacityWithNestedRoles
	c := newCluster(t, testConfig(), Recovered{})
	c.agent(1, "cpus:2;mem:1024")
	says(t, c.setQuota("eng/dev", "cpus:1"), mesos.Invalid, "role eng:", "nothing", "cpus:1")
	granted(t, c.setQuota("eng", "cpus:2;mem:1024"))
	says(t, c.setQuota("eng/dev", "cpus:2.5"), mesos.Invalid, "eng", "2.5")
	granted(t, c.setQuota("eng/dev", "cpus:1;mem:768")) // of the parent's: the cluster has enough
	says(t, c.setQuota("eng/prod", "cpus:1;mem:257"), mesos.Invalid, "eng", "mem")
	granted(t, c.setQuota("eng/prod", "cpus:1;mem:256"))
	says(t, c.removeQuota("eng"), mesos.Invalid, "eng", "nothing")
	granted(t, c.removeQuota("eng/dev"))
	granted(t, c.removeQuota("eng/prod"))
	granted(t, c.removeQuota("eng"))
}

func TestOffersInTheWayOfAQuotaAreRescinded(t *testing.T) {
	// covers: MasterQuotaTest.RescindOffersForUpdateQuotaGuarantees
	// covers: MasterQuotaTest.AvailableResourcesAfterRescinding
	// covers: MasterQuotaTest.RescindOffersEnforcingLimits
	c := newCluster(t, testConfig(), Recovered{})
	first, second := c.agent(1, "cpus:1;mem:1024"), c.agent(2, "cpus:1;mem:1024")
	dev := c.subscribe("s1", frameworkInfo(multiRole("dev", "dev/web")))
	c.offerTo(dev, first, "dev", "cpus:1;mem:1024")
	c.offerTo(dev, second, "dev/web", "cpus:1;mem:1024")
	c.take()
	// As many as a guarantee of another role needs.
	granted(t, c.updateQuota(false, quotaConfig("prod", "cpus:1;mem:512", "")))
	if got := c.rescinded(); !slices.Equal(got, []string{"M-O0"}) {
		t.Errorf("for the guarantee of prod %v were rescinded", got)
	}
	// As many as exceed a limit, those of roles below included.
	c.offerTo(dev, first, "dev", "cpus:0.5")
	granted(t, c.updateQuota(false, quotaConfig("dev", "", "cpus:0.75")))
	if got := c.rescinded(); !slices.Equal(got, []string{"M-O1"}) {
		t.Errorf("for the limit of dev %v were rescinded", got)
	}
	granted(t, c.updateQuota(false, quotaConfig("dev", "", "")))
	if got := c.rescinded(); len(got) > 0 {
		t.Errorf("%v were rescinded although nothing is in the way", got)
	}
}

func TestQuotaAndWeightsOfTheLastTermAreThere(t *testing.T) {
	c := newCluster(t, testConfig(), Recovered{})
	granted(t, c.updateQuota(true, quotaConfig("eng/dev", "", "cpus:1;disk:2;gpus:3;mem:4"), quotaConfig("prod", "", "cpus:0")))
	granted(t, c.updateWeights("eng/dev", 2.5))
	granted(t, c.updateQuota(true, quotaConfig("prod", "", "")))
	keys := make(map[string][]byte)
	for _, e := range c.take() {
		if e, ok := e.(WriteRegistry); ok {
			for _, w := range e.Writes {
				if keys[w.Key] = w.Value; w.Value == nil {
					delete(keys, w.Key)
				}
			}
		}
	}
	recovered, err := DecodeRecovered(keys)
	if err != nil {
		t.Fatal(err)
	}
	next := newCluster(t, testConfig(), recovered)
	if next.Next().IsZero() {
		t.Error("a new master waits before it shows what it recovered")
	}
	next.connectAllocator(1)
	q := next.told.quota["eng/dev"]
	if len(next.told.quota) != 1 || q.Limits["gpus"] != 3*mesos.OneScalar || len(next.views.quotas) != 1 || next.told.weights["eng/dev"] != 2.5 {
		t.Errorf("the allocator was told %+v; readers see %v", next.told, next.views.quotas)
	}
	for key, value := range map[string][]byte{
		QuotaKey("a"): keys[QuotaKey("eng/dev")], WeightKey("a"): keys[WeightKey("eng/dev")],
		QuotaKey("b"): []byte("x"), WeightKey("b"): []byte("x"),
	} {
		if _, err := DecodeRecovered(map[string][]byte{key: value}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
