package tui

import (
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/lists"
	"github.com/mesosctl/mesosctl/tui/overview"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/verbs"
)

// registry is every page and verb there is.
func registry(keys *keymap.Map, shell verbs.Shell) *page.Registry {
	r := &page.Registry{}
	overview.Register(r)
	lists.Register(r)
	r.AddVerb(verbs.All(keys, shell)...)
	return r
}
