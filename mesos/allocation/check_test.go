package allocation

import (
	"math"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// https://mesos.apache.org/documentation/latest/quota/

func quota(t *testing.T, guarantee, limit string) Quota {
	t.Helper()
	q := Quota{Limits: map[string]resources.Scalar{}}
	var err error
	if q.Guarantees, err = resources.ParseQuantities(guarantee); err != nil {
		t.Fatal(err)
	}
	limits, err := resources.ParseLimits(limit)
	if err != nil {
		t.Fatal(err)
	}
	for name, amount := range limits.All() {
		q.Limits[name] = amount
	}
	return q
}

// expect compares an error with the sentence that it should be.
func expect(t *testing.T, err error, kind mesos.Kind, sentence string) {
	t.Helper()
	switch {
	case sentence == "":
		if err != nil {
			t.Errorf("got %v", err)
		}
	case err == nil:
		t.Errorf("got no error, want %s", sentence)
	case err.Error() != sentence || mesos.KindOf(err) != kind:
		t.Errorf("got %v of kind %v\nwant %s", err, mesos.KindOf(err), sentence)
	}
}

func TestImpossibleQuotas(t *testing.T) {
	for _, test := range []struct{ role, guarantee, limit, want string }{
		{"eng", "cpus:4;mem:512", "cpus:4", ""},
		{"eng/web", "", "gpus:0", ""},
		{"eng", "cpus:5", "cpus:4", "quota of role eng: 5 cpus are guaranteed, but the limit is 4"},
		{"eng", "cpus:1", "cpus:0", "quota of role eng: 1 cpus are guaranteed, but the limit is 0"},
		{"eng", "mem:1099511627777", "", "quota of role eng: guarantee: 1099511627777 mem: more than 1099511627776 is not supported"},
		{"eng", "", "cpus:1000000000001", "quota of role eng: limit: 1000000000001 cpus: more than 1000000000000 is not supported"},
	} {
		expect(t, quota(t, test.guarantee, test.limit).Check(test.role), mesos.Invalid, test.want)
	}
	if err := quota(t, "", "cpus:1").Check("eng/"); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a role that isn't one: got %v", err)
	}
	negative := Quota{Limits: map[string]resources.Scalar{"cpus": -1}}
	expect(t, negative.Check("eng"), mesos.Invalid, "quota of role eng: limit: -0.001 cpus: it is negative")
	nameless := Quota{Limits: map[string]resources.Scalar{"": 1}}
	expect(t, nameless.Check("eng"), mesos.Invalid, "quota of role eng: limit: the resource has no name")
}

func TestGuaranteesFitIntoLimitsAbove(t *testing.T) {
	quotas := map[string]Quota{
		"eng":       quota(t, "cpus:2", "cpus:10"),
		"eng/web":   quota(t, "cpus:4", ""),
		"eng/web/a": quota(t, "cpus:6", ""), // more than eng/web's own
		"eng/api":   quota(t, "cpus:4", ""),
	}
	expect(t, CheckQuotas(quotas), mesos.Invalid, "")
	quotas["eng/api"] = quota(t, "cpus:5", "")
	expect(t, CheckQuotas(quotas), mesos.Invalid,
		"quota of role eng: the limit of 10 cpus is less than the 11 that the roles below it are guaranteed")
	quotas["eng/api"] = quota(t, "cpus:5", "cpus:4")
	expect(t, CheckQuotas(quotas), mesos.Invalid, "quota of role eng/api: 5 cpus are guaranteed, but the limit is 4")
}

func TestGuaranteesFitIntoTheCluster(t *testing.T) {
	quotas := map[string]Quota{"eng": quota(t, "cpus:4", ""), "eng/web": quota(t, "cpus:4", ""), "ops": quota(t, "cpus:4", "")}
	total := quota(t, "cpus:8;mem:100", "").Guarantees
	expect(t, CheckCapacity(quotas, total), mesos.Conflict, "")
	quotas["dev"] = quota(t, "cpus:1", "")
	expect(t, CheckCapacity(quotas, total), mesos.Conflict, "quota: roles are guaranteed cpus:9, and the cluster has only cpus:8; mem:100")
}

func TestLimitsAreNotBelowWhatIsConsumed(t *testing.T) {
	q, consumed := quota(t, "", "cpus:4;mem:100"), quota(t, "cpus:4;mem:100;disk:5", "").Guarantees
	expect(t, q.CheckConsumed("eng", consumed), mesos.Conflict, "")
	q.Limits["mem"]--
	expect(t, q.CheckConsumed("eng", consumed), mesos.Conflict, "quota of role eng: the limit of 99.999 mem is less than the 100 that it consumes")
}

// https://mesos.apache.org/documentation/latest/weights/

func TestWeightsArePositive(t *testing.T) {
	for _, weight := range []float64{0.001, 1, MaxWeight} {
		expect(t, CheckWeight("eng/web", weight), mesos.Invalid, "")
	}
	for weight, want := range map[float64]string{
		0:           "weight of role eng: 0 is not a positive number up to 4294967295",
		-1:          "weight of role eng: -1 is not a positive number up to 4294967295",
		math.Inf(1): "weight of role eng: +Inf is not a positive number up to 4294967295",
	} {
		expect(t, CheckWeight("eng", weight), mesos.Invalid, want)
	}
	expect(t, CheckWeight("eng", math.NaN()), mesos.Invalid, "weight of role eng: NaN is not a positive number up to 4294967295")
	if err := CheckWeight(".", 1); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a role that isn't one: got %v", err)
	}
}

// https://mesos.apache.org/documentation/latest/attributes-resources/

func TestAbsurdAgentsFrameworksAndGrants(t *testing.T) {
	cpus := func(amount resources.Scalar) resources.Resources {
		return resources.Of(resources.Resource{Name: "cpus", Scalar: amount})
	}
	expect(t, (&Agent{ID: "S0", Total: cpus(1000)}).Check(), mesos.Invalid, "")
	expect(t, (&Agent{Total: cpus(1000)}).Check(), mesos.Invalid, "agent: it has no ID")
	expect(t, (&Agent{ID: "S0", Total: cpus(mesos.MaxScalar)}).Check(), mesos.Invalid,
		"agent S0: total: 9007199254740.992 cpus: more than 1000000000000 is not supported")
	expect(t, (&Agent{ID: "S0", Total: cpus(1000).Allocate("a")}).Check(), mesos.Invalid,
		"agent S0: total: cpus(allocated: a):1 is allocated to a role")
	expect(t, Grant{Framework: "F0", Agent: "S0", Resources: cpus(1000).Allocate("a")}.Check(), mesos.Invalid, "")
	for _, bad := range []Grant{{Resources: cpus(1000)}, {Resources: cpus(1000).Allocate("a//b")}} {
		if err := bad.Check(); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v: got %v", bad, err)
		}
	}
	expect(t, (&Framework{ID: "F0", Roles: []string{"a"}}).Check(), mesos.Invalid, "")
	expect(t, (&Framework{Roles: []string{"a"}}).Check(), mesos.Invalid, "framework: it has no ID")
	if err := (&Framework{ID: "F0", Roles: []string{"a", "-b"}}).Check(); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("got %v", err)
	}
}
