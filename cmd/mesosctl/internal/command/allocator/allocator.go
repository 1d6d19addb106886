// Package allocator is `mesosctl allocator`.
package allocator

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/simulate"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/daemonflags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	f := daemonflags.NewAllocator()
	cmd := &cobra.Command{
		Use:   "allocator [flags]",
		Short: "Run an allocator for masters in other processes",
		Long: "Run an allocator, which decides who is offered what, until it is told to end (SIGTERM or Ctrl-C).\n" +
			"Masters use it that are started with --allocator=HOST:PORT. A master whose allocator is away\n" +
			"keeps its tasks and the offers that are out, and makes no new offers until it is back.\n\n" +
			"Each flag is read from the command line, else from the variable MESOS_<NAME>, else from the\n" +
			"file /etc/mesos-allocator/<name>. A value of the form file:///path is read from that file.",
		Example: "  mesosctl allocator --port=5052 --allocator_policy=first-fit\n" +
			"  mesosctl master --work_dir=/var/lib/mesos --allocator=127.0.0.1:5052",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.Table.Load(flags.Environment(a.Environ), flags.Directory(a.Etc("mesos-allocator"))); err != nil {
				return err
			}
			return run(cmd.Context(), a, f)
		},
	}
	f.Table.Register(cmd.Flags())
	cmd.AddCommand(simulate.New(a))
	return cmd
}

func run(ctx context.Context, a *app.App, f *daemonflags.Allocator) error {
	ctx, cancel := app.Signalled(ctx)
	defer cancel()
	f.Config.Log = f.Log.Logger(a.IO.Err)
	return daemon.RunAllocator(ctx, f.Config)
}
