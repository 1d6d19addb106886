package allocator

import (
	"testing"
)

// metrics are the metrics of a story, by name.
func metrics(s *story) map[string]float64 {
	values := map[string]float64{}
	for _, m := range s.al.Metrics() {
		values[m.Name] = m.Value
	}
	return values
}

// expectMetrics compares some of the metrics of a story; a value of -1 says that
// there is no such metric.
func expectMetrics(t *testing.T, s *story, want map[string]float64) {
	t.Helper()
	got := metrics(s)
	for name, value := range want {
		if have, ok := got["allocator/mesos/"+name]; ok != (value >= 0) || ok && have != value {
			t.Errorf("%s: got %v (%v), want %v", name, have, ok, value)
		}
	}
}

// https://mesos.apache.org/documentation/latest/monitoring/

func TestMetricsOfRuns(t *testing.T) {
	// covers: HierarchicalAllocatorTest.AllocationRunsMetric
	s := newStory(Config{})
	expectMetrics(t, s, map[string]float64{"allocation_runs": 0})
	s.tell("agent S0 cpus:2;mem:1024")
	expectMetrics(t, s, map[string]float64{"allocation_runs": 1})
	s.tell("framework F0 a")
	expectMetrics(t, s, map[string]float64{"allocation_runs": 2})
}

func TestMetricsOfResources(t *testing.T) {
	// covers: HierarchicalAllocatorTest.ResourceMetrics
	// covers: HierarchicalAllocatorTest.ResourceMetricsUninitialized
	s := newStory(Config{})
	nothing := map[string]float64{
		"resources/cpus/total": 0, "resources/mem/total": 0, "resources/disk/total": 0,
		"resources/cpus/offered_or_allocated": 0, "resources/mem/offered_or_allocated": 0, "resources/disk/offered_or_allocated": 0,
	}
	expectMetrics(t, s, nothing)
	s.tell("agent S0 cpus:2;mem:1024")
	expectMetrics(t, s, map[string]float64{
		"resources/cpus/total": 2, "resources/mem/total": 1024, "resources/disk/total": 0,
		"resources/cpus/offered_or_allocated": 0, "resources/mem/offered_or_allocated": 0, "resources/disk/offered_or_allocated": 0,
	})
	s.tell("framework F0 a")
	expectMetrics(t, s, map[string]float64{
		"resources/cpus/total": 2, "resources/mem/total": 1024,
		"resources/cpus/offered_or_allocated": 2, "resources/mem/offered_or_allocated": 1024, "resources/disk/offered_or_allocated": 0,
	})
	s.tell("lose S0")
	expectMetrics(t, s, nothing)
}

func TestMetricsOfFilters(t *testing.T) {
	// covers: HierarchicalAllocatorTest.ActiveOfferFiltersMetrics
	s := newStory(Config{})
	s.tell("agent S0 cpus:2;mem:1024 & framework F0 a")
	s.tell("decline F0 S0 a cpus:2;mem:1024 refuse=100s")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 1, "offer_filters/roles/b/active": -1})
	s.tell("framework F1 b")
	s.tell("decline F1 S0 b cpus:2;mem:1024 refuse=100s")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 1, "offer_filters/roles/b/active": 1})
	s.tell("framework F2 a")
	s.tell("decline F2 S0 a cpus:2;mem:1024 refuse=100s")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 2, "offer_filters/roles/b/active": 1})
	s.tell("revive F0 & suppress F0 & revive F1 & decline F0 S0 a cpus:2;mem:1024 & decline F1 S0 b cpus:2;mem:1024 refuse=100s")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 1})
	s.tell("update S0 cpus:2;mem:1024 rack=r1")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 0, "offer_filters/roles/b/active": 0})
	for range 2 {
		s.tell("decline F2 S0 a cpus:2;mem:1024 refuse=10s")
		s.tell("decline F1 S0 b cpus:2;mem:1024 refuse=10s")
	}
	s.tell("wait 10s")
	expectMetrics(t, s, map[string]float64{"offer_filters/roles/a/active": 0, "offer_filters/roles/b/active": 0})
}

func TestMetricsOfShares(t *testing.T) {
	// covers: HierarchicalAllocatorTest.DominantShareMetrics
	s := newStory(Config{})
	s.tell("agent S0 cpus:1;mem:1024 & framework F0 a")
	expectMetrics(t, s, map[string]float64{"roles/a/shares/dominant": 1})
	s.tell("decline F0 S0 a cpus:1;mem:1024")
	expectMetrics(t, s, map[string]float64{"roles/a/shares/dominant": 0})
	s.tell("framework F1 b")
	expectMetrics(t, s, map[string]float64{"roles/a/shares/dominant": 0, "roles/b/shares/dominant": 1})
	s.tell("agent S1 cpus:1;mem:1024")
	expectMetrics(t, s, map[string]float64{"roles/a/shares/dominant": 0.5, "roles/b/shares/dominant": 0.5})
	s.tell("remove F1")
	expectMetrics(t, s, map[string]float64{"roles/b/shares/dominant": -1})
}

func TestMetricsOfSharesWithExclusion(t *testing.T) {
	// covers: HierarchicalAllocatorTest.DominantShareMetricsWithFairnessExclusion
	s := newStory(Config{FairnessExclude: []string{"gpus"}})
	s.tell("agent S0 cpus:1;mem:1024;gpus:1 & agent S1 cpus:3;mem:3072 & framework F0 a can=gpu")
	s.tell("free F0 S1 a cpus:3;mem:3072")
	s.tell("suppress F0 & free F0 S1 a cpus:3;mem:3072")
	expectMetrics(t, s, map[string]float64{"roles/a/shares/dominant": 0.25, "resources/gpus/offered_or_allocated": 1})
}

func TestMetricsOfQuota(t *testing.T) {
	// covers: HierarchicalAllocatorTest.QuotaMetrics
	s := newStory(Config{})
	keys := func(guaranteed, limited float64) map[string]float64 {
		return map[string]float64{
			"quota/roles/a/resources/cpus/guarantee": guaranteed, "quota/roles/a/resources/cpus/limit": -1,
			"quota/roles/a/resources/mem/guarantee": -1, "quota/roles/a/resources/mem/limit": limited,
		}
	}
	expectMetrics(t, s, keys(-1, -1))
	s.tell("quota a guarantee=cpus:1 limit=mem:1024")
	expectMetrics(t, s, keys(1, 1024))
	s.tell("quota a guarantee=cpus:2 limit=mem:1024")
	expectMetrics(t, s, keys(2, 1024))
	s.tell("agent S0 cpus:1;mem:512 & framework F0 a")
	expectMetrics(t, s, map[string]float64{
		"quota/roles/a/resources/cpus/offered_or_allocated": 1, "quota/roles/a/resources/mem/offered_or_allocated": 512,
		"quota/roles/a/resources/disk/offered_or_allocated": -1,
	})
	s.tell("quota a")
	expectMetrics(t, s, keys(-1, -1))
}
