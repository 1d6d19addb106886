package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/mesos"
)

// MasterUsage is the help of --master.
const MasterUsage = "masters of the cluster, as in `host:port,host:port`"

// Cluster is which cluster a command is about, and how long that may take.
type Cluster struct {
	Master  string
	Timeout time.Duration
}

// Flags are the flags that say so. The timeout is that of the whole command unless
// its help says otherwise.
func (c *Cluster) Flags(timeout string) flags.Table {
	return flags.Table{
		flags.String("master", &c.Master, "", MasterUsage),
		flags.Duration("timeout", &c.Timeout, timeout, "`time` that it may take"),
	}
}

// Do calls f with a client of the cluster, for as long as the timeout allows. It
// ends early when the process is asked to end.
func (c *Cluster) Do(ctx context.Context, a *App, f func(context.Context, *client.Client) error) error {
	ctx, stop := Signalled(ctx)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	to, err := a.Connect(c.Master, c.Timeout)
	if err != nil {
		return err
	}
	defer to.Close()
	return f(ctx, to)
}

// Preview is the flag of a command that takes something away which can be given
// again: it does not ask.
type Preview struct{ DryRun bool }

// Flags are the flag.
func (p *Preview) Flags() flags.Table {
	return flags.Table{flags.Bool("dry_run", &p.DryRun, false, "only say what would be done")}
}

// Allow reports whether to go on with what is described as for Danger.
func (p *Preview) Allow(a *App, what string) bool {
	if p.DryRun {
		fmt.Fprintf(a.IO.Out, "%s (dry run: nothing is done)\n", what)
	}
	return !p.DryRun
}

// Danger is the flags of a command that destroys something.
type Danger struct {
	Preview
	Yes bool
}

// Flags are the flags that say how sure the user is.
func (d *Danger) Flags() flags.Table {
	return append(flags.Table{flags.Bool("yes", &d.Yes, false, "do it without asking")}, d.Preview.Flags()...)
}

// Allow reports whether to go on with what is described, a sentence without a
// full stop about what is lost. It asks whoever sits at the terminal; without one
// --yes is needed.
func (d *Danger) Allow(a *App, what string) (bool, error) {
	switch {
	case !d.Preview.Allow(a, what):
		return false, nil
	case d.Yes && a.Confirm() != "" && a.Context != a.Confirm():
		return false, mesos.Errorf(mesos.Invalid, "%s: context %s wants to be named as well: say --context=%s --yes", what, a.Confirm(), a.Confirm())
	case d.Yes:
		return true, nil
	case !a.IO.InTerminal:
		return false, mesos.Errorf(mesos.Invalid, "%s: say --yes to go on, there is nobody to ask", what)
	}
	if a.sure(what) {
		return true, nil
	}
	return false, mesos.Errorf(mesos.Conflict, "nothing was done")
}

// sure asks whoever sits at the terminal.
func (a *App) sure(what string) bool {
	var answer string
	if a.Confirm() != "" {
		fmt.Fprintf(a.IO.Err, "%s\nto go on, type the name of the context, %s: ", what, a.Confirm())
		_, _ = fmt.Fscanln(a.IO.In, &answer) // no answer is no
		return answer == a.Confirm()
	}
	fmt.Fprintf(a.IO.Err, "%s\ngo on? [y/N] ", what)
	_, _ = fmt.Fscanln(a.IO.In, &answer) // as above
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes"
}

// Pause waits for a while. The error is of kind mesos.TimedOut if the time of the
// command is over before that.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return mesos.Errorf(mesos.TimedOut, "it is not so within the --timeout")
		}
		return mesos.Errorf(mesos.Conflict, "interrupted")
	}
}
