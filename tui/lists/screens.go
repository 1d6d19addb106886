package lists

import (
	"strings"

	"github.com/mesosctl/mesosctl/tui/page"
)

// Register adds the pages of this package. Words after a page's name are its filter.
func Register(r *page.Registry) {
	add := func(name, short string, open func(d *page.Deps) page.Page, aliases ...string) {
		r.AddScreen(page.Screen{
			Name: name, Aliases: aliases, Short: short,
			Open: func(d *page.Deps, args []string) (page.Page, error) {
				filter, err := page.ParseFilter(strings.Join(args, " "))
				if err != nil {
					return nil, err
				}
				p := open(d)
				if f, ok := p.(page.Filtering); ok && !filter.Empty() {
					p, _ = f.SetFilter(filter) // Init makes the list
				}
				return p, nil
			},
		})
	}
	add("tasks", "tasks", func(d *page.Deps) page.Page { return Tasks(d, "tasks", nil) }, "task", "t", "po")
	add("agents", "machines, and what is used of them", func(d *page.Deps) page.Page { return Agents(d, "agents", nil) },
		"agent", "a", "nodes", "slaves")
	add("frameworks", "schedulers and what they hold", func(d *page.Deps) page.Page { return Frameworks(d, "frameworks", nil) },
		"framework", "f", "fw")
	add("roles", "roles as a tree: shares, weights, quotas", Roles, "role", "r", "quota", "quotas", "weights")
	add("offers", "offers that frameworks think about", Offers, "offer", "o")
	add("operations", "operations on resources", Operations, "operation", "ops")
	add("maintenance", "scheduled machines, drains", Maintenance, "mt", "drains", "drain")
	add("masters", "who leads, who stands by", Masters, "master", "m")
	add("events", "what happened lately", Events, "event", "ev")
}
