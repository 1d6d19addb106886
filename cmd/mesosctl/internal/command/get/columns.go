package get

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
)

// columns is which columns of a kind to show, and by which to sort.
type columns struct {
	headers  []string
	shown    []int
	by       int // -1: as they come
	backward bool
}

func newColumns(kind *kinds.Kind, o *options) (columns, error) {
	c := columns{by: -1}
	var known []string
	want, backward := strings.CutPrefix(o.sortBy, "-")
	for i, column := range kind.Columns {
		name := columnName(column.Header)
		known = append(known, name)
		if o.sortBy != "" && strings.EqualFold(want, name) {
			c.by, c.backward = i, backward
		}
		if !column.Wide || o.format == output.Wide {
			c.headers, c.shown = append(c.headers, column.Header), append(c.shown, i)
		}
	}
	if o.sortBy != "" && c.by < 0 {
		return c, mesos.Errorf(mesos.Invalid, "--sort-by %s: %s have %s", o.sortBy, kind.Name, strings.Join(known, ", "))
	}
	return c, nil
}

// columnName is a header as a flag has it: MEM MB is mem_mb.
func columnName(header string) string { return strings.ToLower(strings.ReplaceAll(header, " ", "_")) }

func (c columns) sort(items []kinds.Item) {
	if c.by < 0 {
		return
	}
	slices.SortStableFunc(items, func(a, b kinds.Item) int {
		x, y := a.Cells[c.by], b.Cells[c.by]
		if c.backward {
			x, y = y, x
		}
		switch {
		case x.Less(y):
			return -1
		case y.Less(x):
			return 1
		}
		return 0
	})
}

func (c columns) print(streams *iostreams.Streams, items []kinds.Item, headers bool) error {
	var rows [][]string
	if headers {
		rows = append(rows, c.headers)
	}
	for _, item := range items {
		rows = append(rows, c.row(item))
	}
	return output.Columns(streams.Out, rows...)
}

func (c columns) row(item kinds.Item) []string {
	row := make([]string, len(c.shown))
	for i, at := range c.shown {
		row[i] = item.Cells[at].Text
	}
	return row
}
