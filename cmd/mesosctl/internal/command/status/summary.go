package status

import (
	"fmt"
	"sort"
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Status is a cluster in short. Its field names are stable.
type Status struct {
	Leader     string         `json:"leader"` // host:port
	Masters    []Master       `json:"masters"`
	Agents     Agents         `json:"agents"`
	Frameworks Frameworks     `json:"frameworks"`
	Tasks      map[string]int `json:"tasks"` // by state
	Resources  []Resource     `json:"resources"`
}

// Master is one of the masters that were asked.
type Master struct {
	Address string `json:"address"`
	State   string `json:"state"` // leader, standby or unreachable
}

// Agents counts agents.
type Agents struct {
	Active      int `json:"active"`
	Inactive    int `json:"inactive"`
	Recovered   int `json:"recovered"`
	Unreachable int `json:"unreachable"`
}

// Frameworks counts frameworks.
type Frameworks struct {
	Active    int `json:"active"`
	Inactive  int `json:"inactive"`
	Completed int `json:"completed"`
}

// Resource is a scalar resource of all active agents together.
type Resource struct {
	Name      string  `json:"name"`
	Total     float64 `json:"total"`
	Allocated float64 `json:"allocated"`
	Offered   float64 `json:"offered"`
}

func summarize(state *masterpb.Response_GetState) (Status, error) {
	s := Status{Tasks: map[string]int{}}
	var total, allocated, offered resources.Resources
	for _, agent := range state.GetGetAgents().GetAgents() {
		if !agent.GetActive() {
			s.Agents.Inactive++
			continue
		}
		s.Agents.Active++
		for _, part := range []struct {
			sum  *resources.Resources
			list []*mesospb.Resource
		}{
			{&total, agent.GetTotalResources()},
			{&allocated, agent.GetAllocatedResources()},
			{&offered, agent.GetOfferedResources()},
		} {
			more, err := convert.Resources(part.list)
			if err != nil {
				return s, fmt.Errorf("resources of agent %s: %w", agent.GetAgentInfo().GetId().GetValue(), err)
			}
			*part.sum = part.sum.Add(more.Scalars().Unallocate().ToUnreserved())
		}
	}
	s.Agents.Recovered = len(state.GetGetAgents().GetRecoveredAgents())
	for _, framework := range state.GetGetFrameworks().GetFrameworks() {
		if framework.GetActive() {
			s.Frameworks.Active++
		} else {
			s.Frameworks.Inactive++
		}
	}
	s.Frameworks.Completed = len(state.GetGetFrameworks().GetCompletedFrameworks())
	tasks := state.GetGetTasks()
	for _, list := range [][]*mesospb.Task{
		tasks.GetTasks(), tasks.GetPendingTasks(), tasks.GetUnreachableTasks(), tasks.GetCompletedTasks(), tasks.GetOrphanTasks(),
	} {
		for _, task := range list {
			s.Tasks[mesos.TaskState(task.GetState()).String()]++
		}
	}
	for _, name := range total.Names() {
		s.Resources = append(s.Resources, Resource{
			Name: name, Total: float(total.ScalarOf(name)),
			Allocated: float(allocated.ScalarOf(name)), Offered: float(offered.ScalarOf(name)),
		})
	}
	return s, nil
}

// table is the status for people.
func table(streams *iostreams.Streams, s Status) error {
	masters := make([]string, len(s.Masters))
	for i, m := range s.Masters {
		masters[i] = m.Address + " (" + m.State + ")"
	}
	rows := [][]string{
		{streams.Paint(iostreams.Bold, "leader"), s.Leader},
		{streams.Paint(iostreams.Bold, "masters"), strings.Join(masters, ", ")},
		{streams.Paint(iostreams.Bold, "agents"), counts(
			count{s.Agents.Active, "active"}, count{s.Agents.Inactive, "inactive"}, count{s.Agents.Recovered, "not back yet"})},
		{streams.Paint(iostreams.Bold, "frameworks"), counts(
			count{s.Frameworks.Active, "active"}, count{s.Frameworks.Inactive, "inactive"}, count{s.Frameworks.Completed, "completed"})},
		{streams.Paint(iostreams.Bold, "tasks"), taskCounts(s.Tasks)},
	}
	if err := output.Columns(streams.Out, rows...); err != nil {
		return err
	}
	if len(s.Resources) == 0 {
		return nil
	}
	rows = [][]string{{"\nRESOURCE", "TOTAL", "ALLOCATED", "OFFERED", "FREE"}}
	for _, r := range s.Resources {
		rows = append(rows, []string{
			r.Name, number(r.Total), number(r.Allocated), number(r.Offered), number(r.Total - r.Allocated - r.Offered),
		})
	}
	return output.Columns(streams.Out, rows...)
}

type count struct {
	n    int
	what string
}

// counts leaves out what there is none of.
func counts(list ...count) string {
	var parts []string
	for _, c := range list {
		if c.n != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func taskCounts(tasks map[string]int) string {
	states := make([]string, 0, len(tasks))
	for state := range tasks {
		states = append(states, state)
	}
	sort.Strings(states)
	list := make([]count, len(states))
	for i, state := range states {
		list[i] = count{tasks[state], state}
	}
	return counts(list...)
}

func float(s resources.Scalar) float64 { return float64(s) / 1000 }

func number(f float64) string { return resources.Scalar(f*1000 + 0.5).String() }
