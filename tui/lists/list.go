// Package lists is the pages that are tables: tasks, agents, frameworks, roles,
// offers, operations, maintenance, masters and events.
package lists

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// list is a page that is a table of Ts.
type list[T any] struct {
	deps  *page.Deps
	title string
	table *component.Table[T]

	// scope is which things are on the page at all; nil for all.
	scope func(*T) bool
	// alive is which of them are shown unless all are asked for; nil for all.
	alive func(*T) bool
	all   bool
	// match reports whether a filter lets a thing pass. Like scope and alive it is
	// called by any goroutine.
	match  func(*T, page.Filter) bool
	filter page.Filter

	ref   func(*T) page.Ref
	enter func(*T) tea.Cmd
	// watch has every change of the things told to the table; nil if they are asked
	// for as a whole, which fill does when they have changed.
	watch func() (stop func())
	stop  func()
	fill  func() (changed bool)
	// stale reports whether what an order of the table may depend on besides the things
	// has changed since it was asked; nil if none does.
	stale func() bool
	calls []masterpb.Call_Type
	// empty is what is said if there is nothing.
	empty string
}

// Title implements page.Page.
func (l *list[T]) Title() string { return l.title }

// Count implements page.Counting.
func (l *list[T]) Count() string {
	if l.table.Marks() > 0 {
		return text.Count(l.table.Len()) + ", " + text.Count(l.table.Marks()) + " marked"
	}
	return text.Count(l.table.Len())
}

// Init implements page.Page.
func (l *list[T]) Init() tea.Cmd {
	if l.watch != nil {
		l.stop = l.watch()
	} else {
		l.fill()
	}
	return l.rebuild()
}

// Close implements page.Closing.
func (l *list[T]) Close() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

// Calls implements page.Polling.
func (l *list[T]) Calls() []masterpb.Call_Type { return l.calls }

// Filter implements page.Filtering.
func (l *list[T]) Filter() page.Filter { return l.filter }

// SetFilter implements page.Filtering.
func (l *list[T]) SetFilter(f page.Filter) (page.Page, tea.Cmd) {
	l.filter = f
	return l, l.rebuild()
}

// Stays implements page.Leaving: esc takes the marks away first.
func (l *list[T]) Stays() bool { return l.table.Marks() > 0 }

// Chosen implements page.Choosing.
func (l *list[T]) Chosen() []page.Ref {
	var refs []page.Ref
	for _, x := range l.table.Chosen() {
		if ref := l.ref(x); ref.ID != "" {
			refs = append(refs, ref)
		}
	}
	return refs
}

// rebuild filters and sorts anew.
func (l *list[T]) rebuild() tea.Cmd {
	scope, alive, filter, match := l.scope, l.alive, l.filter, l.match
	if l.all {
		alive = nil
	}
	if scope == nil && alive == nil && filter.Empty() {
		return l.table.Rebuild(nil)
	}
	return l.table.Rebuild(func(x *T) bool {
		return (scope == nil || scope(x)) && (alive == nil || alive(x)) && (filter.Empty() || match(x, filter))
	})
}

// Update implements page.Page.
func (l *list[T]) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	switch msg := msg.(type) {
	case page.Size:
		l.table.Resize(msg.Width, msg.Height)
		return l, nil
	case page.Replaced:
		if l.watch != nil {
			l.Close()
			l.stop = l.watch()
		} else {
			l.fill()
		}
		return l, l.rebuild()
	case page.Changed, page.Shown:
		if l.fill != nil && l.fill() || l.stale != nil && l.stale() && l.table.Volatile() {
			return l, l.rebuild()
		}
		return l, nil
	case tea.KeyPressMsg:
		return l, l.press(msg)
	}
	cmd, _ := l.table.Update(msg)
	return l, cmd
}

func (l *list[T]) press(msg tea.KeyPressMsg) tea.Cmd {
	k := l.deps.Keys
	switch {
	case key.Matches(msg, k.Enter):
		if x := l.table.Cursor(); x != nil && l.enter != nil {
			return l.enter(x)
		}
		return nil
	case key.Matches(msg, k.Back):
		l.table.Unmark()
		return nil
	case key.Matches(msg, k.Finished) && l.alive != nil:
		l.all = !l.all
		return l.rebuild()
	case key.Matches(msg, k.Save):
		return l.save()
	case key.Matches(msg, k.Wide):
		if !l.table.Widen() {
			return page.Send(page.Notify{Text: "no more columns fit"})
		}
		return nil
	case key.Matches(msg, k.Copy):
		return l.copy()
	}
	if cmd, handled := l.table.Update(msg); handled {
		return cmd
	}
	chosen := l.Chosen()
	if len(chosen) == 0 {
		return nil
	}
	for _, v := range l.deps.Registry.Verbs(chosen[0].Kind, false) {
		if key.Matches(msg, v.Key) {
			return page.Do(l.deps, v, chosen)
		}
	}
	return nil
}

// save writes the whole list to a file.
func (l *list[T]) save() tea.Cmd {
	save, name, rows := l.deps.Save, strings.ReplaceAll(l.title, " ", "-")+".txt", l.table.Text()
	return func() tea.Msg {
		path, err := save(name, strings.NewReader(rows))
		if err != nil {
			return page.Notify{Level: page.Bad, Text: err.Error()}
		}
		return page.Notify{Level: page.Good, Text: "saved to " + path}
	}
}

// copy gives the terminal's clipboard what is chosen.
func (l *list[T]) copy() tea.Cmd {
	var ids []string
	for _, ref := range l.Chosen() {
		ids = append(ids, ref.ID)
	}
	if ids == nil {
		return nil
	}
	return tea.Batch(tea.SetClipboard(strings.Join(ids, "\n")),
		page.Send(page.Notify{Text: "copied " + text.Cut(strings.Join(ids, " "), 60)}))
}

// View implements page.Page.
func (l *list[T]) View(width, _ int) string {
	view := l.table.View()
	if l.table.Len() > 0 {
		return view
	}
	s := l.deps.Style()
	why := l.empty
	field := &s.Dim
	switch {
	case l.table.Sorting():
		why = "…"
	case !l.filter.Empty():
		why = "nothing matches the filter; esc takes it away"
	default:
		for _, call := range l.calls {
			if err := l.deps.Trouble(call); err != nil {
				why, field = "this master doesn't tell: "+text.Clean(err.Error()), &s.Warn
			}
		}
	}
	return view + "\n\n" + s.Draw(field, text.Left("  "+why, width))
}

// Keys implements page.Page.
func (l *list[T]) Keys() []key.Binding {
	k := l.deps.Keys
	var keys []key.Binding
	if l.enter != nil {
		keys = append(keys, k.Enter)
	}
	kind := page.Kind("")
	if x := l.table.Cursor(); x != nil {
		kind = l.ref(x).Kind
	}
	if kind != "" {
		for _, v := range l.deps.Registry.Verbs(kind, l.deps.ReadOnly) {
			keys = append(keys, v.Key)
		}
	}
	if l.alive != nil {
		keys = append(keys, k.Finished)
	}
	return slices.Concat(keys, []key.Binding{k.Mark, k.Sort, k.Wide, k.Save})
}
