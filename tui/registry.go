package tui

import (
	"github.com/mesosctl/mesosctl/tui/lists"
	"github.com/mesosctl/mesosctl/tui/overview"
	"github.com/mesosctl/mesosctl/tui/page"
)

// registry is every page and verb there is.
func registry() *page.Registry {
	r := &page.Registry{}
	overview.Register(r)
	lists.Register(r)
	return r
}
