// Package page is what the screens of the live terminal UI are made of: what a
// page is, what it is given, and the messages by which pages and the frame
// around them speak. The frame is package tui.
//
// A page does no I/O in Update or View. What takes time is a tea.Cmd, which
// changes no state: it returns a message that Update takes.
package page

import (
	"context"
	"io"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Page is one screen. The frame keeps a stack of them; only the one on top is
// drawn and gets keys.
//
// Beside key presses, paste and mouse messages (whose coordinates are within the
// page) it gets Size before its first View and whenever that changes, Changed,
// Tick, Shown, and whatever its own commands return, also while it is covered.
type Page interface {
	// Title is the page's place among the breadcrumbs: one short line.
	Title() string
	// Init returns the page's first command; nil if it has none.
	Init() tea.Cmd
	Update(msg tea.Msg) (Page, tea.Cmd)
	// View draws the page without a frame. Lines beyond the size are cut off.
	View(width, height int) string
	// Keys are the keys that do something now, for the line of hints and the help,
	// the most useful first.
	Keys() []key.Binding
}

// Capturing is a page that takes every key while it says so, because somebody
// types in it. The frame keeps nothing for itself then but ctrl-c.
type Capturing interface {
	Page
	Capturing() bool
}

// Closing is a page that holds something, such as a stream. Close is called once,
// when the page leaves the stack; it must not block.
type Closing interface {
	Page
	Close()
}

// Filtering is a page with a list or text that the frame's "/" prompt narrows.
type Filtering interface {
	Page
	// Filter is what the page shows only now.
	Filter() Filter
	// SetFilter is called with each key stroke at the prompt.
	SetFilter(f Filter) (Page, tea.Cmd)
}

// Leaving is a page that has something to undo, such as marks, before esc leaves it.
// While Stays says so it is given the key.
type Leaving interface {
	Page
	Stays() bool
}

// Counting is a page that can say how much it shows, next to its title.
type Counting interface {
	Page
	Count() string
}

// Polling is a page that shows what the event stream doesn't tell. The calls are made
// again and again while it is on top.
type Polling interface {
	Page
	Calls() []masterpb.Call_Type
}

// Overlay is a page that is drawn in a box over the page below: a question, a
// help. It is capturing by nature and ends itself with Pop.
type Overlay interface {
	Page
	// Box is the size that its View wants, given the largest there can be. The
	// frame draws the border.
	Box(maxWidth, maxHeight int) (width, height int)
}

// Deps is what pages are given.
type Deps struct {
	// Context ends with the program.
	Context context.Context
	// Client talks to the leading master. Use it in commands only.
	Client *client.Client
	// Cluster is what is known of the cluster. It belongs to the Update loop: call
	// it in Update and View only, and keep no pointer to it. The records in it are
	// immutable, so a command may be given those.
	Cluster func() *cluster.Cluster
	// Ask has the frame take a Push, Replace, Pop or Command before it takes anything
	// else, so that the next key is for the page that it opens. Call it in Update only.
	Ask func(msg tea.Msg)
	// Trouble is why a call of a Polling page has no answer; nil if it has one.
	Trouble func(call masterpb.Call_Type) error
	// Now is the time that is drawn: that of the latest Tick.
	Now func() time.Time
	// Style draws. Ask each time: it may change when the terminal tells its colours.
	Style    func() *style.Style
	Keys     *keymap.Map
	Registry *Registry
	// ReadOnly forbids whatever changes the cluster.
	ReadOnly bool
	// Confirm is a name that has to be typed before something is destroyed; empty: a
	// yes will do.
	Confirm string
	// Save writes what ctrl-s saves to a new file named after name, and returns its
	// path. Use it in commands only.
	Save func(name string, from io.Reader) (path string, err error)
}

// Open asks for a page on top of the stack.
func (d *Deps) Open(p Page) { d.Ask(Push{p}) }

// Agent makes a client of an agent by its ID. Call it in Update; the client is
// for commands.
func (d *Deps) Agent(id string) (*client.Agent, bool) {
	a := d.Cluster().Agent(id)
	if a == nil || a.Address == "" {
		return nil, false
	}
	return d.Client.Agent(a.Address), true
}
