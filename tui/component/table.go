package component

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"charm.land/bubbles/v2/key"

	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/order"
	"github.com/mesosctl/mesosctl/tui/style"
)

// buildInline is how many things are filtered and sorted at once. More are so in a
// command, while the table shows what it has.
const buildInline = 2000

// buildAfter is how long a command waits before it builds: what was typed is drawn
// first, and of letters that are typed in a row the last one counts.
const buildAfter = 25 * time.Millisecond

// Config says what a table shows.
type Config[T any] struct {
	Columns []Column[T]
	// ID names a thing, for marks.
	ID func(*T) string
	// Tie orders things that are equal otherwise; it is 0 for a thing and its
	// successors only.
	Tie func(a, b *T) int
	// All is the list of all things, in any order. The table doesn't change it.
	All func() []*T
	// SortBy is the first column's title to sort by, in its own direction.
	SortBy string
	Style  func() *style.Style
	Keys   *keymap.Map
}

// Table is a list of things in columns that stays in order while they change. Only
// what is seen of it is drawn.
type Table[T any] struct {
	config Config[T]
	list   *order.List[T]
	pass   func(*T) bool // of list; nil lets all pass

	sortBy  int
	reverse bool // against the column's own direction
	many    bool // columns rather than wide ones

	// A build under way, and what has changed since it began.
	one      sync.Mutex // one is at work
	version  atomic.Int64
	building bool
	next     func(*T) bool
	pending  []change[T]

	cursor *T // the thing that the cursor is at
	at     int
	top    int
	held   bool // the cursor follows its thing, and not the first line
	marks  map[string]*T

	width, height int
	seen          []int // the widest texts by column
	places        []placed
}

type change[T any] struct{ old, new *T }

// NewTable makes a table, empty until Rebuild.
func NewTable[T any](config Config[T]) *Table[T] {
	t := &Table[T]{config: config, marks: map[string]*T{}, seen: make([]int, len(config.Columns))}
	t.sortBy = max(slices.IndexFunc(config.Columns, func(c Column[T]) bool { return c.Title == config.SortBy }), 0)
	t.list = order.New(t.compare(), nil)
	return t
}

// compare is the order asked for now.
func (t *Table[T]) compare() func(a, b *T) int {
	c, tie := t.config.Columns[t.sortBy], t.config.Tie
	if c.CompareNow != nil {
		c.Compare = c.CompareNow()
	}
	if c.Compare == nil {
		return tie
	}
	if c.Descending != t.reverse {
		return func(a, b *T) int {
			if order := c.Compare(b, a); order != 0 {
				return order
			}
			return tie(a, b)
		}
	}
	return func(a, b *T) int {
		if order := c.Compare(a, b); order != 0 {
			return order
		}
		return tie(a, b)
	}
}

// built is a list that a command filtered and sorted.
type built[T any] struct {
	table   *Table[T]
	version int64
	list    *order.List[T]
	pass    func(*T) bool
}

// Rebuild makes the list anew: all things that pass, in order. Pass must be fit for
// any goroutine; nil lets all pass.
func (t *Table[T]) Rebuild(pass func(*T) bool) tea.Cmd {
	t.next = pass
	b := builder[T]{latest: &t.version, version: t.version.Add(1), items: t.config.All(), pass: pass, compare: t.compare()}
	if len(b.items) <= buildInline {
		t.take(b.build(), pass)
		return nil
	}
	t.building, t.pending = true, nil
	return func() tea.Msg {
		<-time.After(buildAfter)
		t.one.Lock() // those that are not wanted any more end soon
		defer t.one.Unlock()
		if b.given() {
			return nil
		}
		list := b.build()
		if b.given() {
			return nil
		}
		return built[T]{t, b.version, list, pass}
	}
}

func (t *Table[T]) take(list *order.List[T], pass func(*T) bool) {
	t.list, t.pass, t.building = list, pass, false
	for _, c := range t.pending {
		t.apply(c.old, c.new)
	}
	t.pending = nil
	clear(t.seen)
	t.settle()
}

// Sorting reports whether the list is not yet as it was asked for.
func (t *Table[T]) Sorting() bool { return t.building }

// Apply takes a change of one thing: old is nil of what is new, and new is nil of
// what is gone.
func (t *Table[T]) Apply(old, new *T) {
	if t.building {
		t.pending = append(t.pending, change[T]{old, new})
	}
	t.apply(old, new)
}

func (t *Table[T]) apply(old, new *T) {
	if old != nil && (t.pass == nil || t.pass(old)) {
		t.list.Delete(old)
	}
	if new != nil && (t.pass == nil || t.pass(new)) {
		t.list.Insert(new)
	}
	if old == nil {
		return
	}
	if new != nil && t.cursor != nil && t.config.Tie(old, t.cursor) == 0 {
		t.cursor = new
	}
	if len(t.marks) == 0 {
		return
	}
	if id := t.config.ID(old); t.marks[id] != nil {
		if new == nil {
			delete(t.marks, id)
		} else {
			t.marks[id] = new
		}
	}
}

// Len is how many things pass.
func (t *Table[T]) Len() int { return t.list.Len() }

// Rows are all things that pass, in order.
func (t *Table[T]) Rows() []*T { return t.list.Append(nil, 0, t.list.Len()) }

// Cursor is the thing at the cursor; nil if there is none.
func (t *Table[T]) Cursor() *T {
	t.settle()
	return t.cursor
}

// Chosen is the marked things, or else the one at the cursor.
func (t *Table[T]) Chosen() []*T {
	if len(t.marks) == 0 {
		if x := t.Cursor(); x != nil {
			return []*T{x}
		}
		return nil
	}
	chosen := make([]*T, 0, len(t.marks))
	for _, x := range t.marks {
		chosen = append(chosen, x)
	}
	slices.SortFunc(chosen, t.compare())
	return chosen
}

// Marks is how many things are marked.
func (t *Table[T]) Marks() int { return len(t.marks) }

// Unmark takes all marks away.
func (t *Table[T]) Unmark() { clear(t.marks) }

// settle finds the cursor again after changes: at its thing, on the same line of the
// screen; or at the first line if nobody has moved it.
func (t *Table[T]) settle() {
	n := t.list.Len()
	if n == 0 {
		t.at, t.top, t.cursor = 0, 0, nil
		return
	}
	if t.held && t.cursor != nil {
		if i, found := t.list.Index(t.cursor); found {
			t.top += i - t.at
			t.at = i
		}
	}
	rows := max(t.height-1, 1)
	t.at = min(max(t.at, 0), n-1)
	t.top = min(max(t.top, t.at-rows+1, 0), t.at, max(n-rows, 0))
	t.cursor = t.list.At(t.at)
}

// Resize tells how much room there is.
func (t *Table[T]) Resize(width, height int) {
	if width != t.width {
		clear(t.seen)
	}
	t.width, t.height = width, height
	t.settle()
}

// move moves the cursor.
func (t *Table[T]) move(by int) {
	t.settle()
	t.at += by
	t.cursor = nil
	t.held = true
	t.settle()
	t.held = t.at > 0
}

// Volatile reports whether the order depends on more than the things, and none is
// being made.
func (t *Table[T]) Volatile() bool {
	return t.config.Columns[t.sortBy].CompareNow != nil && !t.building
}

// Widen shows more columns, narrower ones, or again fewer. It is false if that makes no
// difference.
func (t *Table[T]) Widen() bool {
	few := len(layout(t.config.Columns, t.seen, t.width-gutter, false))
	if len(layout(t.config.Columns, t.seen, t.width-gutter, true)) == few && !t.many {
		return false
	}
	t.many = !t.many
	return true
}

// sort sorts by a column; by the same again, the other way round.
func (t *Table[T]) sort(column int) tea.Cmd {
	if c := t.config.Columns[column]; c.Compare == nil && c.CompareNow == nil {
		return nil
	}
	t.reverse = column == t.sortBy && !t.reverse
	t.sortBy = column
	return t.Rebuild(t.next)
}

// Update takes keys, the mouse, and the table's own messages. Handled is false for
// what it knows nothing of.
func (t *Table[T]) Update(msg tea.Msg) (cmd tea.Cmd, handled bool) {
	switch msg := msg.(type) {
	case built[T]:
		if msg.table == t && msg.version == t.version.Load() {
			t.take(msg.list, msg.pass)
		}
		return nil, msg.table == t
	case tea.KeyPressMsg:
		return t.press(msg)
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			t.move(-3)
		case tea.MouseWheelDown:
			t.move(3)
		}
		return nil, true
	case tea.MouseClickMsg:
		return t.click(msg), true
	}
	return nil, false
}

func (t *Table[T]) press(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k, page := t.config.Keys, max(t.height-2, 1)
	switch {
	case key.Matches(msg, k.Up):
		t.move(-1)
	case key.Matches(msg, k.Down):
		t.move(1)
	case key.Matches(msg, k.PageUp):
		t.move(-page)
	case key.Matches(msg, k.PageDown):
		t.move(page)
	case key.Matches(msg, k.Top):
		t.move(-t.list.Len())
	case key.Matches(msg, k.Bottom):
		t.move(t.list.Len())
	case key.Matches(msg, k.Mark):
		if x := t.Cursor(); x != nil {
			t.mark(x)
			t.move(1)
		}
	case key.Matches(msg, k.MarkAll):
		t.markAll()
	case key.Matches(msg, k.SortReverse):
		return t.sort(t.sortBy), true
	default:
		for i, c := range t.config.Columns {
			if c.Key != 0 && msg.Text == string(c.Key) {
				return t.sort(i), true
			}
		}
		return nil, false
	}
	return nil, true
}

func (t *Table[T]) mark(x *T) {
	id := t.config.ID(x)
	if t.marks[id] != nil {
		delete(t.marks, id)
		return
	}
	t.marks[id] = x
}

func (t *Table[T]) markAll() {
	if len(t.marks) > 0 {
		t.Unmark()
		return
	}
	for _, x := range t.Rows() {
		t.marks[t.config.ID(x)] = x
	}
}

// click puts the cursor at a row, or sorts by the column of a header. The row that
// the cursor is at opens.
func (t *Table[T]) click(msg tea.MouseClickMsg) tea.Cmd {
	if msg.Button != tea.MouseLeft {
		return nil
	}
	if msg.Y == 0 {
		for _, p := range t.places {
			if x := msg.X - gutter; x >= p.x && x < p.x+p.width {
				return t.sort(p.column)
			}
		}
		return nil
	}
	t.settle()
	row := t.top + msg.Y - 1
	if row < 0 || row >= t.list.Len() {
		return nil
	}
	if row == t.at {
		return func() tea.Msg { return tea.KeyPressMsg{Code: tea.KeyEnter} }
	}
	t.move(row - t.at)
	return nil
}
