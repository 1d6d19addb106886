// Package kinds is what a cluster has, as lists for people and scripts: agents,
// tasks, frameworks and so on. Only the v1 operator API of a master is asked, so
// that it works with Apache Mesos, too.
package kinds

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/kinds/pick"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// Kind is one of them.
type Kind struct {
	Name    string   // as in "get agents"
	Aliases []string // its singular and short names
	Short   string
	Columns []Column
	list    func(ctx context.Context, from *source) ([]Item, error)
}

// Column is one column of a table.
type Column struct {
	Header string
	Wide   bool // shown only if more is asked for
}

// Item is one thing of a kind.
type Item struct {
	// ID is unique within its kind; Name is what people call it, if that differs.
	ID, Name string
	// Labels is what a selector may ask for: the item's own labels or attributes, and
	// some of its fields.
	Labels map[string]string
	Cells  []Cell // one for each column
	// Value is the item as the API has it.
	Value wire.Message
}

// Cell is one cell of a table.
type Cell struct {
	Text string
	sort float64
	by   bool // sort counts, not Text
}

// Less orders cells of one column.
func (c Cell) Less(other Cell) bool {
	if c.by && other.by && c.sort != other.sort {
		return c.sort < other.sort
	}
	return c.Text < other.Text
}

func text(s string) Cell { return Cell{Text: Clean(s)} }

// Clean is a text of somebody else's without what could play with a terminal, or
// break a line.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return '·'
		}
		return r
	}, s)
}

func count(n int) Cell { return Cell{Text: strconv.Itoa(n), sort: float64(n), by: true} }

// amount is a quantity, without zeros that say nothing.
func amount(f float64) Cell {
	return Cell{Text: strconv.FormatFloat(round(f), 'f', -1, 64), sort: f, by: true}
}

func round(f float64) float64 { return float64(int64(f*1000+0.5)) / 1000 }

// yes is a mark for what is so, nothing for what is not.
func yes(is bool) Cell {
	if is {
		return Cell{Text: "yes", sort: 1, by: true}
	}
	return Cell{Text: "no", by: true}
}

// age is how long ago something was, as people say it.
func age(now time.Time, seconds float64) Cell {
	if seconds == 0 {
		return Cell{Text: "-", by: true}
	}
	since := now.Sub(time.UnixMicro(int64(seconds * 1e6)))
	return Cell{Text: Age(since), sort: since.Seconds(), by: true}
}

// Age is a time span in the one or two largest units that say enough.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < 10*time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + "m" + strconv.Itoa(int(d%time.Minute/time.Second)) + "s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 2*day:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	default:
		return strconv.Itoa(int(d/day)) + "d"
	}
}

// kinds is all of them, in the order of the help.
var kinds = []*Kind{
	agents, tasks, frameworks, roles, offers, executors, operations, quotas, weights, maintenance, masters,
}

// All returns every kind.
func All() []*Kind { return kinds }

// Names is the names of all kinds.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}

// Find finds a kind by one of its names.
func Find(name string) (*Kind, error) {
	for _, k := range kinds {
		if strings.EqualFold(k.Name, name) || slices.ContainsFunc(k.Aliases, func(alias string) bool { return strings.EqualFold(alias, name) }) {
			return k, nil
		}
	}
	known := Names()
	for _, k := range kinds {
		known = append(known, k.Aliases[0]) // its singular
	}
	if meant := pick.Suggest(strings.ToLower(name), known); meant != "" {
		return nil, mesos.Errorf(mesos.Invalid, "there is no kind %q; did you mean %s?", name, meant)
	}
	return nil, mesos.Errorf(mesos.Invalid, "%q is none of %s", name, strings.Join(Names(), ", "))
}

// List asks a cluster for everything of a kind, sorted by ID unless the API's
// order means something.
func (k *Kind) List(ctx context.Context, c *client.Client, now time.Time) ([]Item, error) {
	return k.list(ctx, &source{client: c, now: now})
}

// FieldLabels are the labels that are fields of items, not the items' own.
var FieldLabels = []string{
	"name", "state", "framework", "framework_id", "host", "hostname", "agent_id", "role", "type", "user", "principal", "ip", "mode",
}

// Pick finds the items that names mean; all of them if there are no names.
func (k *Kind) Pick(all []Item, names []string) ([]Item, error) {
	if len(names) == 0 {
		return all, nil
	}
	things := make([]pick.Thing, len(all))
	for i, item := range all {
		things[i] = pick.Thing{ID: item.ID, Name: item.Name}
	}
	var items []Item
	for _, name := range names {
		id, err := pick.Pick(strings.TrimSuffix(k.Name, "s"), things, name)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(item Item) bool { return item.ID == id })
		items = append(items, all[i])
	}
	return items, nil
}

// source is where lists come from.
type source struct {
	client *client.Client
	now    time.Time
}

// natural orders IDs that end in numbers by these.
func natural(a, b Item) int {
	if x, y, ok := numbered(a.ID, b.ID); ok {
		return x - y
	}
	return strings.Compare(a.ID, b.ID)
}

// numbered is the numbers at the ends of two strings that are equal before them.
func numbered(a, b string) (x, y int, ok bool) {
	i, j := digits(a), digits(b)
	if a[:i] != b[:j] {
		return 0, 0, false
	}
	x, errX := strconv.Atoi(a[i:])
	y, errY := strconv.Atoi(b[j:])
	return x, y, errX == nil && errY == nil && x != y
}

// digits is where the digits at the end of a string begin.
func digits(s string) int {
	i := len(s)
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	return i
}
