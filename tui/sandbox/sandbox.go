// Package sandbox is the pages that show what tasks have in their sandboxes: directories,
// and files of any size.
package sandbox

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/order"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Page is the page of a directory.
type Page struct {
	deps    *page.Deps
	files   client.Files
	path    string
	title   string
	table   *component.Table[entry]
	entries []*entry
	filter  page.Filter
	asked   bool // and not answered yet
	read    bool
	err     error
}

// entry is what a directory has.
type entry struct {
	path, name, mode, owner string
	dir                     bool
	size                    uint64
	modified                time.Time
}

// New is the sandbox of a task.
func New(deps *page.Deps, ref page.Ref) (*Page, error) {
	task := deps.Cluster().Task(ref.Framework, ref.ID)
	if task == nil {
		return nil, mesos.Errorf(mesos.NotFound, "sandbox: there is no task %s any more", ref.ID)
	}
	agent, ok := deps.Agent(task.Agent)
	if !ok {
		return nil, mesos.Errorf(mesos.Unavailable, "sandbox: task %s: its agent %s is not registered", ref.ID, task.Agent)
	}
	of := taskref.Task{Task: task.Proto(), Agent: agent}
	return directory(deps, agent.Files(), of.Sandbox(), "sandbox "+ref.ID), nil
}

func directory(deps *page.Deps, files client.Files, name, title string) *Page {
	p := &Page{deps: deps, files: files, path: name, title: text.Clean(title)}
	p.table = component.NewTable(component.Config[entry]{
		Columns: p.columns(), ID: func(e *entry) string { return e.path }, Tie: byName,
		All:    func() []*entry { return slices.Clone(p.entries) },
		SortBy: "NAME", Style: deps.Style, Keys: deps.Keys,
	})
	return p
}

// byName orders directories before files, and then by name.
func byName(a, b *entry) int {
	if a.dir != b.dir {
		if a.dir {
			return -1
		}
		return 1
	}
	return order.Natural(a.name, b.name)
}

func (p *Page) columns() []component.Column[entry] {
	return []component.Column[entry]{
		{Title: "MODE", Priority: 2, Text: func(e *entry) string { return e.mode }, Style: func(*entry) *lipgloss.Style { return &p.deps.Style().Dim }},
		{Title: "OWNER", Key: 'O', Priority: 3, Text: func(e *entry) string { return e.owner }, Compare: func(a, b *entry) int { return strings.Compare(a.owner, b.owner) }},
		{
			Title: "SIZE", Key: 'S', Right: true, Descending: true, Text: sizeText,
			Compare: func(a, b *entry) int { return cmp.Compare(a.size, b.size) },
		},
		{
			Title: "MODIFIED", Key: 'M', Priority: 1, Descending: true, Text: func(e *entry) string { return e.modified.Format(time.DateTime) },
			Compare: func(a, b *entry) int { return a.modified.Compare(b.modified) },
		},
		{Title: "NAME", Key: 'N', Min: 10, Grow: true, Text: nameText, Style: p.nameStyle, Compare: byName},
	}
}

func sizeText(e *entry) string {
	if e.dir {
		return "-"
	}
	return text.Bytes(float64(e.size))
}

func nameText(e *entry) string {
	if e.dir {
		return e.name + "/"
	}
	return e.name
}

func (p *Page) nameStyle(e *entry) *lipgloss.Style {
	if e.dir {
		return &p.deps.Style().Title
	}
	return &p.deps.Style().Text
}

// Title implements page.Page.
func (p *Page) Title() string { return p.title }

// listed is what a directory has.
type listed struct {
	page  *Page
	files []*mesospb.FileInfo
	err   error
}

// Init implements page.Page.
func (p *Page) Init() tea.Cmd {
	if p.asked {
		return nil
	}
	p.asked = true
	ctx, files, name := p.deps.Context, p.files, p.path
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		list, err := files.Browse(ctx, name)
		return listed{p, list, err}
	}
}

func (p *Page) take(msg listed) tea.Cmd {
	p.asked, p.read, p.err = false, true, msg.err
	if mesos.KindOf(msg.err) == mesos.NotFound {
		p.err = mesos.Errorf(mesos.NotFound, "the sandbox is not there: it was removed, or the task never ran")
	}
	p.entries = nil
	for _, info := range msg.files {
		p.entries = append(p.entries, entryOf(info))
	}
	return p.rebuild()
}

func entryOf(info *mesospb.FileInfo) *entry {
	e := &entry{
		path: info.GetPath(), name: path.Base(info.GetPath()), size: info.GetSize(), mode: taskref.ModeText(info),
		dir: taskref.IsDirectory(info), owner: cmp.Or(info.GetUid(), "-"),
	}
	if info.GetGid() != "" {
		e.owner += ":" + info.GetGid()
	}
	e.modified = time.Unix(0, info.GetMtime().GetNanoseconds())
	return e
}

func (p *Page) rebuild() tea.Cmd {
	if p.filter.Empty() {
		return p.table.Rebuild(nil)
	}
	filter := p.filter
	return p.table.Rebuild(func(e *entry) bool { return filter.Match(nameText(e)) })
}

// Update implements page.Page.
func (p *Page) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		p.table.Resize(msg.Width, msg.Height)
		return p, nil
	case listed:
		if msg.page == p {
			return p, p.take(msg)
		}
		return p, nil
	case tea.KeyPressMsg:
		keys, here := p.deps.Keys, p.table.Cursor()
		switch {
		case key.Matches(msg, keys.Refresh):
			return p, p.Init()
		case key.Matches(msg, keys.Enter) && here != nil:
			p.open(here)
			return p, nil
		case key.Matches(msg, keys.Save) && here != nil && !here.dir:
			return p, download(p.deps, p.files, here.path)
		case key.Matches(msg, keys.Mark), key.Matches(msg, keys.MarkAll):
			return p, nil // one at a time
		}
	}
	cmd, _ := p.table.Update(msg)
	return p, cmd
}

func (p *Page) open(e *entry) {
	if e.dir {
		p.deps.Open(directory(p.deps, p.files, e.path, e.name))
		return
	}
	p.deps.Open(NewFile(p.deps, p.files, e.path))
}

// Filter implements page.Filtering.
func (p *Page) Filter() page.Filter { return p.filter }

// SetFilter implements page.Filtering.
func (p *Page) SetFilter(f page.Filter) (page.Page, tea.Cmd) {
	p.filter = f
	return p, p.rebuild()
}

// Count implements page.Counting.
func (p *Page) Count() string {
	if !p.read || p.err != nil {
		return ""
	}
	return text.Count(p.table.Len()) + " of " + text.Count(len(p.entries))
}

// Keys implements page.Page.
func (p *Page) Keys() []key.Binding {
	k := p.deps.Keys
	return []key.Binding{k.Enter, k.Save, k.Refresh}
}

// View implements page.Page.
func (p *Page) View(width, height int) string {
	st := p.deps.Style()
	switch {
	case !p.read:
		return st.Dim.Render("reading…")
	case p.err != nil:
		return st.Bad.Render(text.Cut(text.Clean(p.err.Error()), width))
	case len(p.entries) == 0:
		return st.Dim.Render("the directory is empty")
	}
	p.table.Resize(width, height)
	return p.table.View()
}
