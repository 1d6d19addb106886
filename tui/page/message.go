package page

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// Push puts a page on top of the stack; an Overlay is drawn over the one below.
type Push struct{ Page Page }

// Replace puts a page in the place of the one on top.
type Replace struct{ Page Page }

// Pop takes the page on top away. The last page stays.
type Pop struct{}

// Command is a line as if it was typed at the ":" prompt, such as "tasks web".
type Command struct{ Line string }

// Level is how serious a notice is.
type Level uint8

// The levels of notices.
const (
	Info Level = iota
	Good
	Warn
	Bad
)

// Notify shows a sentence in the status line for some seconds.
type Notify struct {
	Level Level
	Text  string
}

// Size is the room that a page has. View is called with the same numbers.
type Size struct{ Width, Height int }

// Changed tells that the cluster is not as it was: at most once a frame.
type Changed struct{}

// Replaced tells that the cluster was told anew as a whole, after a master was
// lost. Changed does not follow.
type Replaced struct{}

// Tick comes once a second, for what depends on the time alone.
type Tick struct{ Now time.Time }

// Shown tells a page that it is on top again.
type Shown struct{}

// Send is a command that only returns a message.
func Send(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// Fail is a command that tells of an error; nil if there is none.
func Fail(err error) tea.Cmd {
	if err == nil {
		return nil
	}
	return Send(Notify{Level: Bad, Text: err.Error()})
}
