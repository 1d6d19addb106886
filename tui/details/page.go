// Package details is the pages that show all of one thing: its fields, what has become of
// it, and what is related to it, one key away; and the pages of text that belong to it.
package details

import (
	"strconv"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Page is the description of one thing, as it is now.
type Page struct {
	deps  *page.Deps
	ref   page.Ref
	pane  *pane.Pane
	doc   document
	width int
	gone  bool
	// tasks are those that belong to it, found once a second: there may be many.
	tasks []*cluster.Task
}

// New is the description of a thing.
func New(deps *page.Deps, ref page.Ref) *Page {
	p := &Page{deps: deps, ref: ref, pane: pane.New(deps.Keys, deps.Style)}
	p.pane.SetWrap(true)
	p.doc.chosen = -1
	return p
}

// Title implements page.Page.
func (p *Page) Title() string {
	return string(p.ref.Kind) + " " + text.Clean(name(p.deps.Cluster(), p.ref))
}

// Ref is what is described.
func (p *Page) Ref() page.Ref { return p.ref }

// name is what people call a thing.
func name(c *cluster.Cluster, ref page.Ref) string {
	switch ref.Kind {
	case page.Agent:
		if a := c.Agent(ref.ID); a != nil && a.Hostname != "" {
			return a.Hostname
		}
	case page.Framework:
		if f := c.Framework(ref.ID); f != nil && f.Name != "" {
			return f.Name
		}
	}
	return ref.ID
}

// Init implements page.Page.
func (p *Page) Init() tea.Cmd {
	p.findTasks()
	p.write()
	return nil
}

// Update implements page.Page.
func (p *Page) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		p.width = msg.Width
		p.pane.Resize(msg.Width, msg.Height)
		p.write()
	case page.Changed, page.Shown:
		p.write()
	case page.Tick, page.Replaced:
		p.findTasks()
		p.write()
	case tea.KeyPressMsg:
		return p, p.press(msg)
	case tea.MouseWheelMsg:
		p.pane.Update(msg)
	case tea.MouseClickMsg:
		p.click(msg.Mouse())
	}
	return p, nil
}

func (p *Page) press(msg tea.KeyPressMsg) tea.Cmd {
	keys, n := p.deps.Keys, len(p.doc.links)
	if digit, err := strconv.Atoi(msg.Text); err == nil && digit >= 1 && digit <= n {
		p.doc.links[digit-1].open()
		return nil
	}
	switch {
	case key.Matches(msg, keys.NextTab) && n > 0:
		p.choose((p.doc.chosen + 1) % n)
	case key.Matches(msg, keys.PrevTab) && n > 0:
		p.choose((max(p.doc.chosen, 0) + n - 1) % n)
	case key.Matches(msg, keys.Enter) && p.doc.chosen >= 0 && p.doc.chosen < n:
		p.doc.links[p.doc.chosen].open()
	case key.Matches(msg, keys.Save):
		return save(p.deps, p.ref.ID+".txt", p.doc.lines)
	case !p.pane.Update(msg):
		return p.verb(msg)
	}
	return nil
}

// verb does with the thing what a key asks for.
func (p *Page) verb(msg tea.KeyPressMsg) tea.Cmd {
	for _, v := range p.deps.Registry.Verbs(p.ref.Kind, false) {
		if key.Matches(msg, v.Key) && !key.Matches(msg, p.deps.Keys.Describe) {
			return page.Do(p.deps, v, p.Chosen())
		}
	}
	return nil
}

// choose moves the cursor to a link.
func (p *Page) choose(i int) {
	p.doc.chosen = i
	p.write()
	p.pane.Reveal(p.doc.links[i].line)
}

// click opens the link of a line.
func (p *Page) click(at tea.Mouse) {
	if at.Button != tea.MouseLeft {
		return
	}
	for _, l := range p.doc.links {
		if l.line == p.pane.LineAt(at.Y) {
			l.open()
			return
		}
	}
}

// findTasks finds the tasks that belong to an agent or a framework.
func (p *Page) findTasks() {
	if p.ref.Kind != page.Agent && p.ref.Kind != page.Framework {
		return
	}
	p.tasks = nil
	for _, t := range p.deps.Cluster().Tasks.All() {
		if p.ref.Kind == page.Agent && t.Agent == p.ref.ID || p.ref.Kind == page.Framework && t.Framework == p.ref.ID {
			p.tasks = append(p.tasks, t)
		}
	}
}

// write describes the thing anew. What is gone stays as it was, and says so.
func (p *Page) write() {
	if p.width == 0 {
		return
	}
	d := document{style: p.deps.Style(), width: p.width, chosen: p.doc.chosen}
	if p.gone = !p.describe(&d); p.gone {
		if p.doc.lines == nil {
			d.add(d.style.Warn.Render("there is no " + string(p.ref.Kind) + " " + text.Clean(p.ref.ID)))
			p.doc = d
		}
	} else {
		p.doc = d
	}
	p.pane.SetLines(pane.Slice(p.doc.lines))
}

// describe writes all there is to say; false if the thing is not there.
func (p *Page) describe(d *document) bool {
	switch p.ref.Kind {
	case page.Task:
		return p.task(d)
	case page.Agent:
		return p.agent(d)
	case page.Framework:
		return p.framework(d)
	case page.Role:
		return p.role(d)
	case page.Offer:
		return p.offer(d)
	case page.Operation:
		return p.operation(d)
	case page.Machine:
		return p.machine(d)
	case page.Master:
		return p.master(d)
	}
	return false
}

// Chosen implements page.Choosing: what can be done with the thing in a list can be done
// with it here.
func (p *Page) Chosen() []page.Ref { return []page.Ref{p.ref} }

// Calls implements page.Polling.
func (p *Page) Calls() []masterpb.Call_Type {
	switch p.ref.Kind {
	case page.Role:
		return []masterpb.Call_Type{masterpb.Call_GET_ROLES, masterpb.Call_GET_QUOTA}
	case page.Offer:
		return []masterpb.Call_Type{masterpb.Call_GET_FRAMEWORKS}
	case page.Operation:
		return []masterpb.Call_Type{masterpb.Call_GET_OPERATIONS}
	case page.Machine:
		return []masterpb.Call_Type{masterpb.Call_GET_MAINTENANCE_SCHEDULE, masterpb.Call_GET_MAINTENANCE_STATUS}
	}
	return nil
}

// Count implements page.Counting.
func (p *Page) Count() string {
	if p.gone {
		return "it is not there any more"
	}
	return ""
}

// Filter implements page.Filtering.
func (p *Page) Filter() page.Filter { return p.pane.Search() }

// SetFilter implements page.Filtering: what matches is highlighted.
func (p *Page) SetFilter(f page.Filter) (page.Page, tea.Cmd) {
	p.pane.SetSearch(f)
	p.pane.Next()
	return p, nil
}

// Keys implements page.Page.
func (p *Page) Keys() []key.Binding {
	keys := []key.Binding{}
	if n := len(p.doc.links); n > 0 {
		last := min(n, 9)
		keys = append(keys, key.NewBinding(key.WithKeys("1"), key.WithHelp("1-"+strconv.Itoa(last), "relation")), p.deps.Keys.NextTab)
	}
	for _, v := range p.deps.Registry.Verbs(p.ref.Kind, p.deps.ReadOnly) {
		if v.Name != "describe" && v.Name != "relations" { // they are here
			keys = append(keys, v.Key)
		}
	}
	return append(append(keys, p.deps.Keys.Save), p.pane.Keys()...)
}

// View implements page.Page.
func (p *Page) View(width, height int) string {
	if p.width != width {
		p.width = width
		p.write()
	}
	p.pane.Resize(width, height)
	return p.pane.View()
}
