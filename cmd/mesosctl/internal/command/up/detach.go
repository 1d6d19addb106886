//go:build !windows

package up

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/mesos"
)

// poll is how often is looked whether the cluster is up.
const poll = 5 * time.Millisecond

// maxLogShown is how much of the log of a cluster that failed is shown.
const maxLogShown = 2 << 10

// detach starts this program again, in the background and without --detach, and
// waits until that one has a cluster up.
func detach(ctx context.Context, a *app.App, o *options) error {
	state := a.State()
	if cluster, running, err := state.Running(); err != nil || running {
		if running {
			err = mesos.Errorf(mesos.Conflict, "a local cluster is running already, with its master at %s; 'mesosctl down' stops it", cluster.Master)
		}
		return err
	}
	if err := state.Create(); err != nil {
		return err
	}
	log, err := os.Create(state.Log())
	if err != nil {
		return fmt.Errorf("log of the local cluster: %w", err)
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	daemon := exec.Command(self, o.again()...)
	daemon.Env, daemon.Dir = a.Environ, "/"
	daemon.Stdout, daemon.Stderr = log, log
	daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := daemon.Start(); err != nil {
		return fmt.Errorf("start the local cluster: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = daemon.Wait() // its log says why
		close(ended)
	}()
	return await(ctx, a, o, daemon.Process, ended)
}

// again is the arguments of the background process.
func (o *options) again() []string {
	args := []string{"up", "--verbose"}
	for name, value := range o.flags.Given() {
		switch name {
		case "detach", "verbose":
			continue
		case "work_dir":
			value = o.workDir // that one starts in another directory
		}
		args = append(args, "--"+name+"="+value)
	}
	return args
}

func await(ctx context.Context, a *app.App, o *options, process *os.Process, ended <-chan struct{}) error {
	ctx, cancel := app.Signalled(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, o.timeout)
	defer cancel()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		cluster, running, err := a.State().Running()
		if err != nil {
			return err
		}
		if running && cluster.PID == process.Pid {
			say(a, cluster)
			_, err := fmt.Fprintln(a.IO.Err, "mesosctl down stops it")
			return err
		}
		select {
		case <-ticker.C:
		case <-ended:
			return fmt.Errorf("the local cluster did not start:\n%s", tail(a.State().Log()))
		case <-ctx.Done():
			_ = process.Signal(syscall.SIGTERM)
			if ctx.Err() == context.DeadlineExceeded {
				return mesos.Errorf(mesos.TimedOut, "the local cluster is not up after %s; its log is %s", o.timeout, a.State().Log())
			}
			return fmt.Errorf("the start of the local cluster was broken off: %w", ctx.Err())
		}
	}
}

// tail is the end of a log.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data[max(0, len(data)-maxLogShown):]))
}
