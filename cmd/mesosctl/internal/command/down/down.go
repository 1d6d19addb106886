//go:build !windows

// Package down is `mesosctl down`.
package down

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/mesos"
)

// poll is how often is looked whether the cluster has ended.
const poll = 10 * time.Millisecond

// New makes the command.
func New(a *app.App) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "down [flags]",
		Short: "Stop the local cluster that 'mesosctl up' started",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), a, timeout) },
	}
	flags.Table{flags.Duration("timeout", &timeout, "30secs", "`time` to wait for its end")}.Register(cmd.Flags())
	return cmd
}

func run(ctx context.Context, a *app.App, timeout time.Duration) error {
	state := a.State()
	cluster, running, err := state.Running()
	if err != nil {
		return err
	}
	if !running {
		_, err := fmt.Fprintln(a.IO.Err, "no local cluster is running")
		return err
	}
	process, err := os.FindProcess(cluster.PID)
	if err == nil {
		err = process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return fmt.Errorf("stop the local cluster, process %d: %w", cluster.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if _, running, err := state.Running(); err != nil || !running {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return mesos.Errorf(mesos.TimedOut, "the local cluster, process %d, has not ended within %s", cluster.PID, timeout)
		}
	}
}
