package allocator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// https://mesos.apache.org/documentation/latest/configuration/master/

func TestParseSorter(t *testing.T) {
	for _, want := range []Sorter{DRF, Random, Priority} {
		if got, err := ParseSorter(want.String()); err != nil || got != want {
			t.Errorf("%v: got %v, %v", want, got, err)
		}
	}
	_, err := ParseSorter("fifo")
	if mesos.KindOf(err) != mesos.Invalid || err.Error() != `sorter: "fifo" is none of drf, random and priority` {
		t.Errorf("got %v", err)
	}
}

func TestPriorityServesHigherWeightsFirst(t *testing.T) {
	expectOf(t, Config{RoleSorter: Priority}, `
		> weight prod 10 & framework F0 dev & framework F1 prod & framework F2 prod
		> agent S0 cpus:1 & agent S1 cpus:1 & agent S2 cpus:1
		F1 is offered S0 for prod: cpus:1
		F1 is offered S2 for prod: cpus:1
		F2 is offered S1 for prod: cpus:1
		> suppress F1 & suppress F2
		> agent S3 cpus:1
		F0 is offered S3 for dev: cpus:1
		> weight dev 11
		> revive F1
		> agent S4 cpus:1
		F0 is offered S4 for dev: cpus:1`)
}

func TestPriorityCountsAmongSiblings(t *testing.T) {
	expectOf(t, Config{RoleSorter: Priority}, `
		> weight eng/web 5 & weight ops 2 & framework F0 eng/api & framework F1 eng/web & framework F2 ops
		> agent S0 cpus:1
		F2 is offered S0 for ops: cpus:1
		> suppress F2
		> agent S1 cpus:1 & agent S2 cpus:1
		F1 is offered S1 for eng/web: cpus:1
		F1 is offered S2 for eng/web: cpus:1`)
}

func TestRandomFollowsFromTheSeed(t *testing.T) {
	var text strings.Builder
	for f := range 5 {
		fmt.Fprintf(&text, "> framework F%d r%d\n", f, f)
	}
	for a := range 20 {
		fmt.Fprintf(&text, "> agent S%d cpus:1;mem:64\n", a)
	}
	run := func(seed uint64) string {
		return tell(Config{RoleSorter: Random, FrameworkSorter: Random, Seed: seed}, text.String())
	}
	if diff := cmp.Diff(run(1), run(1)); diff != "" {
		t.Errorf("one seed, two orders:\n%s", diff)
	}
	if run(1) == run(2) {
		t.Error("two seeds, one order")
	}
}

// positions is how often each of the frameworks came at each place.
func positions(t *testing.T, config Config, weights map[string]float64, roles []string, runs int) [][]float64 {
	t.Helper()
	s := newStory(config)
	for f, role := range roles {
		s.step(s.input([]string{"framework", fmt.Sprintf("F%d", f), role}))
	}
	s.step(allocation.UpdateWeights{Weights: weights})
	s.al.tree.settle()
	places := make([][]float64, len(roles))
	for range runs {
		list := s.al.draw(s.al.active)
		slices.SortFunc(list, s.al.compareDrawn)
		for place, d := range list {
			f := s.al.clients[d.client].framework
			if places[f] == nil {
				places[f] = make([]float64, len(roles))
			}
			places[f][place] += 1 / float64(runs)
		}
	}
	return places
}

// drawn without replacement: how likely each is at each place.
func likely(weights []float64) [][]float64 {
	places := make([][]float64, len(weights))
	for i := range places {
		places[i] = make([]float64, len(weights))
	}
	taken := make([]bool, len(weights))
	var draw func(place int, chance float64)
	draw = func(place int, chance float64) {
		var all float64
		for i, w := range weights {
			if !taken[i] {
				all += w
			}
		}
		for i, w := range weights {
			if taken[i] {
				continue
			}
			places[i][place] += chance * w / all
			taken[i] = true
			draw(place+1, chance*w/all)
			taken[i] = false
		}
	}
	draw(0, 1)
	return places
}

func near(t *testing.T, want, got [][]float64) {
	t.Helper()
	for i := range want {
		for place := range want[i] {
			if math.Abs(want[i][place]-got[i][place]) > 0.02 {
				t.Errorf("%d at place %d: want %.3f, got %.3f", i, place, want[i][place], got[i][place])
			}
		}
	}
}

func TestRandomOrderFollowsWeights(t *testing.T) {
	// covers: RandomSorterTest.ProbabilityDistribution
	// covers: WeightedShuffleTest.ProbabilityDistribution
	weights := map[string]float64{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
	got := positions(t, Config{RoleSorter: Random, Seed: 1}, weights, []string{"a", "b", "c", "d", "e"}, 10_000)
	near(t, likely([]float64{1, 2, 3, 4, 5}), got)
}

func TestRandomOrderFollowsWeightsOfRolesAbove(t *testing.T) {
	// covers: RandomSorterTest.HierarchicalProbabilityDistribution
	weights := map[string]float64{"a": 1, "a/b": 2, "c": 2, "c/e": 2}
	got := positions(t, Config{RoleSorter: Random, Seed: 1}, weights, []string{"a", "a/b", "c/d", "c/e"}, 10_000)
	// a's third and c's two thirds are divided among those below.
	near(t, likely([]float64{1.0 / 9, 2.0 / 9, 2.0 / 9, 4.0 / 9}), got)
}

func TestRandomFrameworksAreEqual(t *testing.T) {
	got := positions(t, Config{FrameworkSorter: Random, Seed: 1}, nil, []string{"a", "a", "a"}, 10_000)
	near(t, likely([]float64{1, 1, 1}), got)
}

// https://mesos.apache.org/documentation/latest/allocation-module/

func TestInactiveFrameworksSharesCount(t *testing.T) {
	// covers: CommonSorterTest.AllocationForInactiveClient
	// covers: CommonSorterTest.MultipleSlaves
	s := newStory(Config{})
	s.tell("framework F0 a active=no & framework F1 b")
	s.tell("agent S0 cpus:10;mem:10 used=F0,a,cpus:2;mem:2|F1,b,cpus:3;mem:3")
	s.tell("agent S1 cpus:10;mem:10 used=F0,a,cpus:2;mem:2")
	shares := s.al.Shares()
	if got := shares.Roles[0].Held.String(); got != "cpus:4; mem:4" {
		t.Errorf("held in a: got %s", got)
	}
	if got := shares.Frameworks[1].Held.String(); got != "cpus:16; mem:16" || shares.Frameworks[1].Agents != 2 {
		t.Errorf("F1: got %+v", shares.Frameworks[1])
	}
}

func TestVolumesCountAsTheDiskTheyAre(t *testing.T) {
	// covers: CommonSorterTest.UpdateAllocation
	// covers: CommonSorterTest.UpdateAllocationNestedClient
	// covers: CommonSorterTest.MultipleSlavesUpdateAllocation
	// covers: DRFSorterTest.SplitResourceShares
	s := newStory(Config{})
	s.tell("framework F0 a/x")
	s.tell("agent S0 cpus:1;disk:10 & agent S1 cpus:1;disk:10")
	s.tell("convert F0 S0 a/x disk:5 disk#v1:5 & convert F0 S1 a/x disk:5 disk#v1:5")
	shares := s.al.Shares()
	for _, row := range shares.Roles {
		if got := row.Held.String(); got != "cpus:2; disk:20" {
			t.Errorf("%s: got %s", row.Role, got)
		}
	}
	if got := shares.Frameworks[0].Held.String(); got != "cpus:2; disk:20" {
		t.Errorf("F0: got %s", got)
	}
}

func TestSharesFollowTheClustersTotal(t *testing.T) {
	// covers: DRFSorterTest.UpdateTotal
	// covers: DRFSorterTest.MultipleSlavesUpdateTotal
	// a has more cpus, b has more memory: which of them counts depends on the total.
	expect(t, `
		> framework F0 a suppressed=a & framework F1 b suppressed=b
		> agent S0 cpus:5;mem:50 used=F0,a,cpus:2;mem:1 & agent S1 cpus:5;mem:50 used=F1,b,cpus:1;mem:3
		> drain S0 & drain S1 & revive F0 & revive F1
		> agent S2 cpus:0.1;mem:0.1
		F1 is offered S2 for b: cpus:0.1; mem:0.1
		> update S0 cpus:95;mem:50
		> agent S3 cpus:0.1;mem:0.1
		F0 is offered S3 for a: cpus:0.1; mem:0.1`)
}

func TestSharesFollowWhatIsGivenBack(t *testing.T) {
	// covers: DRFSorterTest.RemoveResources
	expect(t, `
		> framework F0 a & framework F1 b
		> agent S0 cpus:10 used=F0,a,cpus:6|F1,b,cpus:4
		> agent S1 cpus:0.1
		F1 is offered S1 for b: cpus:0.1
		> update S0 cpus:5 & free F0 S0 a cpus:5
		> agent S2 cpus:0.1
		F0 is offered S2 for a: cpus:0.1`)
}

func TestRevocableResourcesCountForTheShare(t *testing.T) {
	// covers: DRFSorterTest.RevocableResources
	expect(t, `
		> framework F0 a & framework F1 b
		> agent S0 cpus:10;~cpus:10;mem:2 used=F0,a,cpus:2;mem:1|F1,b,cpus:1;mem:1;~cpus:9 & drain S0
		> agent S1 cpus:0.1
		F0 is offered S1 for a: cpus:0.1`)
}

func TestRolesAreServedDepthFirst(t *testing.T) {
	// covers: DRFSorterTest.HierarchicalIterationOrder
	// d and d/e are next to each other wherever d is among its siblings.
	order := func(s *story) string {
		s.al.tree.settle()
		var roles []string
		var walk func(id int32)
		walk = func(id int32) {
			for _, child := range s.al.tree.nodes[id].order {
				if c := s.al.tree.nodes[child].client; c >= 0 {
					roles = append(roles, s.al.clients[c].role)
				} else {
					walk(child)
				}
			}
		}
		walk(root)
		return strings.Join(roles, " ")
	}
	s := newStory(Config{})
	s.tell("framework F0 a/b & framework F1 c & framework F2 d & framework F3 d/e")
	for _, step := range []struct{ used, want string }{
		{"", "a/b c d d/e"},
		{"F1,c,cpus:8", "a/b d d/e c"},
		{"F2,d,cpus:3|F3,d/e,cpus:2", "a/b d/e d c"},
		{"F0,a/b,cpus:6", "d/e d a/b c"},
	} {
		agent := fmt.Sprintf("S%d", len(s.al.agents))
		s.step(s.input([]string{"agent", agent, "cpus:25", "used=" + step.used}))
		s.step(allocation.DeactivateAgent{ID: mesos.AgentID(agent)})
		if got := order(s); got != step.want {
			t.Errorf("with %s: got %s, want %s", step.used, got, step.want)
		}
	}
}

func TestRoleBelowAnInactiveOneIsServed(t *testing.T) {
	// covers: DRFSorterTest.AddChildToInactiveLeaf
	// covers: CommonSorterTest.RemoveLeafCollapseParentInactive
	expect(t, `
		> framework F0 a active=no & framework F1 b
		> agent S0 cpus:100 used=F0,a,cpus:10|F1,b,cpus:6 & drain S0
		> framework F2 a/c
		> agent S1 cpus:1
		F1 is offered S1 for b: cpus:1
		> suppress F1
		> agent S2 cpus:1
		F2 is offered S2 for a/c: cpus:1
		> remove F2 & lose S2
		> agent S3 cpus:1
		> revive F1
		F1 is offered S3 for b: cpus:1`)
}

// https://mesos.apache.org/documentation/latest/shared-resources/

func TestSharedResourceCountsInEveryHoldersShare(t *testing.T) {
	// covers: DRFSorterTest.SharedResources
	// covers: DRFSorterTest.SameDominantSharedResourcesAcrossClients
	s := newStory(Config{})
	s.tell("framework F0 a can=shared suppressed=a & framework F1 b suppressed=b & framework F2 c can=shared suppressed=c")
	s.tell("agent S0 cpus:100;disk:900;disk#v1!:100 used=F0,a,cpus:5;disk#v1!:100|F1,b,cpus:6|F2,c,cpus:1;disk#v1!:100")
	for i, want := range []float64{0.1, 0.06, 0.1} {
		if got := s.al.Shares().Frameworks[i].DominantShare; math.Abs(got-want) > 1e-9 {
			t.Errorf("F%d: got share %v, want %v", i, got, want)
		}
	}
}

func TestCopiesOfASharedResourceCountOnce(t *testing.T) {
	// covers: DRFSorterTest.SameSharedResourcesSameClient
	// covers: DRFSorterTest.SharedResourcesUnallocated
	s := newStory(Config{})
	share := func(want float64) {
		t.Helper()
		if got := s.al.Shares().Frameworks[0].DominantShare; math.Abs(got-want) > 1e-9 {
			t.Errorf("got share %v, want %v", got, want)
		}
	}
	s.tell("framework F0 a can=shared suppressed=a")
	s.tell("agent S0 cpus:100;disk:900;disk#v1!:100 used=F0,a,cpus:2;disk#v1!3:100")
	share(0.1)
	s.tell("free F0 S0 a disk#v1!:100")
	share(0.1)
	s.tell("free F0 S0 a disk#v1!2:100")
	share(0.02)
}

// https://mesos.apache.org/documentation/latest/roles/

func TestRolesAreKnownAsLongAsSomethingNamesThem(t *testing.T) {
	// covers: RoleTreeTest.RolesTracking
	for _, pair := range [][2]string{
		{"weight a/b/c 2", "weight a/b/c 1"},
		{"quota a/b/c limit=cpus:1", "quota a/b/c"},
		{"agent S0 cpus(a/b/c):1", "lose S0"},
		{"framework F0 a/b/c", "remove F0"},
	} {
		s := newStory(Config{})
		s.tell(pair[0])
		var roles []string
		for _, row := range s.al.Shares().Roles {
			roles = append(roles, row.Role)
		}
		if got := strings.Join(roles, " "); got != "a a/b a/b/c" {
			t.Errorf("%s: got %s", pair[0], got)
		}
		s.tell(pair[1])
		if got := s.al.Shares().Roles; len(got) > 0 {
			t.Errorf("%s: got %v", pair[1], got)
		}
	}
}
