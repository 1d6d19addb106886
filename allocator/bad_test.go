package allocator

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// https://mesos.apache.org/documentation/latest/quota/

func TestImpossibleQuotaIsRefused(t *testing.T) {
	expect(t, `
		> quota a guarantee=cpus:2 limit=cpus:1
		refused: update quota: quota of role a: 2 cpus are guaranteed, but the limit is 1
		> quota a limit=cpus:1 & framework F0 a
		> quota a guarantee=mem:1 limit=mem:0
		refused: update quota: quota of role a: 1 mem are guaranteed, but the limit is 0
		> agent S0 cpus:2;mem:64
		F0 is offered S0 for a: cpus:1; mem:64`)
}

// https://mesos.apache.org/documentation/latest/roles/#invalid-role-names

func TestRolesThatAreNoneAreRefused(t *testing.T) {
	s := newStory(Config{})
	for _, in := range []allocation.Input{
		allocation.AddFramework{Framework: &allocation.Framework{ID: "F0", Roles: []string{"a", "b/../c"}}, Active: true},
		allocation.AddFramework{Framework: &allocation.Framework{Roles: []string{"a"}}, Active: true},
		allocation.UpdateWeights{Weights: map[string]float64{"/a": 2}},
		allocation.UpdateQuota{Role: "a b", Quota: allocation.Quota{Limits: map[string]resources.Scalar{"cpus": 1}}},
		allocation.AddAgent{Agent: &allocation.Agent{Total: parse("cpus:1")}},
		allocation.AddAgent{Agent: &allocation.Agent{ID: "S0", Total: parse("cpus:1").Allocate("a")}},
	} {
		out := s.al.Step(s.now, in)
		if len(out) != 1 {
			t.Errorf("%+v: got %v", in, out)
			continue
		}
		if refused, ok := out[0].(allocation.Refused); !ok || mesos.KindOf(refused.Err) != mesos.Invalid {
			t.Errorf("%+v: got %v", in, out[0])
		}
	}
	if shares := s.al.Shares(); len(shares.Roles)+len(shares.Frameworks) > 0 || !shares.Total.IsEmpty() {
		t.Errorf("something was taken: %+v", shares)
	}
}

// https://mesos.apache.org/documentation/latest/attributes-resources/

func TestAbsurdAmountsAreRefused(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:2000000000000
		refused: add agent: agent S0: total: 2000000000000 cpus: more than 1000000000000 is not supported
		> agent S1 cpus:1
		F0 is offered S1 for a: cpus:1
		> update S1 cpus:2000000000000
		refused: update agent: agent S1: total: 2000000000000 cpus: more than 1000000000000 is not supported`)
}

func TestUsedBeyondTheTotalIsToldAndNothingIsOfferedOfIt(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:4;mem:100 used=F1,b,cpus:6;mem:50
		refused: add agent: agent S0: more is in use than its total of cpus:4; mem:100 has: cpus:2 too much
		F0 is offered S0 for a: mem:50
		> free F1 S0 b cpus:3
		F0 is offered S0 for a: cpus:1`)
}

func TestUsedOfWhatTheAgentHasNotTakesUpWhatItHas(t *testing.T) {
	expect(t, `
		> framework F0 a
		> agent S0 cpus:4;mem:100 used=F1,b,cpus(b):3;mem:10
		F0 is offered S0 for a: cpus:1; mem:90
		> free F1 S0 b cpus(b):3
		F0 is offered S0 for a: cpus:3`)
}

func TestUsedByNobodyKnownOrForNoRoleIsRefused(t *testing.T) {
	s := newStory(Config{})
	out := s.al.Step(s.now, allocation.AddAgent{
		Agent: &allocation.Agent{ID: "S0", Total: parse("cpus:1")},
		Used:  []allocation.Grant{{Framework: "F0", Resources: parse("cpus:1")}},
	})
	if len(out) != 1 {
		t.Fatalf("got %v", out)
	}
	if err := out[0].(allocation.Refused).Err; mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestClustersTotalStaysANumber(t *testing.T) {
	s := newStory(Config{})
	refused := 0
	for i := range 6000 {
		id := mesos.AgentID(string(rune('a'+i/676)) + string(rune('a'+i/26%26)) + string(rune('a'+i%26)))
		for range s.al.Step(s.now, allocation.AddAgent{Agent: &allocation.Agent{ID: id, Total: parse("cpus:1000000000000")}}) {
			refused++
		}
	}
	if total := s.al.Shares().Total.Get("cpus"); refused == 0 || total <= 0 {
		t.Errorf("%d refused, total %v", refused, total)
	}
}
