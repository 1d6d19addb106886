// Package get is `mesosctl get`.
package get

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/kinds"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

type options struct {
	app.Cluster
	format    output.Format
	sortBy    string
	selector  string
	watch     bool
	noHeaders bool
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{format: output.Table}
	cmd := &cobra.Command{
		Use:   "get KIND [NAME...] [flags]",
		Short: "List what a cluster has: " + strings.Join(kinds.Names(), ", "),
		Long:  long(),
		Example: "  mesosctl get tasks --selector state=TASK_RUNNING --sort-by cpus\n" +
			"  mesosctl get agents -o jsonpath='{[*].agent_info.hostname}'\n" +
			"  mesosctl get tasks --watch",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := app.Signalled(cmd.Context())
			defer cancel()
			return run(ctx, a, o, args[0], args[1:])
		},
	}
	o.register(cmd)
	return app.Paged(cmd)
}

// Of makes a command that gets one kind, for verbs that have one: `quota get`.
func Of(a *app.App, verb, kind, short string) *cobra.Command {
	o := &options{format: output.Table}
	cmd := &cobra.Command{
		Use:   verb + " [NAME...] [flags]",
		Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := app.Signalled(cmd.Context())
			defer cancel()
			return run(ctx, a, o, kind, args)
		},
	}
	o.register(cmd)
	return cmd
}

// register adds the flags of everything that lists.
func (o *options) register(cmd *cobra.Command) {
	append(o.Flags("10secs"), flags.Table{
		flags.String("sort_by", &o.sortBy, "", "`column` to sort by, as in mem_mb; with a - before it, the largest first"),
		flags.String("selector", &o.selector, "", "only what has these `labels`: NAME=VALUE, NAME!=VALUE, NAME or !NAME, with commas between them"),
		flags.Bool("watch", &o.watch, false, "go on, and print what changes; the timeout is that of each look"),
		flags.Bool("no_headers", &o.noHeaders, false, "print no line of headers"),
	}...).Register(cmd.Flags())
	output.NamedFlag(cmd, &o.format)
}

func long() string {
	var b strings.Builder
	b.WriteString("Lists what a cluster has. A NAME is an ID, the beginning of one, or what the thing is called.\n" +
		"json, yaml, jsonpath and go-template are about a list of what the v1 operator API calls it. Kinds:\n\n")
	for _, k := range kinds.All() {
		fmt.Fprintf(&b, "  %-12s %s (also: %s)\n", k.Name, k.Short, strings.Join(k.Aliases, ", "))
	}
	return strings.TrimRight(b.String(), "\n")
}

func run(ctx context.Context, a *app.App, o *options, kindName string, names []string) error {
	kind, err := kinds.Find(kindName)
	if err != nil {
		return err
	}
	columns, err := newColumns(kind, o)
	if err != nil {
		return err
	}
	selects, err := parseSelector(o.selector)
	if err != nil {
		return err
	}
	c, err := a.Connect(o.Master, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	l := &lister{kind: kind, client: c, options: o, columns: columns, selects: selects, names: names}
	if o.watch {
		return l.watch(ctx, a)
	}
	items, err := l.list(ctx)
	if err != nil {
		return err
	}
	return l.print(a, items, !o.noHeaders)
}

// lister lists what is asked for.
type lister struct {
	kind    *kinds.Kind
	client  *client.Client
	options *options
	columns columns
	selects selector
	names   []string
}

// list asks once.
func (l *lister) list(ctx context.Context) ([]kinds.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	all, err := l.kind.List(ctx, l.client, time.Now())
	if err != nil {
		return nil, err
	}
	items, err := l.kind.Pick(all, l.names)
	if err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(item kinds.Item) bool { return !l.selects.fits(item.Labels) })
	l.columns.sort(items)
	return items, nil
}

// print prints items in the form that was asked for.
func (l *lister) print(a *app.App, items []kinds.Item, headers bool) error {
	if l.options.format == output.Name {
		for _, item := range items {
			fmt.Fprintln(a.IO.Out, item.ID)
		}
		return nil
	}
	values := make([]json.RawMessage, len(items)) // not nil: no items are an empty list
	if !l.options.format.ForPeople() {
		for i, item := range items {
			encoded, err := wire.MarshalJSON(item.Value)
			if err != nil {
				return mesos.Errorf(mesos.Internal, "%s %s: %w", l.kind.Name, item.ID, err)
			}
			values[i] = encoded
		}
	}
	return output.Print(a.IO.Out, l.options.format, values, func() error {
		if len(items) == 0 && headers {
			verb := "is"
			if strings.HasSuffix(l.kind.Name, "s") {
				verb = "are"
			}
			fmt.Fprintf(a.IO.Err, "there %s no %s\n", verb, l.kind.Name)
			return nil
		}
		return l.columns.print(a.IO, items, headers)
	})
}
