// Package metrics is `mesosctl metrics`.
package metrics

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
	"github.com/mesosctl/mesosctl/mesos"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	var o app.Cluster
	format := output.Table
	cmd := &cobra.Command{
		Use:   "metrics [PATTERN] [flags]",
		Short: "Show the metrics of the leading master",
		Long: "Shows the metrics of the leading master whose names match a regular expression, or all.\n" +
			"See https://mesos.apache.org/documentation/latest/monitoring/.",
		Example: "  mesosctl metrics '^master/tasks'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			pattern := regexp.MustCompile("")
			if len(args) == 1 {
				var err error
				if pattern, err = regexp.Compile(args[0]); err != nil {
					return mesos.Errorf(mesos.Invalid, "pattern: %w", err)
				}
			}
			return o.Do(cmd.Context(), a, func(ctx context.Context, c *client.Client) error {
				return run(ctx, a, c, pattern, format)
			})
		},
	}
	o.Flags("10secs").Register(cmd.Flags())
	output.Flag(cmd, &format)
	return app.Paged(cmd)
}

func run(ctx context.Context, a *app.App, c *client.Client, pattern *regexp.Regexp, format output.Format) error {
	all, err := c.Metrics(ctx)
	if err != nil {
		return err
	}
	values := map[string]float64{}
	var names []string
	for _, m := range all.GetMetrics() {
		if pattern.MatchString(m.GetName()) {
			values[m.GetName()] = m.GetValue()
			names = append(names, m.GetName())
		}
	}
	return output.Print(a.IO.Out, format, values, func() error {
		t := tabwriter.NewWriter(a.IO.Out, 0, 0, 2, ' ', 0)
		for _, name := range names { // the master sorts them
			fmt.Fprintf(t, "%s\t%s\n", name, strconv.FormatFloat(values[name], 'f', -1, 64))
		}
		return t.Flush()
	})
}
