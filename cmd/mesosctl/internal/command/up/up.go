//go:build !windows

// Package up is `mesosctl up`, and mesos-local.
package up

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/daemonflags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

type options struct {
	flags      flags.Table
	agents     int
	masters    int
	detach     bool
	ip         string
	port       int
	workDir    string
	resources  string
	attributes []mesos.Attribute
	timeout    time.Duration
	verbose    bool
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "up [flags]",
		Short: "Start a local cluster: masters and agents on this machine",
		Long: "Start a cluster on this machine: a master and some agents in one process. It runs until Ctrl-C, or\n" +
			"with --detach in the background until 'mesosctl down'. Other commands find it by themselves.\n\n" +
			"With several --masters each is a process of its own, with a member of the etcd that they keep together: one\n" +
			"leads, and another one takes over when that is lost. 'mesosctl down MASTER' ends one of them, to see that.",
		Example: "  mesosctl up --agents=3 --detach\n  mesosctl status\n  mesosctl down\n\n  mesosctl up --masters=3 --agents=5 --detach",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.workDir != "" {
				if o.workDir, err = filepath.Abs(o.workDir); err != nil {
					return err
				}
			}
			if o.detach {
				return detach(cmd.Context(), a, o)
			}
			return run(cmd.Context(), a, o)
		},
	}
	o.flags = o.table()
	o.flags.Register(cmd.Flags())
	return cmd
}

func (o *options) table() flags.Table {
	return flags.Table{
		flags.Int("agents", &o.agents, 1, 1, 1000, "`number` of agents").Formerly("num_slaves", "num_agents"),
		flags.Int("masters", &o.masters, 1, 1, maxMasters, "`number` of masters; an odd one, since most of them are needed"),
		flags.Bool("detach", &o.detach, false, "return when the cluster is up, and leave it running"),
		flags.String("ip", &o.ip, "127.0.0.1", "`address` to listen on"),
		flags.Int("port", &o.port, daemonflags.DefaultMasterPort, 0, 65535,
			"`port` of the first master, the others' and the agents' follow it; 0 picks free ones"),
		flags.Path("work_dir", &o.workDir, "", "`directory` to keep the cluster's state in; a temporary one if not given"),
		flags.String("resources", &o.resources, "", "`resources` of each agent; discovered if not given"),
		flags.Func("attributes", "attributes", "", "attributes of the agents, as in `rack:abc`", func(text string) (err error) {
			o.attributes, err = mesos.ParseAttributes(text)
			return err
		}),
		flags.Duration("timeout", &o.timeout, "30secs", "`time` that the start may take"),
		flags.Bool("verbose", &o.verbose, false, "show the daemons' log"),
	}
}

func (o *options) config(a *app.App) daemon.LocalConfig {
	c := daemonflags.Local()
	c.Agents, c.WorkDir = o.agents, o.workDir
	c.Master.IP, c.Agent.IP = o.ip, o.ip
	if c.Master.Port = o.port; o.port != 0 {
		c.Agent.Port = o.port + 1
	}
	c.Agent.Resources, c.Agent.Attributes = o.resources, o.attributes
	c.Master.Log = a.Logger(o.verbose)
	c.Agent.Log = c.Master.Log
	return c
}

// run runs the cluster in the foreground.
func run(ctx context.Context, a *app.App, o *options) (err error) {
	ctx, cancel := app.Signalled(ctx)
	defer cancel()
	state := a.State()
	release, err := state.Claim()
	if err != nil {
		return err
	}
	defer release()
	starting, started := context.WithTimeout(ctx, o.timeout)
	defer started()
	if o.masters > 1 {
		return runSeveral(ctx, starting, a, o)
	}
	cluster, err := start(starting, o.config(a))
	if err != nil {
		return o.late(err)
	}
	told := local.Cluster{PID: os.Getpid(), Master: cluster.Master(), Agents: cluster.Agents(), WorkDir: o.workDir}
	if err := state.Write(told); err != nil {
		return errors.Join(err, cluster.Close())
	}
	say(a, told)
	fmt.Fprintln(a.IO.Err, "Ctrl-C stops it")
	return cluster.Wait(ctx)
}

// late says of what took too long that it did.
func (o *options) late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return mesos.Errorf(mesos.TimedOut, "the cluster was not up within %s: %w", o.timeout, err)
	}
	return err
}

// start starts the cluster and waits until its agents have registered.
func start(ctx context.Context, c daemon.LocalConfig) (*daemon.Local, error) {
	cluster, err := daemon.StartLocal(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := cluster.Ready(ctx); err != nil {
		return nil, errors.Join(err, cluster.Close())
	}
	return cluster, nil
}

// say tells a person of the cluster that is up.
func say(a *app.App, c local.Cluster) {
	agents := "1 agent"
	if len(c.Agents) != 1 {
		agents = fmt.Sprintf("%d agents", len(c.Agents))
	}
	masters := "master "
	if len(c.Masters) > 0 {
		masters = "masters "
	}
	fmt.Fprintf(a.IO.Err, "a cluster is up: %s%s, %s\ntry: mesosctl execute --command 'echo hello'\n",
		masters, strings.Join(c.Addresses(), " "), agents)
}
