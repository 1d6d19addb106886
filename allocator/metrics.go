package allocator

import (
	"cmp"
	"slices"

	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// Metric is one name and value of /metrics/snapshot.
type Metric = allocation.Metric

const (
	metricPrefix    = "allocator/mesos/"
	metricResources = metricPrefix + "resources/"
	metricQuota     = metricPrefix + "quota/roles/"
)

// Runs is how often agents were looked at for something to offer.
func (al *Allocator) Runs() uint64 { return al.runs }

// Metrics is the allocator's metrics by Mesos's names, sorted. Times of runs are
// not among them: a core has no clock to measure itself with.
func (al *Allocator) Metrics() []Metric {
	list := []Metric{metric(metricPrefix+"allocation_runs", float64(al.runs))}
	held := al.tree.nodes[root].held
	for _, name := range []string{"cpus", "disk", "gpus", "mem"} {
		if name == "gpus" && al.tree.total.Get(name) == 0 {
			continue
		}
		list = append(list,
			metric(metricResources+name+"/total", al.tree.total.Get(name).Float()),
			metric(metricResources+name+"/offered_or_allocated", held.Get(name).Float()))
	}
	filters := map[string]int{}
	for c := range al.clients {
		filters[al.clients[c].role] += al.clients[c].filters
	}
	for _, row := range al.roleShares() {
		list = append(list, metric(metricPrefix+"roles/"+row.Role+"/shares/dominant", row.DominantShare))
		if row.Frameworks > 0 {
			list = append(list, metric(metricPrefix+"offer_filters/roles/"+row.Role+"/active", float64(filters[row.Role])))
		}
		list = appendQuota(list, &row)
	}
	slices.SortFunc(list, func(x, y Metric) int { return cmp.Compare(x.Name, y.Name) })
	return list
}

// appendQuota adds the metrics of a role's quota: what is guaranteed and limited,
// and how much of each resource that has a guarantee or a limit is held. What is
// consumed the master tells, who knows what of it is only offered.
func appendQuota(list []Metric, row *allocation.RoleShare) []Metric {
	prefix := metricQuota + row.Role + "/resources/"
	named := map[string]bool{}
	for name, amount := range row.Guarantees.All() {
		list = append(list, metric(prefix+name+"/guarantee", amount.Float()))
		named[name] = true
	}
	for name, amount := range row.Limits.All() {
		list = append(list, metric(prefix+name+"/limit", amount.Float()))
		named[name] = true
	}
	for name := range named {
		list = append(list, metric(prefix+name+"/offered_or_allocated", row.Held.Get(name).Float()))
	}
	return list
}

func metric(name string, value float64) Metric { return Metric{Name: name, Value: value} }
