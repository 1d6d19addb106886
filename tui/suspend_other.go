//go:build !unix

package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/page"
)

// resumed is never told: processes are not stopped here.
type resumed struct{}

// signals are those that must not find the terminal as it is drawn on: none.
type signals struct{}

func (*signals) listen(func(tea.Msg)) {}

func (*signals) end() {}

func (*signals) suspend() tea.Cmd {
	return page.Send(page.Notify{Level: page.Warn, Text: "there is no shell to go back to"})
}

func (*signals) redraw() tea.Cmd { return nil }
