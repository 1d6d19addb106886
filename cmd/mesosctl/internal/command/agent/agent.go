//go:build !windows

// Package agent is `mesosctl agent`.
package agent

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/daemonflags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
)

// New makes the command.
func New(a *app.App) *cobra.Command {
	g := daemonflags.NewAgent()
	var showVersion bool
	cmd := &cobra.Command{
		Use:   "agent [flags]",
		Short: "Run an agent",
		Long: "Run an agent of a cluster, until it is told to end.\n\n" +
			"SIGTERM and Ctrl-C end the agent alone: tasks of frameworks with checkpointing run on, and the next\n" +
			"agent in the same work directory takes them over. SIGUSR1 takes the agent out of the cluster: its tasks\n" +
			"are killed and the master forgets it.\n\n" +
			"Each flag is read from the command line, else from the variable MESOS_<NAME>, else from the\n" +
			"file /etc/mesos-agent/<name> or /etc/mesos-slave/<name>. A value of the form file:///path is read from that file.",
		Example: "  mesosctl agent --master=10.0.0.1:5050 --work_dir=/var/lib/mesos --ip=10.0.0.2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				_, err := fmt.Fprintln(a.IO.Out, "mesos", daemon.MesosVersion)
				return err
			}
			if err := g.Table.Load(flags.Environment(a.Environ),
				flags.Directory(a.Etc("mesos-agent")), flags.Directory(a.Etc("mesos-slave"))); err != nil {
				return err
			}
			if err := g.Settle(); err != nil {
				return err
			}
			return run(cmd.Context(), a, g)
		},
	}
	g.Table.Register(cmd.Flags())
	cmd.Flags().BoolVar(&showVersion, "version", false, "print the version of Mesos that this agent stands in for")
	return cmd
}

func run(ctx context.Context, a *app.App, g *daemonflags.Agent) error {
	ctx, cancel := app.Signalled(ctx)
	defer cancel()
	g.Config.Log, g.Config.Verbosity = g.Log.Logger(a.IO.Err), g.Log.Verbosity()
	agent, err := daemon.StartAgent(ctx, g.Config)
	if err != nil {
		return err
	}
	leave, cancel := signal.NotifyContext(ctx, syscall.SIGUSR1)
	defer cancel()
	context.AfterFunc(leave, func() {
		if ctx.Err() == nil {
			agent.Leave()
		}
	})
	return agent.Wait()
}
