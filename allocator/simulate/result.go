package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// Rules of the reasons that a simulation adds to the allocator's.
const (
	// RuleTooLarge: no agent can ever hold a task that waits.
	RuleTooLarge = "task_too_large"
	// RuleDoesNotFit: what is offered is less than a task that waits needs.
	RuleDoesNotFit = "task_does_not_fit"
)

// Result is what came of a simulation. Its field names are stable.
type Result struct {
	Agents int                  `json:"agents"`
	Total  resources.Quantities `json:"total"`
	// Warnings are about the file as a whole.
	Warnings []string `json:"warnings"`
	// Reports are the cluster at the moments asked for, and at the end.
	Reports []Report `json:"reports"`
	// Frameworks are those of the whole time, a row for each of their roles.
	Frameworks []Summary `json:"frameworks"`
	// Ended is how much virtual time passed.
	Ended float64 `json:"ended_seconds"`
}

// Report is the cluster at a moment.
type Report struct {
	At         float64                `json:"at_seconds"`
	Roles      []allocation.RoleShare `json:"roles"`
	Frameworks []State                `json:"frameworks"`
}

// State is a framework in one of its roles, at a moment.
type State struct {
	Framework mesos.FrameworkID `json:"framework_id"`
	Role      string            `json:"role"`
	Running   int               `json:"running"` // tasks
	Waiting   int               `json:"waiting"`
	Done      int               `json:"done"`
	// Held is what is offered to it or in use by it.
	Held          resources.Quantities `json:"held"`
	DominantShare float64              `json:"dominant_share"`
	// Reasons are why tasks wait: first those of tasks that don't fit, then the
	// allocator's. Empty if none wait.
	Reasons []allocation.Reason `json:"reasons"`
}

// Summary is a framework in one of its roles, over the whole time.
type Summary struct {
	Framework mesos.FrameworkID `json:"framework_id"`
	Role      string            `json:"role"`
	Launched  int               `json:"launched"` // tasks
	Done      int               `json:"done"`
	Running   int               `json:"running"`
	Waiting   int               `json:"waiting"`
	// AverageUsed is what its tasks used, averaged over the whole time, and
	// AverageShare the largest part of the cluster that this is of a resource
	// that counts for fair shares.
	AverageUsed  resources.Quantities `json:"average_used"`
	AverageShare float64              `json:"average_share"`
	// Waits are of the tasks that were launched, from when they were wanted.
	FirstWait   float64 `json:"first_wait_seconds"`
	MeanWait    float64 `json:"mean_wait_seconds"`
	LongestWait float64 `json:"longest_wait_seconds"`
}

// report adds how things are, as of a time up to which nothing more happens.
func (r *run) report(result *Result, at time.Time) error {
	shares := r.core.Shares()
	report := Report{At: at.Sub(epoch).Seconds(), Roles: shares.Roles, Frameworks: []State{}}
	held := map[mesos.FrameworkID]map[string]allocation.FrameworkShare{}
	for _, f := range shares.Frameworks {
		if held[f.Framework] == nil {
			held[f.Framework] = map[string]allocation.FrameworkShare{}
		}
		held[f.Framework][f.Role] = f
	}
	for _, f := range r.frameworks {
		for _, s := range f.seats {
			if f.state == expected {
				continue
			}
			share := held[f.spec.ID][s.role]
			state := State{
				Framework: f.spec.ID, Role: s.role, Running: s.running, Waiting: s.waiting, Done: s.done,
				Held: share.Held, DominantShare: share.DominantShare, Reasons: []allocation.Reason{},
			}
			if s.waiting > 0 {
				explained, err := r.core.Explain(f.spec.ID, s.role, "")
				if err != nil {
					return err
				}
				state.Reasons = append(state.Reasons, f.why(s)...)
				for _, e := range explained {
					state.Reasons = append(state.Reasons, e.Reasons...)
				}
			}
			report.Frameworks = append(report.Frameworks, state)
		}
	}
	result.Reports = append(result.Reports, report)
	return nil
}

// summary is the whole time, which has come to its end.
func (r *run) summary() []Summary {
	list := []Summary{}
	for _, f := range r.frameworks {
		for _, s := range f.seats {
			s.use(r.now, s.used)
			row := Summary{
				Framework: f.spec.ID, Role: s.role, Launched: s.launched, Done: s.done, Running: s.running, Waiting: s.waiting,
				FirstWait: s.first.Seconds(), LongestWait: s.longest.Seconds(),
			}
			if s.launched > 0 {
				row.MeanWait = (s.waited / time.Duration(s.launched)).Seconds()
			}
			row.AverageUsed, row.AverageShare = r.averageOf(s)
			list = append(list, row)
		}
	}
	return list
}

func (r *run) averageOf(s *seat) (used resources.Quantities, share float64) {
	seconds := r.now.Sub(epoch).Seconds()
	if seconds == 0 {
		return s.used, 0
	}
	var list []resources.Quantity
	for name, total := range r.total.All() {
		average := s.average[name] / seconds
		list = append(list, resources.Quantity{Name: name, Amount: resources.Scalar(average + 0.5)})
		if !slices.Contains(r.cluster.Config.FairnessExclude, name) {
			share = max(share, average/float64(total))
		}
	}
	return resources.NewQuantities(list...), share
}

// warnings are of guarantees that the cluster can't keep.
func (r *run) warnings() []string {
	var guaranteed resources.Quantities
	roles := map[string]bool{}
	for _, role := range r.cluster.Roles {
		roles[role.Name] = !role.Quota.Guarantees.IsEmpty()
	}
	for _, role := range r.cluster.Roles {
		below := false
		for _, ancestor := range mesos.RoleAncestors(role.Name) {
			below = below || roles[ancestor]
		}
		if !below {
			guaranteed = guaranteed.Add(role.Quota.Guarantees)
		}
	}
	list := []string{}
	for name, amount := range guaranteed.All() {
		if has := r.total.Get(name); has < amount {
			list = append(list, fmt.Sprintf("roles are guaranteed %v %s together, and the agents have %v", amount, name, has))
		}
	}
	return list
}
