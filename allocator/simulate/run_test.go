package simulate

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

func simulated(file string) (*Result, error) {
	c, err := Parse("c.yaml", []byte(file))
	if err != nil {
		return nil, err
	}
	return Run(c)
}

func simulateOK(t *testing.T, file string) *Result {
	t.Helper()
	result, err := simulated(file)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// last is how the framework in its place is at the end.
func (r *Result) last(i int) State { return r.Reports[len(r.Reports)-1].Frameworks[i] }

func has(reasons []allocation.Reason, rule string) bool {
	return slices.ContainsFunc(reasons, func(r allocation.Reason) bool { return r.Rule == rule })
}

func TestJobsRunOneAfterAnother(t *testing.T) {
	r := simulateOK(t, someAgents+`
frameworks:
- name: jobs
  tasks: [{count: 10, resources: {cpus: 2}, duration: 1m}]
`)
	f := r.Frameworks[0]
	if f.Done != 10 || f.Waiting != 0 || f.FirstWait != 0 || f.LongestWait != 240 || f.MeanWait != 120 {
		t.Errorf("two at a time fit: %+v", f)
	}
	if r.Ended != 300 || f.AverageShare != 1 || f.AverageUsed.Get("cpus") != 4000 {
		t.Errorf("it ends when all is done, after five minutes: %v, %+v", r.Ended, f)
	}
}

func TestLimitHoldsAndIsNamed(t *testing.T) {
	r := simulateOK(t, "roles: {eng: {limit: {cpus: 3}}}\n"+someAgents+`
frameworks:
- {name: web, roles: [eng], tasks: [{count: 4, resources: {cpus: 1}}]}
`)
	f := r.last(0)
	if f.Running != 3 || f.Waiting != 1 || !has(f.Reasons, "limit") {
		t.Errorf("web is %+v", f)
	}
	if r.Ended != DefaultDuration.Seconds() {
		t.Errorf("it ended after %v seconds", r.Ended)
	}
}

func TestGuaranteeIsKeptForWhoComesLate(t *testing.T) {
	r := simulateOK(t, "report_at: [30s]\nduration: 1m\nroles: {eng: {guarantee: {cpus: 3}}}\n"+someAgents+`
frameworks:
- {name: jobs, tasks: [{count: 9, resources: {cpus: 1}}]}
- {name: web, roles: [eng], arrives: 40s, tasks: [{count: 3, resources: {cpus: 1}}]}
`)
	early := r.Reports[0]
	if len(early.Frameworks) != 1 || early.Frameworks[0].Running != 1 || !has(early.Frameworks[0].Reasons, "guarantee") {
		t.Errorf("before web is there: %+v", early.Frameworks)
	}
	if web := r.last(1); web.Running != 3 || r.Frameworks[1].LongestWait != 0 {
		t.Errorf("web has its guarantee at once: %+v", web)
	}
}

func TestReservedResourcesAreUsedFirst(t *testing.T) {
	r := simulateOK(t, `
agents: [{resources: {cpus: 4}, reserved: {db: {cpus: 2}}}]
frameworks:
- {name: pg, roles: [db], tasks: [{resources: {cpus: 2}}]}
- {name: jobs, arrives: 10s, tasks: [{count: 9, resources: {cpus: 1}}]}
`)
	if pg, jobs := r.last(0), r.last(1); pg.Running != 1 || jobs.Running != 4 {
		t.Errorf("pg %+v, jobs %+v", pg, jobs)
	}
}

func TestTasksThatDoNotFitSaySo(t *testing.T) {
	r := simulateOK(t, someAgents+`
frameworks:
- {name: small, tasks: [{count: 1, resources: {cpus: 3}}]}
- {name: large, arrives: 1s, tasks: [{resources: {cpus: 2}}]}
- {name: huge, arrives: 1s, tasks: [{resources: {cpus: 5}}]}
`)
	if large := r.last(1); !has(large.Reasons, RuleDoesNotFit) || has(large.Reasons, RuleTooLarge) {
		t.Errorf("large waits for %+v", large.Reasons)
	}
	if huge := r.last(2); !has(huge.Reasons, RuleTooLarge) {
		t.Errorf("huge waits for %+v", huge.Reasons)
	}
}

func TestADeclinedAgentIsOfferedAgainWhenItHasMore(t *testing.T) {
	r := simulateOK(t, someAgents+`
frameworks:
- {name: big, arrives: 1s, refuse: 1h, tasks: [{resources: {cpus: 4}}]}
- {name: job, tasks: [{resources: {cpus: 1}, duration: 10s}]}
`)
	if big := r.Frameworks[0]; big.Running != 1 || big.FirstWait != 9 {
		t.Errorf("big is %+v", big)
	}
}

func TestSuppressingFrameworksAreLeftAloneUntilTheyWantMore(t *testing.T) {
	r := simulateOK(t, "report_at: [1m]\n"+someAgents+`
frameworks:
- name: web
  suppress: true
  tasks: [{resources: {cpus: 1}}, {resources: {cpus: 1}, after: 2m}]
- {name: idle, tasks: []}
`)
	if web := r.last(0); web.Running != 2 || r.Frameworks[0].LongestWait > 1 {
		t.Errorf("web is %+v, %+v", web, r.Frameworks[0])
	}
}

func TestWhoLeavesGivesEverythingBack(t *testing.T) {
	r := simulateOK(t, someAgents+`
frameworks:
- {name: first, leaves: 1m, tasks: [{count: 9, resources: {cpus: 4}, duration: 40s}]}
- {name: second, arrives: 10s, tasks: [{resources: {cpus: 4}, duration: 1s}]}
`)
	if first, second := r.Frameworks[0], r.Frameworks[1]; first.Done != 1 || first.Waiting != 0 || second.Done != 1 {
		t.Errorf("first %+v, second %+v", first, second)
	}
}

func TestSlowAnswersKeepOffersFromOthers(t *testing.T) {
	r := simulateOK(t, someAgents+`
frameworks:
- {name: slow, answer: 1m, tasks: [{resources: {cpus: 8}}]}
- {name: quick, arrives: 1s, tasks: [{resources: {cpus: 1}, duration: 1s}]}
`)
	if quick := r.Frameworks[1]; quick.FirstWait != 59 {
		t.Errorf("quick waits %v seconds, until slow has declined", quick.FirstWait)
	}
}

func TestGuaranteesThatCannotBeKeptAreWarnedOf(t *testing.T) {
	r := simulateOK(t, "roles: {a: {guarantee: {cpus: 3}}, a/b: {guarantee: {cpus: 3}}, c: {guarantee: {cpus: 3}}}\n"+someAgents+someFrameworks)
	if len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "roles are guaranteed 6 cpus together") {
		t.Errorf("warnings are %q", r.Warnings)
	}
}

func TestSameFileSameResult(t *testing.T) {
	file := "allocator: {role_sorter: random, framework_sorter: random}\n" + `
agents: [{count: 20, resources: {cpus: 8, mem: 4096}}]
frameworks:
- {name: f, count: 10, roles: [a, b], tasks: [{count: 30, resources: {cpus: 1, mem: 300}, duration: 20s}, {count: 30, role: b, resources: {cpus: 2}, duration: 7s}]}
`
	if a, b := simulateOK(t, file), simulateOK(t, file); !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
}
