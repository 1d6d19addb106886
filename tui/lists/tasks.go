package lists

import (
	"cmp"
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
)

// Tasks lists the tasks that scope lets pass; nil for all.
func Tasks(d *page.Deps, title string, scope func(*cluster.Task) bool) page.Page {
	l := &list[cluster.Task]{
		deps: d, title: title, scope: scope,
		alive: (*cluster.Task).Alive,
		match: func(t *cluster.Task, f page.Filter) bool {
			return f.Match(t.ID, t.Name, StateName(t.State), t.FrameworkName, t.Framework, t.Host, t.Agent, t.Role, t.User, t.Executor, t.Message, t.Reason)
		},
		ref:   func(t *cluster.Task) page.Ref { return page.Ref{Kind: page.Task, ID: t.ID, Framework: t.Framework} },
		empty: "there are no tasks",
	}
	l.enter = func(t *cluster.Task) tea.Cmd { return describe(d, l.ref(t)) }
	l.table = component.NewTable(component.Config[cluster.Task]{
		Columns: taskColumns(d), Style: d.Style, Keys: d.Keys, SortBy: "TASK",
		ID:  func(t *cluster.Task) string { return t.Framework + " " + t.ID },
		Tie: byKey,
		All: func() []*cluster.Task { return d.Cluster().Tasks.All() },
	})
	l.watch = func() func() { return d.Cluster().Tasks.Watch(l.table.Apply) }
	return l
}

func byKey(a, b *cluster.Task) int {
	if order := order.Natural(a.ID, b.ID); order != 0 {
		return order
	}
	return strings.Compare(a.Framework, b.Framework)
}

func taskColumns(d *page.Deps) []component.Column[cluster.Task] {
	type task = cluster.Task
	dim := func(*task) *lipgloss.Style { return &d.Style().Dim }
	return []component.Column[task]{
		{Title: "TASK", Key: 'T', Min: 16, Max: 40, Grow: true, Text: func(t *task) string { return t.ID }, Compare: byKey},
		{
			Title: "NAME", Key: 'N', Min: 8, Max: 24, Grow: true, Priority: 6, Style: dim,
			Text:    func(t *task) string { return t.Name },
			Compare: func(a, b *task) int { return order.Natural(a.Name, b.Name) },
		},
		{
			Title: "STATE", Key: 'S', Min: 8, Max: 16,
			Text:    func(t *task) string { return StateName(t.State) + healthMark(t.Health) },
			Style:   func(t *task) *lipgloss.Style { return taskStyle(d.Style(), t) },
			Compare: func(a, b *task) int { return cmp.Compare(a.State, b.State) },
		},
		{
			Title: "FRAMEWORK", Key: 'F', Min: 9, Max: 24, Priority: 1,
			Text:    func(t *task) string { return t.FrameworkName },
			Compare: func(a, b *task) int { return strings.Compare(a.FrameworkName, b.FrameworkName) },
		},
		{
			Title: "HOST", Key: 'H', Min: 8, Max: 32, Priority: 2,
			Text:    func(t *task) string { return t.Host },
			Compare: func(a, b *task) int { return order.Natural(a.Host, b.Host) },
		},
		amountColumn("CPUS", 'C', 3, text.Number, func(t *task) mesos.Scalar { return t.Used.CPUs }),
		amountColumn("MEM", 'M', 3, text.Memory, func(t *task) mesos.Scalar { return t.Used.Mem }),
		amountColumn("DISK", 'D', 7, text.Memory, func(t *task) mesos.Scalar { return t.Used.Disk }),
		amountColumn("GPUS", 'P', 7, text.Number, func(t *task) mesos.Scalar { return t.Used.GPUs }),
		{
			Title: "ROLE", Key: 'R', Min: 4, Max: 20, Priority: 5, Style: dim,
			Text:    func(t *task) string { return t.Role },
			Compare: func(a, b *task) int { return strings.Compare(a.Role, b.Role) },
		},
		{
			Title: "AGE", Key: 'A', Right: true, Min: 4, Priority: 4,
			Text:    func(t *task) string { return text.Since(t.Started, d.Now()) },
			Compare: func(a, b *task) int { return b.Started.Compare(a.Started) },
		},
		{
			Title: "MESSAGE", Min: 10, Max: 16, Grow: true, Priority: 8, Style: dim,
			Text: func(t *task) string { return t.Message },
		},
	}
}

// amountColumn is a column of amounts; those that are nothing are left out.
func amountColumn[T any](title string, letter rune, priority int, show func(mesos.Scalar) string, of func(*T) mesos.Scalar) component.Column[T] {
	return component.Column[T]{
		Title: title, Key: letter, Right: true, Priority: priority, Descending: true,
		Text: func(x *T) string {
			if of(x) == 0 {
				return "-"
			}
			return show(of(x))
		},
		Compare: func(a, b *T) int { return cmp.Compare(of(a), of(b)) },
	}
}

// StateName is a task's state as people say it.
func StateName(s mesos.TaskState) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.String(), "TASK_")), "_", " ")
}

func healthMark(h cluster.Health) string {
	switch h {
	case cluster.Healthy:
		return " ✓"
	case cluster.Unhealthy:
		return " ✗"
	case cluster.NoHealth:
	}
	return ""
}

func taskStyle(s *style.Style, t *cluster.Task) *lipgloss.Style {
	if t.Alive() && t.Health == cluster.Unhealthy {
		return &s.Warn
	}
	return StateStyle(s, t.State)
}

// StateStyle is the colour of a task's state.
func StateStyle(s *style.Style, state mesos.TaskState) *lipgloss.Style {
	switch state {
	case mesos.TaskRunning:
		return &s.Good
	case mesos.TaskStaging, mesos.TaskStarting:
		return &s.Info
	case mesos.TaskKilling, mesos.TaskUnreachable, mesos.TaskUnknown:
		return &s.Warn
	case mesos.TaskFinished, mesos.TaskKilled:
		return &s.Dim
	}
	return &s.Bad
}

// describe opens the details of a thing.
func describe(d *page.Deps, ref page.Ref) tea.Cmd {
	for _, v := range d.Registry.Verbs(ref.Kind, true) {
		if v.Name == "describe" {
			return page.Do(d, v, []page.Ref{ref})
		}
	}
	return nil
}
