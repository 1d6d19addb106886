package lists

import (
	"cmp"
	"encoding/hex"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/order"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// polled is a list of what is asked for as a whole. Stamp changes with the answer;
// rows makes the list of it.
func polled[T any](l *list[T], config component.Config[T], stamp func() any, rows func() []*T) page.Page {
	var (
		items []*T
		seen  any
	)
	config.All = func() []*T { return items }
	config.Style, config.Keys = l.deps.Style, l.deps.Keys
	l.table = component.NewTable(config)
	l.fill = func() bool {
		now := stamp()
		if now == seen {
			return false
		}
		seen, items = now, rows()
		return true
	}
	return l
}

// tasksOn is the page of an agent's tasks.
func tasksOn(d *page.Deps, agent string) tea.Cmd {
	title := agent
	if a := d.Cluster().Agent(agent); a != nil {
		title = a.Hostname
	}
	d.Open(Tasks(d, "tasks on "+title, func(t *cluster.Task) bool { return t.Agent == agent }))
	return nil
}

func frameworkName(d *page.Deps, id string) string {
	if f := d.Cluster().Framework(id); f != nil {
		return f.Name
	}
	return id
}

func hostName(d *page.Deps, id string) string {
	if a := d.Cluster().Agent(id); a != nil {
		return a.Hostname
	}
	return id
}

// offer is an offer that a framework is thinking about.
type offer struct {
	id, agent, host, framework, role string
	cluster.Amounts
}

// Offers lists the offers.
func Offers(d *page.Deps) page.Page {
	l := &list[offer]{
		deps: d, title: "offers", empty: "no offer is out",
		match: func(o *offer, f page.Filter) bool { return f.Match(o.id, o.host, o.framework, o.role) },
		ref:   func(o *offer) page.Ref { return page.Ref{Kind: page.Offer, ID: o.id} },
		enter: func(o *offer) tea.Cmd { return tasksOn(d, o.agent) },
		calls: []masterpb.Call_Type{masterpb.Call_GET_FRAMEWORKS},
	}
	by := func(of func(*offer) string) func(a, b *offer) int {
		return func(a, b *offer) int { return order.Natural(of(a), of(b)) }
	}
	id := func(o *offer) string { return o.id }
	columns := []component.Column[offer]{
		{Title: "OFFER", Key: 'O', KeepEnd: true, Min: 10, Max: 24, Grow: true, Text: id, Compare: by(id)},
		{
			Title: "FRAMEWORK", Key: 'F', Min: 9, Max: 32, Text: func(o *offer) string { return o.framework },
			Compare: by(func(o *offer) string { return o.framework }),
		},
		{
			Title: "HOST", Key: 'H', Min: 8, Max: 40, Text: func(o *offer) string { return o.host },
			Compare: by(func(o *offer) string { return o.host }),
		},
		{
			Title: "ROLE", Key: 'R', Min: 4, Max: 24, Text: func(o *offer) string { return o.role },
			Compare: by(func(o *offer) string { return o.role }),
		},
		amountColumn("CPUS", 'C', 0, text.Number, func(o *offer) mesos.Scalar { return o.CPUs }),
		amountColumn("MEM", 'M', 0, text.Memory, func(o *offer) mesos.Scalar { return o.Mem }),
		amountColumn("DISK", 'D', 1, text.Memory, func(o *offer) mesos.Scalar { return o.Disk }),
		amountColumn("GPUS", 'P', 2, text.Number, func(o *offer) mesos.Scalar { return o.GPUs }),
	}
	return polled(l, component.Config[offer]{Columns: columns, ID: id, Tie: by(id), SortBy: "OFFER"},
		func() any { return d.Cluster().Polled.At[masterpb.Response_GET_FRAMEWORKS] },
		func() []*offer {
			var rows []*offer
			for _, m := range d.Cluster().Polled.Offers {
				agent := m.GetAgentId().GetValue()
				rows = append(rows, &offer{
					id: m.GetId().GetValue(), agent: agent, host: cmp.Or(m.GetHostname(), hostName(d, agent)),
					framework: frameworkName(d, m.GetFrameworkId().GetValue()), role: m.GetAllocationInfo().GetRole(),
					Amounts: cluster.AmountsOf(m.GetResources()),
				})
			}
			return rows
		})
}

// operation is something that was asked of resources.
type operation struct{ id, kind, state, framework, agent, host, message string }

// Operations lists the operations.
func Operations(d *page.Deps) page.Page {
	l := &list[operation]{
		deps: d, title: "operations", empty: "no operation is under way or remembered",
		match: func(o *operation, f page.Filter) bool {
			return f.Match(o.id, o.kind, o.state, o.framework, o.host, o.message)
		},
		ref:   func(o *operation) page.Ref { return page.Ref{Kind: page.Operation, ID: o.id} },
		calls: []masterpb.Call_Type{masterpb.Call_GET_OPERATIONS},
	}
	by := func(of func(*operation) string) func(a, b *operation) int {
		return func(a, b *operation) int { return strings.Compare(of(a), of(b)) }
	}
	id := func(o *operation) string { return o.id }
	l.enter = func(o *operation) tea.Cmd { return describe(d, l.ref(o)) }
	columns := []component.Column[operation]{
		{Title: "OPERATION", Key: 'O', Min: 12, Max: 36, Text: id, Compare: by(id)},
		{Title: "TYPE", Key: 'T', Text: func(o *operation) string { return o.kind }, Compare: by(func(o *operation) string { return o.kind })},
		{
			Title: "STATE", Key: 'S', Text: func(o *operation) string { return o.state }, Compare: by(func(o *operation) string { return o.state }),
			Style: func(o *operation) *lipgloss.Style { return operationStyle(d.Style(), o.state) },
		},
		{Title: "FRAMEWORK", Key: 'F', Max: 32, Text: func(o *operation) string { return o.framework }, Compare: by(func(o *operation) string { return o.framework })},
		{Title: "HOST", Key: 'H', Max: 40, Text: func(o *operation) string { return o.host }, Compare: by(func(o *operation) string { return o.host })},
		{Title: "MESSAGE", Min: 8, Max: 20, Grow: true, Priority: 1, Text: func(o *operation) string { return o.message }},
	}
	return polled(l, component.Config[operation]{Columns: columns, ID: id, Tie: by(id), SortBy: "OPERATION"},
		func() any { return d.Cluster().Polled.At[masterpb.Response_GET_OPERATIONS] },
		func() []*operation {
			var rows []*operation
			for _, m := range d.Cluster().Polled.Operations {
				rows = append(rows, newOperation(d, m))
			}
			return rows
		})
}

func newOperation(d *page.Deps, m *mesospb.Operation) *operation {
	lower := func(s, prefix string) string {
		return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s, prefix)), "_", " ")
	}
	agent := m.GetAgentId().GetValue()
	framework := "(operator)"
	if id := m.GetFrameworkId().GetValue(); id != "" {
		framework = frameworkName(d, id)
	}
	return &operation{
		id:   cmp.Or(m.GetInfo().GetId().GetValue(), uuid(m.GetUuid().GetValue())),
		kind: lower(m.GetInfo().GetType().String(), ""), state: lower(m.GetLatestStatus().GetState().String(), "OPERATION_"),
		framework: framework, agent: agent, host: cmp.Or(hostName(d, agent), "-"), message: m.GetLatestStatus().GetMessage(),
	}
}

// uuid is 16 bytes as people write them.
func uuid(b []byte) string {
	s := hex.EncodeToString(b)
	if len(b) != 16 {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func operationStyle(s *style.Style, state string) *lipgloss.Style {
	switch state {
	case "finished":
		return &s.Good
	case "pending", "recovering":
		return &s.Info
	case "unreachable", "unknown", "unsupported":
		return &s.Warn
	}
	return &s.Bad
}

// Masters lists the masters.
func Masters(d *page.Deps) page.Page {
	type master = cluster.Master
	l := &list[master]{
		deps: d, title: "masters", empty: "no master was asked yet",
		match: func(m *master, f page.Filter) bool { return f.Match(m.Address, m.State, m.Note) },
		ref:   func(m *master) page.Ref { return page.Ref{Kind: page.Master, ID: m.Address} },
		calls: []masterpb.Call_Type{live.ProbeMasters},
	}
	address := func(a, b *master) int { return order.Natural(a.Address, b.Address) }
	dim := func(*master) *lipgloss.Style { return &d.Style().Dim }
	leader := func(m *master, what string) string {
		if m.Leads {
			return cmp.Or(what, "-")
		}
		return "-"
	}
	columns := []component.Column[master]{
		{Title: "MASTER", Key: 'M', Min: 12, Max: 48, Text: func(m *master) string { return m.Address }, Compare: address},
		{
			Title: "STATE", Key: 'S', Text: func(m *master) string { return m.State },
			Style:   func(m *master) *lipgloss.Style { return memberStyle(d.Style(), m.State) },
			Compare: func(a, b *master) int { return strings.Compare(a.State, b.State) },
		},
		{Title: "VERSION", Text: func(m *master) string { return leader(m, d.Cluster().Polled.Leader.GetVersion()) }},
		{Title: "ELECTED", Right: true, Text: func(m *master) string { return leader(m, text.Since(d.Cluster().Polled.Elected, d.Now())) }},
		{Title: "UP", Right: true, Text: func(m *master) string { return leader(m, text.Since(d.Cluster().Polled.Started, d.Now())) }},
		{Title: "ID", Max: 40, Priority: 1, Style: dim, Text: func(m *master) string { return leader(m, d.Cluster().Polled.Leader.GetId()) }},
		{Title: "NOTE", Min: 8, Max: 20, Grow: true, Priority: 2, Style: dim, Text: func(m *master) string { return m.Note }},
	}
	type stamp struct {
		first *cluster.Master
		n     int
	}
	return polled(l, component.Config[master]{
		Columns: columns, SortBy: "MASTER", Tie: address, ID: func(m *master) string { return m.Address },
	}, func() any {
		list := d.Cluster().Polled.Masters
		if len(list) == 0 {
			return stamp{}
		}
		return stamp{&list[0], len(list)}
	}, func() []*master {
		var rows []*master
		for _, m := range d.Cluster().Polled.Masters {
			rows = append(rows, &m)
		}
		return rows
	})
}

// happening is an entry of the log.
type happening struct {
	cluster.Entry
	who string
}

// Events lists what happened lately.
func Events(d *page.Deps) page.Page {
	l := &list[happening]{
		deps: d, title: "events", empty: "nothing has happened yet",
		match: func(e *happening, f page.Filter) bool {
			return f.Match(e.Subject(), e.What(), e.who, e.Text, e.Note, e.Framework, e.Agent)
		},
		ref: func(e *happening) page.Ref {
			switch e.Subject() {
			case "task":
				return page.Ref{Kind: page.Task, ID: e.Task, Framework: e.Framework}
			case "agent":
				return page.Ref{Kind: page.Agent, ID: e.Agent}
			case "framework":
				return page.Ref{Kind: page.Framework, ID: e.Framework}
			}
			return page.Ref{}
		},
	}
	l.enter = func(e *happening) tea.Cmd {
		if ref := l.ref(e); ref.ID != "" {
			return describe(d, ref)
		}
		return nil
	}
	number := func(a, b *happening) int { return cmp.Compare(a.Number(), b.Number()) }
	by := func(of func(*happening) string) func(a, b *happening) int {
		return func(a, b *happening) int { return strings.Compare(of(a), of(b)) }
	}
	dim := func(*happening) *lipgloss.Style { return &d.Style().Dim }
	columns := []component.Column[happening]{
		{Title: "TIME", Key: 'T', Descending: true, Text: func(e *happening) string { return e.At.Format(time.TimeOnly) }, Compare: number, Style: dim},
		{Title: "KIND", Key: 'K', Text: func(e *happening) string { return e.Subject() }, Compare: by(func(e *happening) string { return e.Subject() })},
		{
			Title: "WHAT", Key: 'W', Text: func(e *happening) string { return e.What() }, Compare: by(func(e *happening) string { return e.What() }),
			Style: func(e *happening) *lipgloss.Style { return EntryStyle(d.Style(), e.Entry) },
		},
		{Title: "WHO", Key: 'O', Min: 16, Max: 36, Grow: true, Text: func(e *happening) string { return e.who }, Compare: by(func(e *happening) string { return e.who })},
		{Title: "FRAMEWORK", Min: 9, Max: 24, Priority: 2, Text: func(e *happening) string { return cmp.Or(frameworkName(d, e.Framework), "-") }},
		{Title: "HOST", Min: 8, Max: 32, Priority: 1, Text: func(e *happening) string { return cmp.Or(hostName(d, e.Agent), "-") }},
		{Title: "NOTE", Min: 8, Max: 12, Grow: true, Priority: 3, Text: func(e *happening) string { return note(e.Entry) }, Style: dim},
	}
	return polled(l, component.Config[happening]{
		Columns: columns, SortBy: "TIME", Tie: number, ID: func(e *happening) string { return e.At.String() + e.who },
	}, func() any { return d.Cluster().Log.Made() }, func() []*happening {
		log := &d.Cluster().Log
		rows := make([]*happening, log.Len())
		for i := range rows {
			e := log.At(i)
			rows[i] = &happening{Entry: e, who: Who(e)}
		}
		return rows
	})
}

// Who is what an entry is about, by its name.
func Who(e cluster.Entry) string {
	return cmp.Or(e.Task, e.Text, e.Framework, e.Agent, "the cluster")
}

func note(e cluster.Entry) string {
	switch {
	case e.Kind == cluster.FrameworkUpdated:
		return ""
	case e.Subject() == "task" && e.Text != e.Task && e.Note == "":
		return e.Text
	}
	return e.Note
}

// EntryStyle is the colour of what happened.
func EntryStyle(s *style.Style, e cluster.Entry) *lipgloss.Style {
	switch {
	case e.Bad():
		return &s.Bad
	case e.Kind == cluster.TaskAdded, e.Kind == cluster.TaskUpdated:
		return StateStyle(s, e.State)
	case e.Kind == cluster.FrameworkRemoved:
		return &s.Warn
	}
	return &s.Info
}
