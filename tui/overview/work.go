package overview

import (
	"container/heap"
	"slices"
	"strconv"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/lists"
	"github.com/mesosctl/mesosctl/tui/text"
)

// states are those that are shown, in the order of a task's life, the bad ones last.
var states = []mesos.TaskState{
	mesos.TaskStaging, mesos.TaskStarting, mesos.TaskRunning, mesos.TaskKilling, mesos.TaskUnreachable, mesos.TaskFinished,
	mesos.TaskKilled, mesos.TaskFailed, mesos.TaskLost, mesos.TaskError, mesos.TaskDropped, mesos.TaskGone, mesos.TaskGoneByOperator,
	mesos.TaskUnknown,
}

// metrics are the master's own counts of what is over, since it leads. It remembers
// some of what was over before.
var metrics = map[mesos.TaskState]string{
	mesos.TaskFinished: "master/tasks_finished", mesos.TaskKilled: "master/tasks_killed", mesos.TaskFailed: "master/tasks_failed",
	mesos.TaskLost: "master/tasks_lost", mesos.TaskError: "master/tasks_error", mesos.TaskDropped: "master/tasks_dropped",
	mesos.TaskGone: "master/tasks_gone", mesos.TaskGoneByOperator: "master/tasks_gone_by_operator",
}

func (o *overview) count(state mesos.TaskState) int {
	c := o.deps.Cluster()
	return max(c.Count(state), int(c.Polled.Metrics[metrics[state]]))
}

// work is the tasks by state, and how fast they come and fail.
func (o *overview) work(left, right, height int) []string {
	s, c := o.deps.Style(), o.deps.Cluster()
	type line struct {
		state mesos.TaskState
		n     int
	}
	var all []line
	for _, state := range states {
		n := o.count(state)
		if common := state == mesos.TaskRunning || state == mesos.TaskStaging || state == mesos.TaskFinished || state == mesos.TaskFailed; n > 0 || common {
			all = append(all, line{state, n})
		}
	}
	inner := left - 4
	columns := (len(all) + height - 3) / (height - 2)
	w := (inner - 2*(columns-1)) / columns
	lines := make([]string, height-2)
	for i, l := range all {
		cell := s.Draw(lists.StateStyle(s, l.state), text.Between(lists.StateName(l.state), text.Count(l.n), w))
		if l.n == 0 {
			cell = s.Draw(&s.Dim, text.Between(lists.StateName(l.state), "0", w))
		}
		if row := i % (height - 2); lines[row] == "" {
			lines[row] = cell
		} else {
			lines[row] += "  " + cell
		}
	}
	tasks := component.Box(s, "tasks", text.Count(c.Alive())+" alive", left, height, lines)
	return component.Beside(tasks, o.rates(right, height))
}

// rates are launches and failures a second.
func (o *overview) rates(width, height int) []string {
	s, h := o.deps.Style(), &o.deps.Cluster().History
	inner := width - 4
	rows := max((height-2-2)/2, 1)
	rate := func(name string, series *cluster.Series, field *lipgloss.Style) []string {
		minute := series.Mean(60)
		head := s.Draw(&s.Text, text.Left(name, 9)) + s.Draw(field, text.Right(perSecond(series.Now()), 9)) +
			s.Draw(&s.Dim, text.Right(perSecond(minute)+" in a minute", inner-18))
		lines := []string{head}
		for _, line := range component.Graph(series.Last(inner), inner, rows, 0) {
			lines = append(lines, s.Draw(field, line))
		}
		return lines
	}
	lines := slices.Concat(rate("launches", &h.Launches, &s.Good), rate("failures", &h.Failures, &s.Bad))
	return component.Box(s, "rates", "", width, height, lines)
}

func perSecond(v float64) string {
	digits := 1
	if v >= 100 || v == 0 {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + "/s"
}

// holder is a framework and its share.
type holder struct {
	*cluster.Framework
	share float64
}

// holders is a heap whose first holds least.
type holders []holder

func (h holders) Len() int           { return len(h) }
func (h holders) Less(i, j int) bool { return less(h[i], h[j]) }
func (h holders) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *holders) Push(x any) { *h = append(*h, x.(holder)) } //nolint:forcetypeassert // it is one

// Pop implements heap.Interface.
func (h *holders) Pop() any {
	x := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return x
}

func less(a, b holder) bool {
	if a.share != b.share {
		return a.share < b.share
	}
	if a.Tasks != b.Tasks {
		return a.Tasks < b.Tasks
	}
	return a.ID > b.ID
}

// largest are the n frameworks that hold most.
func (o *overview) largest(n int) []holder {
	c := o.deps.Cluster()
	total := c.Total()
	var h holders
	for _, f := range c.Frameworks.All() {
		if f.Completed || n == 0 {
			continue
		}
		x := holder{f, f.Used.Share(total)}
		switch {
		case len(h) < n:
			heap.Push(&h, x)
		case less(h[0], x):
			h[0] = x
			heap.Fix(&h, 0)
		}
	}
	slices.SortFunc(h, func(a, b holder) int {
		if less(a, b) {
			return 1
		}
		return -1
	})
	return h
}

// frameworks are those that hold most, by their shares.
func (o *overview) frameworks(width, height int) []string {
	s, c := o.deps.Style(), o.deps.Cluster()
	inner := width - 4
	bar := min(max(inner/4, 4), 24)
	name := inner - bar - 5 - 9
	var lines []string
	for _, f := range o.largest(height - 3) {
		lines = append(lines, text.Left(text.Clean(f.Name), name)+s.Draw(&s.Dim, text.Right(text.Count(f.Tasks), 8))+" "+
			component.Bar(s, bar, f.share, f.Offered.Share(c.Total()))+text.Right(text.Percent(f.share), 5))
	}
	head := s.Draw(&s.Header, text.Left("name", name)+text.Right("tasks", 8)+" "+text.Right("share", bar+5))
	if lines == nil {
		head, lines = "", []string{s.Draw(&s.Dim, "no framework is there")}
	}
	return component.Box(s, "frameworks by share", text.Count(c.FrameworksAlive()), width, height, append([]string{head}, lines...))
}

// events are the latest that happened.
func (o *overview) events(width, height int) []string {
	s, log := o.deps.Style(), &o.deps.Cluster().Log
	var lines []string
	for i := range min(log.Len(), height-2) {
		e := log.At(i)
		detail := text.Clean(lists.Who(e))
		if e.Note != "" && e.Kind != cluster.FrameworkUpdated {
			detail += s.Draw(&s.Dim, "  "+text.Clean(e.Note))
		}
		lines = append(lines, s.Draw(&s.Dim, e.At.Format(time.TimeOnly))+"  "+text.Left(e.Subject(), 9)+"  "+
			s.Draw(lists.EntryStyle(s, e), text.Left(e.What(), 10))+"  "+detail)
	}
	return component.Box(s, "events", "", width, height, lines)
}
