// Package master is `mesosctl master`.
package master

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/daemonflags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	m := daemonflags.NewMaster()
	var showVersion bool
	cmd := &cobra.Command{
		Use:   "master [flags]",
		Short: "Run a master",
		Long: "Run a master of a cluster, until it is told to end (SIGTERM or Ctrl-C).\n\n" +
			"Each flag is read from the command line, else from the variable MESOS_<NAME>, else from the\n" +
			"file /etc/mesos-master/<name>. A value of the form file:///path is read from that file.",
		Example: "  mesosctl master --work_dir=/var/lib/mesos --ip=10.0.0.1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				_, err := fmt.Fprintln(a.IO.Out, "mesos", daemon.MesosVersion)
				return err
			}
			if err := m.Table.Load(flags.Environment(a.Environ), flags.Directory(a.Etc("mesos-master"))); err != nil {
				return err
			}
			if err := m.Settle(); err != nil {
				return err
			}
			return run(cmd.Context(), a, m)
		},
	}
	m.Table.Register(cmd.Flags())
	cmd.Flags().BoolVar(&showVersion, "version", false, "print the version of Mesos that this master stands in for")
	return cmd
}

func run(ctx context.Context, a *app.App, m *daemonflags.Master) error {
	ctx, cancel := app.Signalled(ctx)
	defer cancel()
	m.Config.Log, m.Config.Verbosity = m.Log.Logger(a.IO.Err), m.Log.Verbosity()
	return daemon.RunMaster(ctx, m.Config)
}
