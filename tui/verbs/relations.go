package verbs

import (
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/details"
	"github.com/mesosctl/mesosctl/tui/page"
)

// relations opens a menu of what a thing is related to.
func relations(d *page.Deps, refs []page.Ref) tea.Cmd {
	menu := details.Relations(d, refs[0])
	if menu == nil {
		return page.Send(page.Notify{Level: page.Warn, Text: "there is nothing that it is related to"})
	}
	d.Open(menu)
	return nil
}
