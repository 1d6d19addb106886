// Package execute is `mesosctl execute`, and mesos-execute.
package execute

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

const (
	// offerPatience is how long to wait for an offer before saying why there is none.
	offerPatience = 2 * time.Second
	// failoverTimeout is how long the master keeps a task whose execute is cut off.
	failoverTimeout = 10 * time.Second
	// detachedTimeout is how long it keeps tasks whose process in the background is
	// cut off, and how long that looks for a master, or waits for an agent.
	detachedTimeout = 7 * 24 * time.Hour
	// localPatience is how long it looks for the master of a cluster on this machine.
	localPatience = 15 * time.Second
	// startTimeout is how long the start of a cluster of its own may take.
	startTimeout = 30 * time.Second
	// electionPatience is how long a cluster may have no leader.
	electionPatience = 5 * time.Second
)

// options are the flags, parsed.
type options struct {
	exec.Options
	master      string
	secret      string
	media       wire.MediaType
	instances   int
	array       []int
	parallel    int
	retries     int
	output      string
	constraints []exec.Constraint
	interactive bool
	detach      bool
	timeout     time.Duration
	unreachable time.Duration
	quiet       bool
	verbose     bool

	documents [][]byte // what flags read from stdin
	behind    *behind  // this process, if it is the one in the background
}

// New makes the command.
func New(a *app.App) *cobra.Command {
	o := &options{behind: newBehind(a)}
	cmd := &cobra.Command{
		Use:   "execute --command COMMAND [flags] | execute [flags] -- PROGRAM [ARGUMENT...]",
		Short: "Run a command on the cluster, once or many times, and show its output",
		Long: "Run one command as a task on the cluster, show what it prints as it prints it, and exit with its\n" +
			"exit code. Ctrl-C kills the task; a second one leaves at once.\n\n" +
			"With --instances or --array it runs many times, each as a task of its own that finds its number in\n" +
			"MESOS_TASK_INDEX, and how many there are in MESOS_TASK_COUNT. The exit code is 0 if all succeeded, or else\n" +
			"that of the first, by its number, that did not (1 if it has none, say because its agent was lost).\n" +
			"After Ctrl-C it is 130, and after --timeout 5. With --detach the IDs of the tasks are printed as soon as they\n" +
			"run, for logs, wait and kill; a process in the background sees to them until they have ended.\n\n" +
			"A --constraint is NAME=VALUE, NAME!=VALUE, NAME~REGEX or NAME!~REGEX, of an attribute of the agent or of its\n" +
			"hostname; the expression must match as a whole, and what an agent lacks is neither equal nor does it match.\n\n" +
			"The cluster is the one that --master names, else MESOS_MASTER, else the one that 'mesosctl up'\n" +
			"started. If there is none, one is started within this process and ends with it.",
		Example: "  mesosctl execute --command 'echo hello from $(hostname)'\n" +
			"  mesosctl execute --array=1-1000 --parallel=50 --command './work $MESOS_TASK_INDEX'\n" +
			"  mesosctl execute -it --docker-image=alpine --constraint=rack=a1 --command sh\n" +
			"  id=$(mesosctl execute --detach --command 'sleep 1000')\n" +
			"  mesosctl execute --master=10.0.0.1:5050 --resources='cpus:4;mem:2048' -- make -j4",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.take(args); err != nil {
				return err
			}
			spec, err := o.Spec()
			if err != nil {
				return err
			}
			return run(cmd.Context(), a, o, spec)
		},
	}
	o.table().Register(cmd.Flags())
	o.own().Register(cmd.Flags())
	return app.Places(cmd)
}

// take takes in what only mesosctl execute has: words after the flags are a
// program that runs without a shell.
func (o *options) take(args []string) error {
	o.FrameworkName = "mesosctl execute"
	o.FailoverTimeout = failoverTimeout
	if o.secret != "" && o.Principal == "" {
		return mesos.Errorf(mesos.Invalid, "--secret is of no use without the --principal that it belongs to")
	}
	if len(args) > 0 {
		if o.Command != "" {
			return mesos.Errorf(mesos.Invalid, "give either --command or a program and its arguments, not both")
		}
		o.Shell, o.Command, o.Arguments = false, args[0], args
	}
	several := o.instances > 0 || len(o.array) > 0
	switch {
	case o.instances > 0 && len(o.array) > 0:
		return mesos.Errorf(mesos.Invalid, "give either --instances or --array, not both")
	case o.parallel > 0 && !several:
		return mesos.Errorf(mesos.Invalid, "--parallel is of no use without --instances or --array")
	case o.interactive && (several || o.detach || o.TaskGroup != ""):
		return mesos.Errorf(mesos.Invalid, "--interactive is for one task: leave --instances, --array, --task-group and --detach out")
	case o.detach && o.output == "all":
		return mesos.Errorf(mesos.Invalid, "--detach shows no output: leave --output out, and see 'mesosctl logs'")
	}
	if o.Detached = o.detach; o.detach {
		o.FrameworkName, o.FailoverTimeout, o.Checkpoint = "mesosctl execute --detach", detachedTimeout, true
		o.Suffix = "." + uuid.NewString()[:8]
	}
	if o.interactive && o.Task == "" {
		o.TTY = true
	}
	return nil
}

// plan is what the flags make of a spec.
func (o *options) plan(spec exec.Spec) exec.Spec {
	spec.Timeout, spec.UnreachablePatience, spec.OfferPatience = o.timeout, o.unreachable, offerPatience
	spec.Indexes, spec.Parallel, spec.Retries = o.array, o.parallel, o.retries
	for i := range o.instances {
		spec.Indexes = append(spec.Indexes, i+1)
	}
	spec.Constraints, spec.Detach, spec.Interactive = o.constraints, o.detach, o.interactive
	spec.LeftPatience = detachedTimeout
	return spec
}

func run(ctx context.Context, a *app.App, o *options, spec exec.Spec) (err error) {
	spec = o.plan(spec)
	show, err := o.show(a, spec)
	if err != nil {
		return err
	}
	interrupts, stop := interrupts()
	defer stop()
	if o.behind != nil {
		interrupts = o.behind.interrupts(interrupts)
	}
	target, err := a.FindCluster(o.master)
	if err != nil {
		return err
	}
	left := false // the task, before it ended
	if len(target.Masters) == 0 {
		if o.detach {
			return mesos.Errorf(mesos.Unavailable, "--detach needs a cluster that goes on: name one with --master or MESOS_MASTER, or start one with 'mesosctl up --detach'")
		}
		if !o.quiet {
			fmt.Fprintln(a.IO.Err, "no cluster is known (--master, MESOS_MASTER, 'mesosctl up'): running one of its own")
		}
		embedded, err := start(ctx, a, o.verbose, interrupts)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end(embedded, left, interrupts)) }()
		target.Masters = []string{embedded.Master()}
	}
	if o.detach && o.behind == nil {
		return o.delegate(a, interrupts)
	}
	if target.Local {
		spec.LeftPatience = localPatience
	}
	config := target.Config()
	config.MediaType, config.Patience = o.media, electionPatience
	if o.Principal != "" {
		config.Principal, config.Secret = o.Principal, o.secret
	}
	c, err := client.New(config)
	if err != nil {
		return err
	}
	defer c.Close()
	r := exec.Run(ctx, exec.Config{
		Client: c, Spec: spec, Print: show.tell, Output: show.output, Attach: show.attach, Watch: show.watch,
		Background: show.left, Interrupts: interrupts,
	})
	left = !r.Ended
	show.finish(r)
	if o.behind != nil && o.behind.left.Load() {
		return nil // nobody is there to take it
	}
	return o.result(r)
}

// end ends a cluster within this process. A task that was left gets no time to
// end by itself, nor does anything else once a person is impatient.
func end(cluster embedded, left bool, interrupts <-chan struct{}) error {
	if left {
		cluster.Kill()
	}
	closed := make(chan error, 1)
	go func() { closed <- cluster.Close() }()
	select {
	case err := <-closed:
		return err
	case <-interrupts:
		cluster.Kill()
		return <-closed
	}
}

// start starts a cluster within this process, unless a person interrupts that.
func start(ctx context.Context, a *app.App, verbose bool, interrupts <-chan struct{}) (embedded, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	interrupted := false
	started := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-interrupts:
			interrupted = true
			cancel()
		case <-started:
		}
	}()
	cluster, err := embed(ctx, a, verbose)
	close(started)
	<-watched
	switch {
	case interrupted && err == nil:
		return nil, errors.Join(exitcode.Status(exec.CodeInterrupted), cluster.Close())
	case interrupted:
		return nil, exitcode.Status(exec.CodeInterrupted)
	}
	return cluster, err
}

// result passes the task's exit code on. What the last status update said is not
// said again.
func (o *options) result(r exec.Result) error {
	switch {
	case r.Err == nil && r.Code != 0:
		return exitcode.Status(r.Code)
	case r.Err != nil && r.Ended && !o.quiet && !o.interactive && mesos.KindOf(r.Err) == mesos.Internal:
		return exitcode.Status(exitcode.Failed)
	}
	return r.Err
}
