// Package bench is `mesosctl bench`.
package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/bench"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/output"
)

const maxNumber = 1 << 30

// New makes the command.
func New(a *app.App) *cobra.Command {
	var opts bench.Options
	format := output.Table
	cmd := &cobra.Command{
		Use:       "bench {" + strings.Join(bench.Names(), "|") + "} [flags]",
		Short:     "Measure, and print the figures beside the goals",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: bench.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := app.Signalled(cmd.Context())
			defer cancel()
			return run(ctx, a, args[0], opts, format)
		},
	}
	flags.Table{
		flags.Int("agents", &opts.Agents, 0, 0, maxNumber, "`number` of agents; 0 is that of the goals"),
		flags.Int("frameworks", &opts.Frameworks, 0, 0, maxNumber, "`number` of frameworks; 0 is that of the goals"),
		flags.Int("tasks", &opts.Tasks, 0, 0, maxNumber, "`number` of tasks (of each agent, for failover, state and tui); 0 is that of the goals"),
		flags.List("shape", &opts.Shapes, "", "`shapes` of work for the allocator: "+strings.Join(bench.Shapes(), ", ")+"; all if none is named"),
		flags.Int("repeat", &opts.Repeat, 0, 0, maxNumber, "`times` to measure; 0 is as often as suits"),
		flags.Path("binary", &opts.Binary, "", "mesosctl `program` to measure; this one if not given"),
		flags.Path("cpuprofile", &opts.CPUProfile, "", "`file` for a CPU profile"),
	}.Register(cmd.Flags())
	output.Flag(cmd, &format)
	cmd.AddCommand(&cobra.Command{
		Use:    "executor",
		Short:  "Be the executor of a benchmark's tasks",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return bench.RunExecutor(cmd.Context(), a.Environ) },
	})
	cmd.AddCommand(&cobra.Command{
		Use:    "readers MASTER NUMBER",
		Short:  "Be the readers of a benchmark's master",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[1])
			if err != nil {
				return err
			}
			return bench.RunReaders(cmd.Context(), args[0], n, a.IO.In, a.IO.Out)
		},
	})
	return cmd
}

func run(ctx context.Context, a *app.App, name string, opts bench.Options, format output.Format) error {
	opts.Log = a.IO.Err
	begin := time.Now()
	rows, err := bench.Run(ctx, name, opts)
	if err != nil {
		return err
	}
	err = output.Print(a.IO.Out, format, rows, func() error { return bench.Table(a.IO.Out, rows) })
	fmt.Fprintf(a.IO.Err, "%s took %s\n", name, time.Since(begin).Round(time.Millisecond))
	return err
}
