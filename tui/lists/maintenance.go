package lists

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/order"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// leaving is a machine or an agent that is on its way out, or away: by the schedule
// of maintenance, or since somebody drains or deactivated it.
type leaving struct {
	ref           page.Ref
	name          string
	state         string
	start         time.Time
	duration      time.Duration // 0: for good
	yes, no, open int           // answers of frameworks
	tasks         int
	agent         string
}

// Maintenance lists the machines and agents that are leaving or away.
func Maintenance(d *page.Deps) page.Page {
	l := &list[leaving]{
		deps: d, title: "maintenance", empty: "no machine is scheduled for maintenance, and no agent drains",
		match: func(m *leaving, f page.Filter) bool { return f.Match(m.name, m.state) },
		ref:   func(m *leaving) page.Ref { return m.ref },
		calls: []masterpb.Call_Type{
			masterpb.Call_GET_MAINTENANCE_SCHEDULE, masterpb.Call_GET_MAINTENANCE_STATUS, masterpb.Call_GET_AGENTS,
		},
	}
	l.enter = func(m *leaving) tea.Cmd {
		if m.agent == "" {
			return nil
		}
		return tasksOn(d, m.agent)
	}
	by := func(of func(*leaving) string) func(a, b *leaving) int {
		return func(a, b *leaving) int {
			return cmp.Or(order.Natural(of(a), of(b)), strings.Compare(string(a.ref.Kind), string(b.ref.Kind)))
		}
	}
	name := func(m *leaving) string { return m.name }
	columns := []component.Column[leaving]{
		{Title: "WHAT", Text: func(m *leaving) string { return string(m.ref.Kind) }, Style: func(*leaving) *lipgloss.Style { return &d.Style().Dim }},
		{Title: "NAME", Key: 'N', Min: 12, Max: 48, Text: name, Compare: by(name)},
		{
			Title: "STATE", Key: 'S', Text: func(m *leaving) string { return m.state }, Compare: by(func(m *leaving) string { return m.state }),
			Style: func(m *leaving) *lipgloss.Style { return leavingStyle(d, m.state) },
		},
		{
			Title: "STARTS", Key: 'A', Right: true, Compare: func(a, b *leaving) int { return a.start.Compare(b.start) },
			Text: func(m *leaving) string { return starts(m.start, d.Now()) },
		},
		{Title: "FOR", Right: true, Text: func(m *leaving) string {
			if m.start.IsZero() {
				return "-"
			}
			if m.duration == 0 {
				return "good"
			}
			return kinds.Age(m.duration)
		}},
		{
			Title: "TASKS", Key: 'T', Right: true, Descending: true, Text: func(m *leaving) string { return text.Count(m.tasks) },
			Compare: func(a, b *leaving) int { return cmp.Compare(a.tasks, b.tasks) },
		},
		{Title: "ANSWERS", Priority: 1, Text: answers},
		{
			Title: "AGENT", KeepEnd: true, Min: 10, Max: 12, Grow: true, Priority: 2, Text: func(m *leaving) string { return cmp.Or(m.agent, "-") },
			Style: func(*leaving) *lipgloss.Style { return &d.Style().Dim },
		},
	}
	type stamp struct{ schedule, status, agents time.Time }
	return polled(l, component.Config[leaving]{
		Columns: columns, SortBy: "NAME", Tie: by(name), ID: func(m *leaving) string { return string(m.ref.Kind) + m.ref.ID },
	}, func() any {
		at := d.Cluster().Polled.At
		return stamp{
			at[masterpb.Response_GET_MAINTENANCE_SCHEDULE], at[masterpb.Response_GET_MAINTENANCE_STATUS], at[masterpb.Response_GET_AGENTS],
		}
	}, func() []*leaving { return whoLeaves(d.Cluster()) })
}

func leavingStyle(d *page.Deps, state string) *lipgloss.Style {
	s := d.Style()
	switch state {
	case "scheduled", "deactivated":
		return &s.Info
	case "draining":
		return &s.Warn
	case "drained":
		return &s.Good
	}
	return &s.Bad
}

// starts is when something begins, or how long ago it did.
func starts(at, now time.Time) string {
	switch {
	case at.IsZero():
		return "-"
	case at.After(now):
		return "in " + kinds.Age(at.Sub(now))
	}
	return kinds.Age(now.Sub(at)) + " ago"
}

// answers are those of frameworks to inverse offers.
func answers(m *leaving) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{m.yes, "accepted"}, {m.no, "declined"}, {m.open, "open"}} {
		if p.n > 0 {
			parts = append(parts, strconv.Itoa(p.n)+" "+p.what)
		}
	}
	return join(", ", parts...)
}

func whoLeaves(c *cluster.Cluster) []*leaving {
	tasks, agent := map[string]int{}, map[string]string{} // by host
	var rows []*leaving
	for _, a := range c.Agents.All() {
		tasks[a.Hostname] += a.Tasks
		agent[a.Hostname] = a.ID
		if a.Drain != mesospb.DrainState_UNKNOWN || a.Deactivated {
			rows = append(rows, &leaving{ref: page.Ref{Kind: page.Agent, ID: a.ID}, name: a.Hostname, state: a.State(), tasks: a.Tasks, agent: a.ID})
		}
	}
	machines := map[string]*leaving{}
	machine := func(id *mesospb.MachineID, state string) *leaving {
		name := cmp.Or(id.GetHostname(), id.GetIp())
		m := machines[name]
		if m == nil {
			m = &leaving{ref: page.Ref{Kind: page.Machine, ID: name}, name: name, tasks: tasks[name], agent: agent[name]}
			machines[name] = m
			rows = append(rows, m)
		}
		m.state = state
		return m
	}
	for _, w := range c.Polled.Schedule.GetWindows() {
		for _, id := range w.GetMachineIds() {
			m := machine(id, "scheduled")
			m.start = time.Unix(0, w.GetUnavailability().GetStart().GetNanoseconds())
			m.duration = time.Duration(w.GetUnavailability().GetDuration().GetNanoseconds())
		}
	}
	for _, draining := range c.Polled.Maintenance.GetDrainingMachines() {
		m := machine(draining.GetId(), "draining")
		for _, s := range draining.GetStatuses() {
			switch s.GetStatus() {
			case allocatorpb.InverseOfferStatus_ACCEPT:
				m.yes++
			case allocatorpb.InverseOfferStatus_DECLINE:
				m.no++
			case allocatorpb.InverseOfferStatus_UNKNOWN:
				m.open++
			}
		}
	}
	for _, id := range c.Polled.Maintenance.GetDownMachines() {
		machine(id, "down")
	}
	return rows
}
