// Package overview is the first page: the cluster at a glance.
package overview

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Register adds the page.
func Register(r *page.Registry) {
	r.AddScreen(page.Screen{
		Name: "overview", Aliases: []string{"home", "top"}, Short: "the cluster at a glance",
		Open: func(d *page.Deps, _ []string) (page.Page, error) { return &overview{deps: d}, nil },
	})
}

// overview is the page. It has no state but the cluster's.
type overview struct{ deps *page.Deps }

// Title implements page.Page.
func (o *overview) Title() string { return "overview" }

// Init implements page.Page.
func (o *overview) Init() tea.Cmd { return nil }

// Calls implements page.Polling: which masters there are.
func (o *overview) Calls() []masterpb.Call_Type { return []masterpb.Call_Type{live.ProbeMasters} }

// Update implements page.Page.
func (o *overview) Update(msg tea.Msg) (page.Page, tea.Cmd) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return o, nil
	}
	for _, jump := range o.jumps() {
		if key.Matches(press, jump) {
			o.deps.Ask(page.Command{Line: jump.Help().Desc})
			return o, nil
		}
	}
	if key.Matches(press, o.deps.Keys.Enter) {
		o.deps.Ask(page.Command{Line: "tasks"})
	}
	return o, nil
}

// jumps are the keys that lead to pages, by number.
func (o *overview) jumps() []key.Binding {
	var keys []key.Binding
	n := '1'
	for _, s := range o.deps.Registry.Screens() {
		if s.Name != "overview" && n <= '9' {
			keys = append(keys, key.NewBinding(key.WithKeys(string(n)), key.WithHelp(string(n), s.Name)))
			n++
		}
	}
	return keys
}

// Keys implements page.Page.
func (o *overview) Keys() []key.Binding { return o.jumps() }

// wide and high are the least size for graphs beside the bars.
const wide, high = 100, 30

// View implements page.Page.
func (o *overview) View(width, height int) string {
	var lines []string
	if width >= wide && height >= high {
		lines = o.graphs(width, min(max(height/4, 6), 10))
	} else {
		lines = o.bars(width)
	}
	left := width / 2
	if middle := o.work(left, width-left, min(max((height-len(lines))/2, 6), 9)); len(lines)+len(middle) <= height {
		lines = append(lines, middle...)
	}
	if rest := height - len(lines); rest >= 4 {
		share := max(width*2/5, min(40, width/2))
		lines = append(lines, component.Beside(o.frameworks(share, rest), o.events(width-share, rest))...)
	}
	return strings.Join(lines, "\n")
}
