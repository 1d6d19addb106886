package help

import (
	"testing"

	"charm.land/bubbles/v2/key"

	"github.com/mesosctl/mesosctl/tui/internal/golden"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

func TestViews(t *testing.T) {
	st, err := style.New(style.None)
	if err != nil {
		t.Fatal(err)
	}
	registry := &page.Registry{}
	registry.AddScreen(page.Screen{Name: "overview", Short: "the cluster at a glance"}, page.Screen{Name: "tasks", Short: "every task"})
	d := &page.Deps{Keys: keymap.New(), Style: func() *style.Style { return st }, Registry: registry}
	for _, size := range golden.Sizes {
		h := New(d, "tasks", []key.Binding{d.Keys.Describe, d.Keys.Logs, d.Keys.Kill})
		width, height := h.Box(size.Width-4, size.Height-4)
		golden.Equal(t, "help_"+size.Name, h.View(width, height), width, height)
	}
}
