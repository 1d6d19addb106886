package details

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// shownTasks is how many tasks are named; a list has all of them.
const shownTasks = 20

func (p *Page) agent(d *document) bool {
	a := p.deps.Cluster().Agent(p.ref.ID)
	if a == nil {
		return false
	}
	m := a.Proto()
	d.section("agent " + text.Clean(a.Hostname))
	d.field("ID", a.ID)
	look := d.style.Warn
	switch a.State() {
	case "active":
		look = d.style.Good
	case "disconnected":
		look = d.style.Bad
	}
	d.styled("state", a.State(), look)
	drain := m.GetDrainInfo()
	if drain != nil {
		d.field("drain", drainText(drain.GetConfig()))
		d.field("estimate", estimated(m.GetEstimatedDrainStartTime(), p.deps.Now()))
	}
	d.field("address", a.Address)
	d.field("version", a.Version)
	d.field("region", a.Region)
	d.field("zone", a.Zone)
	d.field("attributes", a.Attributes)
	d.field("registered", when(a.Registered, p.deps.Now()))
	d.link("tasks", fmt.Sprintf("%s, %d alive", text.Plural(len(p.tasks), "task"), a.Tasks), tasksOf(p.deps, "tasks on "+a.Hostname, func(t *cluster.Task) bool { return t.Agent == a.ID }))
	if machine := machineOf(p.deps.Cluster(), a); machine != "" {
		d.link("maintenance", machine, show(p.deps, page.Ref{Kind: page.Machine, ID: machine}))
	}
	d.section("resources")
	d.amounts(a.Total, a.Used, &a.Offered)
	d.add("")
	d.field("total", kinds.Resources(m.GetTotalResources()))
	p.frameworksHere(d)
	p.taskList(d)
	return true
}

func drainText(config *mesospb.DrainConfig) string {
	parts := []string{"tasks are killed"}
	if grace := config.GetMaxGracePeriod(); grace != nil {
		parts = append(parts, "within "+time.Duration(grace.GetNanoseconds()).String())
	}
	if config.GetMarkGone() {
		parts = append(parts, "then it is marked gone")
	}
	return strings.Join(parts, ", ")
}

func estimated(t *mesospb.TimeInfo, now time.Time) string {
	if t == nil {
		return ""
	}
	return when(time.Unix(0, t.GetNanoseconds()), now)
}

// amounts is a table of resources with a bar each. Offered is nil where nothing is.
func (d *document) amounts(total, used cluster.Amounts, offered *cluster.Amounts) {
	if offered == nil {
		offered = &cluster.Amounts{}
	}
	const column, gap = 9, 2
	head := text.Left("", 6)
	for _, title := range []string{"USED", "OFFERED", "FREE", "TOTAL"} {
		head += text.Right(title, column)
	}
	d.add(d.style.Header.Render(head))
	for _, r := range []struct {
		name                 string
		used, offered, total mesos.Scalar
		text                 func(mesos.Scalar) string
	}{
		{"cpus", used.CPUs, offered.CPUs, total.CPUs, text.Number}, {"mem", used.Mem, offered.Mem, total.Mem, text.Memory},
		{"disk", used.Disk, offered.Disk, total.Disk, text.Memory}, {"gpus", used.GPUs, offered.GPUs, total.GPUs, text.Number},
	} {
		if r.total == 0 && r.used == 0 {
			continue
		}
		line := text.Left(r.name, 6)
		for _, amount := range []mesos.Scalar{r.used, r.offered, max(r.total-r.used-r.offered, 0), r.total} {
			line += text.Right(r.text(amount), column)
		}
		room := min(d.width-text.Width(line)-gap, 40)
		d.add(d.style.Text.Render(line) + strings.Repeat(" ", gap) + d.bar(float64(r.used), float64(r.offered), float64(r.total), room))
	}
}

// bar shows two parts of a whole.
func (d *document) bar(used, offered, total float64, width int) string {
	if width < 4 || total <= 0 {
		return ""
	}
	cells := func(part float64) int { return int(part/total*float64(width) + 0.5) }
	u := min(cells(used), width)
	o := min(cells(used+offered), width) - u
	return d.style.Used.Render(strings.Repeat("█", u)) + d.style.Offered.Render(strings.Repeat("▓", max(o, 0))) +
		d.style.Free.Render(strings.Repeat("░", max(width-u-o, 0)))
}

// frameworksHere are the frameworks that have tasks on an agent.
func (p *Page) frameworksHere(d *document) {
	alive := map[string]int{}
	for _, t := range p.tasks {
		if t.Alive() {
			alive[t.Framework]++
		}
	}
	if len(alive) == 0 {
		return
	}
	var ids []string
	for id := range alive {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	d.section("frameworks")
	for _, id := range ids {
		ref := page.Ref{Kind: page.Framework, ID: id}
		count := text.Left(text.Plural(alive[id], "task"), labelWidth)
		d.add(d.style.Text.Render(count) + d.anchor("framework", titled(name(p.deps.Cluster(), ref), id), d.width-labelWidth, show(p.deps, ref)))
	}
}

// taskList names tasks: those that are alive first, the newest of them first.
func (p *Page) taskList(d *document) {
	if len(p.tasks) == 0 {
		return
	}
	tasks := slices.Clone(p.tasks)
	slices.SortFunc(tasks, func(a, b *cluster.Task) int {
		if a.Alive() != b.Alive() {
			if a.Alive() {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.ID, b.ID), strings.Compare(a.Framework, b.Framework))
	})
	d.section("tasks")
	const state, age, gap = 12, 8, 2
	for _, t := range tasks[:min(len(tasks), shownTasks)] {
		lead := stateStyle(d.style, t.State).Render(text.Left(strings.TrimPrefix(t.State.String(), "TASK_"), state)) +
			strings.Repeat(" ", gap) + d.style.Text.Render(text.Left(text.Since(t.Started, p.deps.Now()), age))
		d.add(lead + d.anchor("task", t.ID, d.width-state-gap-age, show(p.deps, page.Ref{Kind: page.Task, ID: t.ID, Framework: t.Framework})))
	}
	if more := len(tasks) - shownTasks; more > 0 {
		d.add(d.style.Dim.Render("and " + text.Count(more) + " more"))
	}
}

func (p *Page) framework(d *document) bool {
	f := p.deps.Cluster().Framework(p.ref.ID)
	if f == nil {
		return false
	}
	info := f.Proto().GetFrameworkInfo()
	d.section("framework " + text.Clean(f.Name))
	d.field("ID", f.ID)
	look := d.style.Good
	if f.State() != "active" {
		look = d.style.Warn
	}
	d.styled("state", f.State(), look)
	for i, role := range f.Roles {
		label := "role"
		if i > 0 {
			label = ""
		}
		d.link(label, role, show(p.deps, page.Ref{Kind: page.Role, ID: role}))
	}
	d.link("tasks", fmt.Sprintf("%s, %d alive", text.Plural(len(p.tasks), "task"), f.Tasks), tasksOf(p.deps, "tasks of "+f.Name, func(t *cluster.Task) bool { return t.Framework == f.ID }))
	if f.Offers > 0 {
		d.link("offers", text.Plural(f.Offers, "offer"), list(p.deps, "offers "+f.Name))
	}
	d.link("explain", "why it is or isn't offered resources", func() { p.deps.Open(Explain(p.deps, f.ID)) })
	d.field("user", f.User)
	d.field("principal", f.Principal)
	d.field("host", f.Host)
	d.field("web UI", f.WebUI)
	d.field("checkpoint", yesNo(info.GetCheckpoint()))
	d.field("failover", time.Duration(info.GetFailoverTimeout()*float64(time.Second)).String())
	d.field("capabilities", capabilities(info))
	d.field("labels", labels(info.GetLabels()))
	d.field("registered", when(f.Registered, p.deps.Now()))
	d.field("ended", when(f.Unregistered, p.deps.Now()))
	d.section("resources")
	d.amounts(p.deps.Cluster().Total(), f.Used, &f.Offered)
	d.field("share", text.Percent(f.Used.Share(p.deps.Cluster().Total()))+" of the cluster")
	p.statesOf(d)
	p.taskList(d)
	return true
}

// statesOf counts the tasks by state.
func (p *Page) statesOf(d *document) {
	count := map[mesos.TaskState]int{}
	for _, t := range p.tasks {
		count[t.State]++
	}
	if len(count) == 0 {
		return
	}
	var states []mesos.TaskState
	for s := range count {
		states = append(states, s)
	}
	slices.Sort(states)
	d.section("states of its tasks")
	for _, s := range states {
		d.add(text.Right(strconv.Itoa(count[s]), 6) + "  " + stateStyle(d.style, s).Render(s.String()))
	}
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func capabilities(info *mesospb.FrameworkInfo) string {
	var all []string
	for _, c := range info.GetCapabilities() {
		all = append(all, c.GetType().String())
	}
	return strings.Join(all, ", ")
}
