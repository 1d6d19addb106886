package lists

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/order"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// pollAgentsUpTo is how many agents may be asked for again and again.
const pollAgentsUpTo = 2000

// barWidth is the width of bars in tables.
const barWidth = 8

// Agents lists the agents that scope lets pass; nil for all.
func Agents(d *page.Deps, title string, scope func(*cluster.Agent) bool) page.Page {
	l := &list[cluster.Agent]{
		deps: d, title: title, scope: scope,
		match: func(a *cluster.Agent, f page.Filter) bool {
			return f.Match(a.Hostname, a.ID, a.State(), a.Region, a.Zone, a.Version, a.Attributes)
		},
		ref:   func(a *cluster.Agent) page.Ref { return page.Ref{Kind: page.Agent, ID: a.ID} },
		empty: "there are no agents",
	}
	if d.Cluster().Agents.Len() <= pollAgentsUpTo {
		l.calls = []masterpb.Call_Type{masterpb.Call_GET_AGENTS}
	}
	l.enter = func(a *cluster.Agent) tea.Cmd {
		id := a.ID
		d.Open(Tasks(d, "tasks on "+a.Hostname, func(t *cluster.Task) bool { return t.Agent == id }))
		return nil
	}
	l.table = component.NewTable(component.Config[cluster.Agent]{
		Columns: agentColumns(d), Style: d.Style, Keys: d.Keys, SortBy: "HOST",
		ID:  func(a *cluster.Agent) string { return a.ID },
		Tie: func(a, b *cluster.Agent) int { return strings.Compare(a.ID, b.ID) },
		All: func() []*cluster.Agent { return d.Cluster().Agents.All() },
	})
	l.watch = func() func() { return d.Cluster().Agents.Watch(l.table.Apply) }
	return l
}

func agentColumns(d *page.Deps) []component.Column[cluster.Agent] {
	type agent = cluster.Agent
	dim := func(*agent) *lipgloss.Style { return &d.Style().Dim }
	columns := []component.Column[agent]{
		{
			Title: "HOST", Key: 'H', Min: 12, Max: 40,
			Text:    func(a *agent) string { return a.Hostname },
			Compare: func(a, b *agent) int { return order.Natural(a.Hostname, b.Hostname) },
		},
		{
			Title: "STATE", Key: 'S', Min: 6, Max: 12,
			Text:    func(a *agent) string { return a.State() },
			Style:   func(a *agent) *lipgloss.Style { return memberStyle(d.Style(), a.State()) },
			Compare: func(a, b *agent) int { return strings.Compare(a.State(), b.State()) },
		},
		{
			Title: "TASKS", Key: 'T', Right: true, Descending: true, Text: func(a *agent) string { return text.Count(a.Tasks) },
			Compare: func(a, b *agent) int { return cmp.Compare(a.Tasks, b.Tasks) },
		},
	}
	for i, r := range []struct {
		title string
		key   rune
		show  func(mesos.Scalar) string
		of    func(cluster.Amounts) mesos.Scalar
	}{
		{"CPUS", 'C', text.Number, func(a cluster.Amounts) mesos.Scalar { return a.CPUs }},
		{"MEM", 'M', text.Memory, func(a cluster.Amounts) mesos.Scalar { return a.Mem }},
		{"DISK", 'D', text.Memory, func(a cluster.Amounts) mesos.Scalar { return a.Disk }},
		{"GPUS", 'P', text.Number, func(a cluster.Amounts) mesos.Scalar { return a.GPUs }},
	} {
		priority := []int{1, 1, 5, 6}[i]
		share := func(of *agent, amounts cluster.Amounts) float64 {
			if r.of(of.Total) == 0 {
				return 0
			}
			return float64(r.of(amounts)) / float64(r.of(of.Total))
		}
		columns = append(columns,
			component.Column[agent]{
				Title: r.title, Key: r.key, Right: true, Descending: true, Priority: priority,
				Text: func(a *agent) string {
					if r.of(a.Total) == 0 {
						return "-"
					}
					return r.show(r.of(a.Used)) + "/" + r.show(r.of(a.Total))
				},
				Compare: func(a, b *agent) int { return cmp.Compare(share(a, a.Used), share(b, b.Used)) },
			},
			component.Column[agent]{
				Max: barWidth, Priority: priority + 1,
				Draw: func(a *agent, width int) string {
					return component.Bar(d.Style(), width, share(a, a.Used), share(a, a.Offered))
				},
			})
	}
	return append(columns,
		component.Column[agent]{
			Title: "ZONE", Key: 'Z', Max: 24, Priority: 7, Style: dim,
			Text:    func(a *agent) string { return join("/", a.Region, a.Zone) },
			Compare: func(a, b *agent) int { return strings.Compare(a.Region+"/"+a.Zone, b.Region+"/"+b.Zone) },
		},
		component.Column[agent]{
			Title: "VERSION", Key: 'V', Priority: 9, Style: dim, Text: func(a *agent) string { return a.Version },
			Compare: func(a, b *agent) int { return order.Natural(a.Version, b.Version) },
		},
		component.Column[agent]{
			Title: "AGE", Key: 'A', Right: true, Min: 4, Priority: 3,
			Text:    func(a *agent) string { return text.Since(a.Registered, d.Now()) },
			Compare: func(a, b *agent) int { return b.Registered.Compare(a.Registered) },
		},
		component.Column[agent]{
			Title: "ID", Key: 'I', KeepEnd: true, Min: 10, Max: 12, Grow: true, Priority: 8, Style: dim,
			Text: func(a *agent) string { return a.ID }, Compare: func(a, b *agent) int { return order.Natural(a.ID, b.ID) },
		},
		component.Column[agent]{
			Title: "ATTRIBUTES", Min: 10, Max: 12, Grow: true, Priority: 10, Style: dim,
			Text: func(a *agent) string { return a.Attributes },
		})
}

// memberStyle is the colour of an agent's or framework's state.
func memberStyle(s *style.Style, state string) *lipgloss.Style {
	switch state {
	case "active", "leader", "up":
		return &s.Good
	case "completed", "standby":
		return &s.Dim
	case "disconnected", "down", "unreachable":
		return &s.Bad
	}
	return &s.Warn
}

// Frameworks lists the frameworks that scope lets pass; nil for all.
func Frameworks(d *page.Deps, title string, scope func(*cluster.Framework) bool) page.Page {
	l := &list[cluster.Framework]{
		deps: d, title: title, scope: scope,
		alive: func(f *cluster.Framework) bool { return !f.Completed },
		match: func(f *cluster.Framework, by page.Filter) bool {
			return by.Match(f.Name, f.ID, f.State(), strings.Join(f.Roles, " "), f.User, f.Principal, f.Host)
		},
		ref:   func(f *cluster.Framework) page.Ref { return page.Ref{Kind: page.Framework, ID: f.ID} },
		empty: "there are no frameworks",
	}
	l.enter = func(f *cluster.Framework) tea.Cmd {
		id := f.ID
		d.Open(Tasks(d, "tasks of "+f.Name, func(t *cluster.Task) bool { return t.Framework == id }))
		return nil
	}
	l.table = component.NewTable(component.Config[cluster.Framework]{
		Columns: frameworkColumns(d), Style: d.Style, Keys: d.Keys, SortBy: "NAME",
		ID:  func(f *cluster.Framework) string { return f.ID },
		Tie: func(a, b *cluster.Framework) int { return strings.Compare(a.ID, b.ID) },
		All: func() []*cluster.Framework { return d.Cluster().Frameworks.All() },
	})
	l.watch = func() func() { return d.Cluster().Frameworks.Watch(l.table.Apply) }
	total := d.Cluster().Total()
	l.stale = func() bool {
		before := total
		total = d.Cluster().Total()
		return total != before
	}
	return l
}

func frameworkColumns(d *page.Deps) []component.Column[cluster.Framework] {
	type framework = cluster.Framework
	dim := func(*framework) *lipgloss.Style { return &d.Style().Dim }
	share := func(f *framework) float64 { return f.Used.Share(d.Cluster().Total()) }
	byText := func(of func(*framework) string) func(a, b *framework) int {
		return func(a, b *framework) int { return strings.Compare(of(a), of(b)) }
	}
	roles := func(f *framework) string { return strings.Join(f.Roles, ",") }
	return []component.Column[framework]{
		{
			Title: "NAME", Key: 'N', Min: 12, Max: 32, Grow: true, Text: func(f *framework) string { return f.Name },
			Compare: byText(func(f *framework) string { return f.Name }),
		},
		{
			Title: "STATE", Key: 'S', Min: 6, Max: 12, Text: func(f *framework) string { return f.State() },
			Style:   func(f *framework) *lipgloss.Style { return memberStyle(d.Style(), f.State()) },
			Compare: byText(func(f *framework) string { return f.State() }),
		},
		{Title: "ROLES", Key: 'R', Min: 5, Max: 24, Priority: 2, Text: roles, Compare: byText(roles)},
		{
			Title: "TASKS", Key: 'T', Right: true, Descending: true, Text: func(f *framework) string { return text.Count(f.Tasks) },
			Compare: func(a, b *framework) int { return cmp.Compare(a.Tasks, b.Tasks) },
		},
		{
			Title: "SHARE", Key: 'E', Right: true, Descending: true, Priority: 1,
			Text: func(f *framework) string { return text.Percent(share(f)) },
			CompareNow: func() func(a, b *framework) int {
				total := d.Cluster().Total()
				return func(a, b *framework) int { return cmp.Compare(a.Used.Share(total), b.Used.Share(total)) }
			},
		},
		{Max: barWidth, Priority: 3, Draw: func(f *framework, width int) string {
			return component.Bar(d.Style(), width, share(f), f.Offered.Share(d.Cluster().Total()))
		}},
		amountColumn("CPUS", 'C', 1, text.Number, func(f *framework) mesos.Scalar { return f.Used.CPUs }),
		amountColumn("MEM", 'M', 1, text.Memory, func(f *framework) mesos.Scalar { return f.Used.Mem }),
		amountColumn("DISK", 'D', 7, text.Memory, func(f *framework) mesos.Scalar { return f.Used.Disk }),
		amountColumn("GPUS", 'P', 7, text.Number, func(f *framework) mesos.Scalar { return f.Used.GPUs }),
		{
			Title: "USER", Key: 'U', Max: 16, Priority: 6, Style: dim, Text: func(f *framework) string { return f.User },
			Compare: byText(func(f *framework) string { return f.User }),
		},
		{
			Title: "PRINCIPAL", Max: 16, Priority: 9, Style: dim, Text: func(f *framework) string { return cmp.Or(f.Principal, "-") },
		},
		{
			Title: "HOST", Key: 'H', Max: 24, Priority: 8, Style: dim, Text: func(f *framework) string { return cmp.Or(f.Host, "-") },
			Compare: byText(func(f *framework) string { return f.Host }),
		},
		{
			Title: "AGE", Key: 'A', Right: true, Min: 4, Priority: 4,
			Text:    func(f *framework) string { return text.Since(f.Registered, d.Now()) },
			Compare: func(a, b *framework) int { return b.Registered.Compare(a.Registered) },
		},
		{
			Title: "ID", Key: 'I', KeepEnd: true, Min: 8, Max: 10, Grow: true, Priority: 8, Style: dim,
			Text: func(f *framework) string { return f.ID }, Compare: func(a, b *framework) int { return order.Natural(a.ID, b.ID) },
		},
	}
}

// join joins what is not empty; "-" if nothing is.
func join(by string, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return cmp.Or(strings.Join(parts, by), "-")
}
