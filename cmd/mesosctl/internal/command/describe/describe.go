// Package describe is `mesosctl describe`.
package describe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	var o app.Cluster
	format := output.Table
	cmd := &cobra.Command{
		Use:     "describe KIND NAME... [flags]",
		Short:   "Show all of something, and what is related to it",
		Long:    "Shows all of something, and what is related to it. KIND and NAME are as those of 'mesosctl get'.",
		Example: "  mesosctl describe agent S1",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := kinds.Find(args[0])
			if err != nil {
				return err
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				return run(ctx, a, c, kind, args[1:], format)
			})
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	output.Flag(cmd, &format)
	return app.Paged(cmd)
}

func run(ctx context.Context, a *app.App, c *client.Client, kind *kinds.Kind, names []string, format output.Format) error {
	now := time.Now()
	all, err := kind.List(ctx, c, now)
	if err != nil {
		return err
	}
	items, err := kind.Pick(all, names)
	if err != nil {
		return err
	}
	var values []json.RawMessage
	for _, item := range items {
		value, err := wire.MarshalJSON(item.Value)
		if err != nil {
			return mesos.Errorf(mesos.Internal, "%s %s: %w", kind.Name, item.ID, err)
		}
		values = append(values, value)
	}
	return output.Print(a.IO.Out, format, values, func() error {
		for i, item := range items {
			sections, err := kind.Describe(ctx, c, now, item)
			if err != nil {
				return err
			}
			if i > 0 {
				fmt.Fprintln(a.IO.Out)
			}
			if err := show(a.IO, kind, item, sections); err != nil {
				return err
			}
		}
		return nil
	})
}

// show prints an item's columns one below the other, its labels, and its sections.
func show(streams *iostreams.Streams, kind *kinds.Kind, item kinds.Item, sections []kinds.Section) error {
	var rows [][]string
	for i, column := range kind.Columns {
		rows = append(rows, []string{streams.Paint(iostreams.Bold, strings.ToLower(column.Header)), item.Cells[i].Text})
	}
	if err := output.Columns(streams.Out, rows...); err != nil {
		return err
	}
	if labels := ownLabels(item); labels != "" {
		fmt.Fprintf(streams.Out, "%s  %s\n", streams.Paint(iostreams.Bold, "labels"), labels)
	}
	for _, s := range sections {
		fmt.Fprintf(streams.Out, "\n%s\n", streams.Paint(iostreams.Bold, s.Title))
		if err := section(streams.Out, s); err != nil {
			return err
		}
	}
	return nil
}

func section(w io.Writer, s kinds.Section) error {
	rows := s.Rows
	if s.Kind != nil {
		rows = [][]string{nil}
		for _, column := range s.Kind.Columns {
			if !column.Wide {
				rows[0] = append(rows[0], column.Header)
			}
		}
		for _, item := range s.Items {
			var row []string
			for i, column := range s.Kind.Columns {
				if !column.Wide {
					row = append(row, item.Cells[i].Text)
				}
			}
			rows = append(rows, row)
		}
		if len(s.Items) == 0 {
			rows = [][]string{{"none"}}
		}
	}
	for i, row := range rows {
		rows[i] = append([]string{" "}, row...)
	}
	return output.Columns(w, rows...)
}

// ownLabels are the labels that are not fields under another name.
func ownLabels(item kinds.Item) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(item.Labels)) {
		if !slices.Contains(kinds.FieldLabels, name) {
			list = append(list, name+"="+item.Labels[name])
		}
	}
	return strings.Join(list, ", ")
}
