package allocator

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// tenants are frameworks that want the same. A quota is of their role.
type tenants struct {
	role       string
	frameworks int
	quota      string
	task       resources.Resources
	tasks      int // that each framework wants to run
	perOffer   int // that each launches from one offer at most
}

// workload is a cluster that is filled in rounds.
type workload struct {
	al      *Allocator
	now     time.Time
	tenants map[mesos.FrameworkID]*tenants
	running map[mesos.FrameworkID]int
	total   resources.Resources
}

func newWorkload(sorter Sorter, agents int, each string, list []tenants) *workload {
	w := &workload{
		al:  New(Config{RoleSorter: sorter, FrameworkSorter: sorter, MinAllocatable: DefaultMinAllocatable()}),
		now: time.Unix(1_800_000_000, 0), tenants: map[mesos.FrameworkID]*tenants{}, running: map[mesos.FrameworkID]int{},
	}
	for i := range list {
		t := &list[i]
		if t.quota != "" {
			w.al.Step(w.now, allocation.UpdateQuota{Role: t.role, Quota: quotaOf(map[string]string{"guarantee": t.quota, "limit": t.quota})})
		}
		for n := range t.frameworks {
			id := mesos.FrameworkID(fmt.Sprintf("%s-%d", t.role, n))
			w.tenants[id] = t
			w.al.Step(w.now, allocation.AddFramework{Framework: &allocation.Framework{ID: id, Roles: []string{t.role}}, Active: true})
		}
	}
	all := parse(each)
	for i := range agents {
		w.al.Step(w.now, allocation.AddAgent{Agent: &allocation.Agent{ID: mesos.AgentID(fmt.Sprintf("S%d", i)), Hostname: "host", Total: all}})
		w.total = w.total.Add(all)
	}
	return w
}

// round is one pass over all agents. It returns a grant for each offer.
func (w *workload) round() (offers []allocation.Grant) {
	for _, out := range w.al.Step(w.now, allocation.Tick{}) {
		if out, ok := out.(allocation.OffersReady); ok {
			for _, o := range out.Offers {
				offers = append(offers, allocation.Grant{Framework: out.Framework, Agent: o.Agent, Resources: o.Resources})
			}
		}
	}
	w.now = w.now.Add(time.Second)
	return offers
}

// launch launches what a framework wants to, and gives back the rest. A
// framework that runs all it wants to is not offered more.
func (w *workload) launch(offer allocation.Grant) {
	t, left := w.tenants[offer.Framework], offer.Resources
	task := t.task.Allocate(t.role)
	for range min(t.perOffer, t.tasks-w.running[offer.Framework]) {
		rest, ok := left.TrySub(task)
		if !ok {
			break
		}
		left = rest
		w.running[offer.Framework]++
	}
	w.al.Step(w.now, allocation.Recover{Grant: allocation.Grant{Framework: offer.Framework, Agent: offer.Agent, Resources: left}})
	if w.running[offer.Framework] == t.tasks {
		w.al.Step(w.now, allocation.Suppress{ID: offer.Framework})
	}
}

// byRole adds up offers.
func (w *workload) byRole(offers []allocation.Grant) map[string]resources.Resources {
	sums := map[string]resources.Resources{}
	for _, o := range offers {
		role := w.tenants[o.Framework].role
		sums[role] = sums[role].Add(o.Resources.Unallocate())
	}
	return sums
}

// rolesOf are roles of two frameworks each, with two agents for each role, and
// quota of two agents if they have any.
func rolesOf(n int, quota string) (agents int, list []tenants) {
	for i := range n {
		list = append(list, tenants{role: fmt.Sprintf("r%d", i), frameworks: 2, quota: quota})
	}
	return 2 * n, list
}

const (
	workAgent     = "cpus:2;mem:2048;disk:2048"
	twoAgents     = "cpus:4;mem:4096;disk:4096"
	halfAgent     = "cpus:1;mem:1024;disk:1024"
	smallPerLarge = 5
)

// smallAndLarge are roles with quota of half an agent, and a fifth as many with
// quota of two, on just as many agents as they fill.
func smallAndLarge(large int) (agents int, list []tenants) {
	for i := range large * smallPerLarge {
		list = append(list, tenants{role: fmt.Sprintf("small%d", i), frameworks: 1, quota: halfAgent})
	}
	for i := range large {
		list = append(list, tenants{role: fmt.Sprintf("large%d", i), frameworks: 1, quota: twoAgents})
	}
	return (large*smallPerLarge+1)/2 + large*2, list
}

// mixed are a few frameworks with very many small tasks, many with a handful of
// tasks, and some with larger ones; div makes all of it smaller.
func mixed(div int) (agents int, list []tenants) {
	for i := range 4 {
		list = append(list, tenants{role: fmt.Sprintf("services%d", i), frameworks: 1, task: parse("cpus:0.07;mem:400"), tasks: 4000 / div, perOffer: 100})
	}
	list = append(list, tenants{role: "builds", frameworks: 500 / div, task: parse("cpus:0.1;mem:4000"), tasks: 5, perOffer: 1})
	for i := range 50 / div {
		list = append(list, tenants{role: fmt.Sprintf("jobs%d", i), frameworks: 1, task: parse("cpus:1;mem:1000"), tasks: 20, perOffer: 5})
	}
	return 80 / div, list
}

const mixedAgent = "cpus:64;mem:488000"

// fill runs rounds until every framework runs what it wants, at most 1000.
func (w *workload) fill() (rounds int) {
	want, runs := 0, 0
	for _, t := range w.tenants {
		want += t.tasks
	}
	for runs < want && rounds < 1000 {
		for _, offer := range w.round() {
			before := w.running[offer.Framework]
			w.launch(offer)
			runs += w.running[offer.Framework] - before
		}
		rounds++
	}
	return rounds
}

// What is measured below is right, too.

func TestQuotaThatFillsTheClusterIsOfferedInOneRound(t *testing.T) {
	// covers: BENCHMARK_HierarchicalAllocator_WithNonQuotaVsQuotaParam.NonQuotaVsQuota
	// covers: BENCHMARK_HierarchicalAllocator_WithQuotaParam.LargeAndSmallQuota
	plain, plainRoles := rolesOf(10, "")
	with, withRoles := rolesOf(10, twoAgents)
	chopped, choppedRoles := smallAndLarge(2)
	for _, sorter := range []Sorter{DRF, Random} {
		for name, w := range map[string]*workload{
			"no quota": newWorkload(sorter, plain, workAgent, plainRoles), "quota": newWorkload(sorter, with, workAgent, withRoles),
			"small and large quota": newWorkload(sorter, chopped, workAgent, choppedRoles),
		} {
			var all resources.Resources
			offers := w.round()
			sums := w.byRole(offers)
			for role, sum := range sums {
				all = all.Add(sum)
				quota := w.tenants[mesos.FrameworkID(role+"-0")].quota
				if quota == "" && sorter == DRF {
					quota = twoAgents // a fair share
				}
				if quota != "" && !sum.Equal(parse(quota)) {
					t.Errorf("%s, sorter %v: role %s is offered %v", name, sorter, role, sum)
				}
			}
			if !all.Equal(w.total) {
				t.Errorf("%s, sorter %v: %v of %v is offered", name, sorter, all, w.total)
			}
			if again := w.round(); len(again) > 0 {
				t.Errorf("%s, sorter %v: then there are %d more offers", name, sorter, len(again))
			}
		}
	}
}

func TestFrameworksOfAllSortsGetWhatTheyWant(t *testing.T) {
	// covers: BENCHMARK_HierarchicalAllocations.MultiFrameworkAllocations
	agents, list := mixed(10)
	w := newWorkload(DRF, agents, mixedAgent, list)
	w.fill()
	for id, tenant := range w.tenants {
		if w.running[id] != tenant.tasks {
			t.Errorf("%s runs %d tasks of %d", id, w.running[id], tenant.tasks)
		}
	}
}

// BenchmarkQuota is the first round of a cluster of 1,000 roles and 2,000 agents,
// without and with quota, and of one of 3,000 roles of small and large quota.
func BenchmarkQuota(b *testing.B) {
	for name, make := range map[string]func() (int, []tenants){
		"none":            func() (int, []tenants) { return rolesOf(1000, "") },
		"equal":           func() (int, []tenants) { return rolesOf(1000, twoAgents) },
		"small and large": func() (int, []tenants) { return smallAndLarge(500) },
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				agents, list := make()
				w := newWorkload(DRF, agents, workAgent, list)
				b.StartTimer()
				w.round()
			}
		})
	}
}

// BenchmarkMixedWorkload fills 80 agents with 19,500 tasks of 554 frameworks.
func BenchmarkMixedWorkload(b *testing.B) {
	agents, list := mixed(1)
	for range b.N {
		b.ReportMetric(float64(newWorkload(DRF, agents, mixedAgent, list).fill()), "rounds")
	}
}
