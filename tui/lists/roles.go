package lists

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/component"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Role is a role in the tree of roles. Its name is a path; what it holds includes
// what the roles below it hold, and so do its quotas.
type Role struct {
	Name       string
	Leaf       string // the last part of the name
	Depth      int
	Known      bool // not only as the parent of another
	Weight     float64
	Fair       float64 // its part, by weight, of what its parent gets: 0 to 1
	Frameworks int     // that are in it or below it
	Held       cluster.Amounts
	Share      float64 // of the cluster: 0 to 1
	Guarantee  map[string]float64
	Limit      map[string]float64
}

// Roles lists roles as a tree.
func Roles(d *page.Deps) page.Page {
	var (
		rows []*Role
		seen struct{ roles, quotas, weights any }
	)
	l := &list[Role]{
		deps: d, title: "roles",
		match: func(r *Role, f page.Filter) bool { return f.Match(r.Name) },
		ref:   func(r *Role) page.Ref { return page.Ref{Kind: page.Role, ID: r.Name} },
		calls: []masterpb.Call_Type{masterpb.Call_GET_ROLES, masterpb.Call_GET_QUOTA, masterpb.Call_GET_WEIGHTS},
		empty: "no role is in use, has a weight or a quota",
	}
	l.fill = func() bool {
		p := d.Cluster().Polled
		now := seen
		now.roles, now.quotas, now.weights = p.At[masterpb.Response_GET_ROLES], p.At[masterpb.Response_GET_QUOTA], p.At[masterpb.Response_GET_WEIGHTS]
		if now == seen {
			return false
		}
		seen, rows = now, Tree(&p, d.Cluster().Total())
		return true
	}
	l.enter = func(r *Role) tea.Cmd {
		name := r.Name
		d.Open(Frameworks(d, "frameworks in "+name, func(f *cluster.Framework) bool {
			return slices.ContainsFunc(f.Roles, func(role string) bool { return role == name || mesos.IsStrictSubrole(role, name) })
		}))
		return nil
	}
	path := func(a, b *Role) int { return slices.Compare(strings.Split(a.Name, "/"), strings.Split(b.Name, "/")) }
	l.table = component.NewTable(component.Config[Role]{
		Columns: roleColumns(d, path), Style: d.Style, Keys: d.Keys, SortBy: "ROLE",
		ID: func(r *Role) string { return r.Name }, Tie: path,
		All: func() []*Role { return rows },
	})
	return l
}

// Tree makes the tree of roles: parents come before their children.
func Tree(p *cluster.Polled, total cluster.Amounts) []*Role {
	byName := map[string]*Role{}
	var add func(name string) *Role
	add = func(name string) *Role {
		r := byName[name]
		if r == nil {
			r = &Role{Name: name, Leaf: name[strings.LastIndexByte(name, '/')+1:], Depth: strings.Count(name, "/"), Weight: 1}
			byName[name] = r
			if i := strings.LastIndexByte(name, '/'); i > 0 {
				add(name[:i])
			}
		}
		return r
	}
	for _, m := range p.Roles {
		r := add(m.GetName())
		r.Known, r.Weight = true, cmp.Or(m.GetWeight(), 1)
		r.Held = cluster.AmountsOf(m.GetResources())
		for _, name := range append([]string{m.GetName()}, mesos.RoleAncestors(m.GetName())...) {
			add(name).Frameworks += len(m.GetFrameworks())
		}
	}
	hold(byName)
	for _, w := range p.Weights {
		add(w.GetRole()).Weight = w.GetWeight()
	}
	for _, q := range p.Quotas {
		r := add(q.GetRole())
		r.Guarantee, r.Limit = scalars(q.GetGuarantees()), scalars(q.GetLimits())
	}
	siblings := map[string]float64{} // the sum of weights below a parent
	parent := func(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }
	for name, r := range byName {
		siblings[parent(name)] += r.Weight
	}
	rows := make([]*Role, 0, len(byName))
	for name, r := range byName {
		r.Fair, r.Share = r.Weight/siblings[parent(name)], r.Held.Share(total)
		rows = append(rows, r)
	}
	return rows
}

// hold completes what roles hold. A master tells of a role what it and the roles below
// it hold, but of no role that one may not see; and Mesos of old told of what each role
// holds itself: then a parent holds at least what its children do.
func hold(roles map[string]*Role) {
	below := map[string]cluster.Amounts{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(roles))) { // children come after their parents
		r := roles[name]
		r.Held = r.Held.Max(below[name])
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			below[name[:i]] = below[name[:i]].Plus(r.Held)
		}
	}
}

func scalars(from map[string]*mesospb.Value_Scalar) map[string]float64 {
	out := make(map[string]float64, len(from))
	for name, v := range from {
		out[name] = v.GetValue()
	}
	return out
}

func roleColumns(d *page.Deps, path func(a, b *Role) int) []component.Column[Role] {
	dim := func(*Role) *lipgloss.Style { return &d.Style().Dim }
	held := map[string]func(*Role) mesos.Scalar{
		"cpus": func(r *Role) mesos.Scalar { return r.Held.CPUs }, "mem": func(r *Role) mesos.Scalar { return r.Held.Mem },
		"disk": func(r *Role) mesos.Scalar { return r.Held.Disk }, "gpus": func(r *Role) mesos.Scalar { return r.Held.GPUs },
	}
	columns := []component.Column[Role]{
		{
			Title: "ROLE", Min: 12, Max: 40, Compare: path,
			Text: func(r *Role) string {
				if r.Depth == 0 {
					return r.Name
				}
				return strings.Repeat("  ", r.Depth-1) + "└ " + r.Leaf
			},
			Style: func(r *Role) *lipgloss.Style {
				if !r.Known {
					return &d.Style().Dim
				}
				return nil
			},
		},
		{Title: "WEIGHT", Right: true, Text: func(r *Role) string { return strconv.FormatFloat(r.Weight, 'g', 4, 64) }},
		{Title: "FAIR", Right: true, Priority: 4, Style: dim, Text: func(r *Role) string { return text.Percent(r.Fair) }},
		{Title: "SHARE", Right: true, Text: func(r *Role) string { return text.Percent(r.Share) }},
		{Max: barWidth, Priority: 3, Draw: func(r *Role, width int) string { return component.Bar(d.Style(), width, r.Share, 0) }},
		{Title: "FRAMEWORKS", Right: true, Priority: 5, Text: func(r *Role) string { return text.Count(r.Frameworks) }},
	}
	for i, name := range []string{"cpus", "mem", "disk", "gpus"} {
		show := text.Number
		if name == "mem" || name == "disk" {
			show = text.Memory
		}
		columns = append(columns, component.Column[Role]{
			Title: strings.ToUpper(name), Right: true, Priority: []int{1, 1, 6, 7}[i],
			Text: func(r *Role) string { return quota(held[name](r), r, name, show) },
			Style: func(r *Role) *lipgloss.Style {
				limit, limited := r.Limit[name]
				if limited && held[name](r) >= mesos.ScalarFromFloat(limit) {
					return &d.Style().Warn
				}
				return nil
			},
		})
	}
	return append(columns,
		component.Column[Role]{Title: "GUARANTEED", Min: 10, Max: 40, Priority: 2, Text: func(r *Role) string { return amounts(r.Guarantee) }, Style: dim},
		component.Column[Role]{Title: "LIMITS", Min: 6, Max: 40, Priority: 2, Text: func(r *Role) string { return amounts(r.Limit) }, Style: dim},
	)
}

// quota is what a role holds, and its limit if it has one.
func quota(held mesos.Scalar, r *Role, name string, show func(mesos.Scalar) string) string {
	s := "-"
	if held != 0 {
		s = show(held)
	}
	if limit, ok := r.Limit[name]; ok {
		s += "/" + show(mesos.ScalarFromFloat(limit))
	}
	return s
}

// amounts are amounts as in cpus:4 mem:1G; "-" if there are none.
func amounts(of map[string]float64) string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	parts := make([]string, 0, len(of))
	for _, name := range names {
		show := text.Number
		if name == "mem" || name == "disk" {
			show = text.Memory
		}
		parts = append(parts, name+":"+show(mesos.ScalarFromFloat(of[name])))
	}
	return join(" ", parts...)
}
