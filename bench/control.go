package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/daemon"
)

// controlPlane is a master in this process, with the defaults of `mesosctl
// master`, its etcd and its allocator.
type controlPlane struct {
	dir    string
	master *daemon.Master
	pipes  *pipeListener // nil: agents connect over loopback
}

// sockets is how many agents are connected over loopback. Each has two ends in
// this process, which may not have many more files than 20,000 on the machines
// that this is for.
const sockets = 9_000

// startControlPlane starts one for some agents and waits until it leads.
func startControlPlane(ctx context.Context, agents int) (*controlPlane, error) {
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return nil, err
	}
	c := &controlPlane{dir: dir}
	if agents > sockets {
		c.pipes = newPipeListener()
	}
	if err := c.start(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *controlPlane) start(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo}))
	master, err := daemon.StartMaster(context.WithoutCancel(ctx), daemon.MasterConfig{
		CommonConfig:     daemon.CommonConfig{IP: "127.0.0.1", Hostname: "localhost", WorkDir: c.dir, Log: log},
		EtcdFast:         true,
		LeaderTimeout:    time.Minute, // also of a machine that does other things
		PolicyConfig:     daemon.PolicyConfig{AllocationInterval: time.Second, MinAllocatable: allocator.DefaultMinAllocatable()},
		AgentPingTimeout: 15 * time.Second, MaxAgentPingTimeouts: 5,
		AgentReregisterTimeout: 10 * time.Minute,
		MaxCompletedFrameworks: 50, MaxCompletedTasksPerFramework: 1000, MaxUnreachableTasks: 1000,
		RootSubmissions: true, FrameworkMetrics: true, RegistryStoreTimeout: 20 * time.Second, RegistryFetchTimeout: time.Minute,
	})
	if err != nil {
		return err
	}
	c.master = master
	if c.pipes != nil {
		go master.Serve(c.pipes) //nolint:errcheck // it ends with the master
	}
	select {
	case <-master.Led():
		return nil
	case <-master.Ended():
		return fmt.Errorf("the master ended: %w", master.Wait())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// restart ends the master and starts the next, which finds the registry as it was.
func (c *controlPlane) restart(ctx context.Context) error {
	if err := c.master.Close(); err != nil {
		return err
	}
	if c.pipes != nil {
		c.pipes = newPipeListener()
	}
	return c.start(ctx)
}

func (c *controlPlane) address() string { return c.master.Address() }

// stop ends the master and removes what it wrote.
func (c *controlPlane) stop() {
	if c.master != nil {
		c.master.Close() //nolint:errcheck // nothing of it is needed any more
	}
	os.RemoveAll(c.dir) //nolint:errcheck // it is temporary
}

// over says how agents are connected.
func (c *controlPlane) over() string {
	if c.pipes != nil {
		return "connections within the process (it may open 20000 files)"
	}
	return "TCP"
}
