//go:build !windows

// Package down is `mesosctl down`.
package down

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
	"github.com/mesosctl/mesosctl/mesos"
)

// poll is how often is looked whether the cluster has ended.
const poll = 10 * time.Millisecond

type options struct {
	app.Preview
	timeout time.Duration
	kill    bool
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "down [MASTER] [flags]",
		Short: "Stop the local cluster that 'mesosctl up' started, or one of its masters",
		Long: "Stops the local cluster that 'mesosctl up' started. With MASTER, its host:port, only that one of several masters\n" +
			"ends; --kill leaves it no time for it, as a crash does.",
		Example: "  mesosctl down\n  mesosctl down --kill \"$(mesosctl status -o jsonpath='{.leader}')\"",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return o.one(cmd.Context(), a, args[0])
			}
			if o.kill {
				return mesos.Errorf(mesos.Invalid, "--kill is for one of several masters: name it")
			}
			return o.run(cmd.Context(), a)
		},
	}
	append(flags.Table{
		flags.Duration("timeout", &o.timeout, "30secs", "`time` to wait for its end"),
		flags.Bool("kill", &o.kill, false, "kill the master"),
	}, o.Preview.Flags()...).Register(cmd.Flags())
	return cmd
}

// one ends one of several masters.
func (o *options) one(ctx context.Context, a *app.App, address string) error {
	state := a.State()
	cluster, running, err := state.Running()
	if err != nil {
		return err
	}
	if !running {
		return mesos.Errorf(mesos.Unavailable, "no local cluster is running")
	}
	at := slices.IndexFunc(cluster.Masters, func(m local.Master) bool { return m.Address == address })
	switch {
	case len(cluster.Masters) == 0:
		return mesos.Errorf(mesos.Invalid, "the local cluster has one master only, within its process: 'mesosctl down' ends both")
	case at < 0:
		return mesos.Errorf(mesos.NotFound, "the local cluster has no master %s that runs; it has %s", address, strings.Join(cluster.Addresses(), ", "))
	}
	signal, verb := syscall.SIGTERM, "stop"
	if o.kill {
		signal, verb = syscall.SIGKILL, "kill"
	}
	if !o.Allow(a, fmt.Sprintf("%s master %s, process %d", verb, address, cluster.Masters[at].PID)) {
		return nil
	}
	if err := syscall.Kill(cluster.Masters[at].PID, signal); err != nil {
		return fmt.Errorf("stop master %s, process %d: %w", address, cluster.Masters[at].PID, err)
	}
	return until(ctx, o.timeout, "master "+address, func() (bool, error) {
		cluster, running, err := state.Running()
		return !running || !slices.Contains(cluster.Addresses(), address), err
	})
}

func (o *options) run(ctx context.Context, a *app.App) error {
	state := a.State()
	cluster, running, err := state.Running()
	if err != nil {
		return err
	}
	if !running {
		_, err := fmt.Fprintln(a.IO.Err, "no local cluster is running")
		return err
	}
	if !o.Allow(a, fmt.Sprintf("stop the local cluster, process %d: %s and %s", cluster.PID,
		mesos.Count(len(cluster.Addresses()), "master"), mesos.Count(len(cluster.Agents), "agent"))) {
		return nil
	}
	process, err := os.FindProcess(cluster.PID)
	if err == nil {
		err = process.Signal(syscall.SIGTERM)
	}
	if err != nil {
		return fmt.Errorf("stop the local cluster, process %d: %w", cluster.PID, err)
	}
	return until(ctx, o.timeout, fmt.Sprintf("the local cluster, process %d,", cluster.PID), func() (bool, error) {
		_, running, err := state.Running()
		return !running, err
	})
}

// until waits until something has ended.
func until(ctx context.Context, timeout time.Duration, what string, ended func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if over, err := ended(); err != nil || over {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return mesos.Errorf(mesos.TimedOut, "%s has not ended within %s", what, timeout)
		}
	}
}
