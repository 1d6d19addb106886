package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/fetch"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Config is what a Local is made with.
type Config struct {
	// Isolators prepare containers in this order.
	Isolators []Isolator
	// Images makes images ready; nil: containers with images are refused.
	Images Images
	// AgentIP is the address of containers on the host's network.
	AgentIP string
	// Fetcher fetches the URIs of commands.
	Fetcher fetch.Fetcher
	// RuntimeDir is where to keep the connection to containers that outlive the
	// agent; empty: none does.
	RuntimeDir string
	// WorkDir is the agent's, where volumes are; absolute.
	WorkDir string
	// Now is the clock of timestamps.
	Now func() time.Time
	// Over is told of the sandboxes of nested and standalone containers that have
	// ended, unless they went with them; nil: nobody is. It must not wait.
	Over func(sandbox string)
	// Log takes what nobody waits to hear; nil: it is not told.
	Log *slog.Logger
}

// endedKept is how many containers that are gone can still be waited for.
const endedKept = 1024

// Local is the Containerizer of this machine: a launcher that starts processes,
// a plan of isolators around it, and the fetcher.
type Local struct {
	config    Config
	isolators []Isolator
	nesting   []Isolator // those of them that nested containers have too
	launcher  launcher
	records   records
	pending   pending
	provided  map[Feature]bool

	fetched, notFetched, notDestroyed atomic.Int64 // see Metrics

	mu         sync.Mutex
	containers map[mesos.ContainerID]*container // and the last ones that ended
	ended      []*container                     // oldest first
	closed     bool
	detached   chan struct{} // closed when containers were left to the next agent
}

var _ Containerizer = (*Local)(nil)

// container is one container, from the start of its Launch.
type container struct {
	spec Spec
	// cancel interrupts a Launch that is under way.
	cancel context.CancelFunc
	// launched is closed when Launch is over: pid and status are set or the
	// container is gone.
	launched chan struct{}
	pid      int
	status   *mesospb.ContainerStatus
	failed   bool // it never came to be
	// env and dir are what its process was started with, for sessions in it.
	env []string
	dir string
	// output is the socket of a session, for all that it writes; nil of any other.
	output *os.File
	// done is closed when the container is gone; exit is set.
	done     chan struct{}
	exit     Exit
	attached atomic.Bool // somebody has its standard input
	// limit is why an isolator ended it.
	limit atomic.Pointer[Limitation]

	mu        sync.Mutex // of what Update changes, and of the isolators' calls
	resources []*mesospb.Resource
	limits    map[string]*mesospb.Value_Scalar

	// Local's mu holds these.
	parent   *container // nil of one that is not nested
	children map[mesos.ContainerID]*container
	closing  bool // it is to have no more children
}

func newContainer(spec Spec) *container {
	return &container{
		spec: spec, cancel: func() {}, launched: make(chan struct{}), done: make(chan struct{}),
		resources: spec.Resources, limits: spec.Limits, children: map[mesos.ContainerID]*container{},
	}
}

// New makes a Local.
func New(config Config) (*Local, error) {
	l := &Local{config: config, isolators: config.Isolators, containers: map[mesos.ContainerID]*container{}, detached: make(chan struct{}),
		provided: map[Feature]bool{}, records: records{dir: config.RuntimeDir}}
	if l.config.Log == nil {
		l.config.Log = slog.New(slog.DiscardHandler)
	}
	for _, isolator := range l.isolators {
		if provider, ok := isolator.(Provider); ok {
			for _, feature := range provider.Provides() {
				l.provided[feature] = true
			}
		}
		if nester, ok := isolator.(Nester); ok && nester.Nests() {
			l.nesting = append(l.nesting, isolator)
		}
		if limiter, ok := isolator.(Limiter); ok {
			limiter.Watch(l.limited)
		}
		if observer, ok := isolator.(Observer); ok {
			observer.Observe(func(id mesos.ContainerID) ([]int, error) { return l.launcher.Processes(id) })
		}
	}
	var err error
	if l.launcher, err = newLauncher(config.RuntimeDir, told{l.gone, l.remark, l.silent}); err != nil {
		return nil, err
	}
	return l, nil
}

// isolatorsOf are those that take part in a container.
func (l *Local) isolatorsOf(id mesos.ContainerID) []Isolator {
	if id.Parent() != "" {
		return l.nesting
	}
	return l.isolators
}

// Launch implements Containerizer.
func (l *Local) Launch(ctx context.Context, spec Spec) (int, error) {
	return l.launchWith(ctx, spec, nil)
}

// launchWith launches a container whose output goes to a socket instead of files,
// unless that is nil.
func (l *Local) launchWith(ctx context.Context, spec Spec, output *os.File) (int, error) {
	if err := validate(&spec); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newContainer(spec)
	c.cancel, c.output = cancel, output
	if err := l.add(c); err != nil {
		return 0, err
	}
	pid, err := l.launch(ctx, c)
	if err != nil {
		l.remove(c)
		if output != nil {
			err = errors.Join(err, os.RemoveAll(c.spec.Sandbox)) // nothing of a session is kept
		}
		c.failed = true
		close(c.done)
		close(c.launched)
		return 0, err
	}
	l.running(c, pid)
	return pid, nil
}

var errClosed = mesos.Errorf(mesos.Unavailable, "launch: the containerizer is closed")

func (l *Local) add(c *container) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	if _, ok := l.containers[c.spec.ID]; ok {
		return mesos.Errorf(mesos.Conflict, "launch: container %s: exists already", c.spec.ID)
	}
	if err := l.admit(&c.spec); err != nil {
		return err
	}
	l.place(c)
	return nil
}

func (l *Local) remove(c *container) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.containers, c.spec.ID)
	if c.parent != nil {
		delete(c.parent.children, c.spec.ID)
	}
}

// launch takes every step to a running container, or leaves nothing of them.
func (l *Local) launch(ctx context.Context, c *container) (pid int, err error) {
	spec := &c.spec
	if err := l.refuse(spec); err != nil {
		return 0, err
	}
	plan, err := newPlan(c)
	if err != nil {
		return 0, err
	}
	stderr, err := makeSandbox(spec.Sandbox, plan.Process.User)
	if err != nil {
		return 0, err
	}
	defer stderr.Close()
	defer func() {
		if err != nil {
			fmt.Fprintf(stderr, "%v\n", err)
		}
	}()

	prepared, err := l.prepare(ctx, plan, stderr)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.cleanup(spec.ID, prepared))
		}
	}()
	if ctx.Err() != nil {
		return 0, mesos.Errorf(mesos.Unavailable, "launch: container %s: destroyed before its command ran", spec.ID)
	}
	if err != nil {
		return 0, err
	}
	c.env, c.dir = plan.Process.Env, plan.Process.Dir
	if err := l.records.add(c, plan.recorded()); err != nil {
		return 0, err
	}
	if pid, err = l.launcher.Launch(&plan.Process, c.output); err != nil {
		return 0, errors.Join(err, l.records.remove(spec.ID))
	}
	if err := l.isolate(ctx, c, pid); err != nil {
		// gone takes it from here: it cleans up and ends the container, which
		// has ended already if it can't be killed.
		_ = l.launcher.Kill(spec.ID)
	}
	return pid, nil
}

// prepare makes everything that the container needs before its first process,
// and returns how many isolators there are to clean up after.
func (l *Local) prepare(ctx context.Context, plan *Plan, log io.Writer) (prepared int, err error) {
	if err := l.provision(ctx, plan); err != nil {
		return 0, err
	}
	for _, isolator := range l.isolatorsOf(plan.Spec.ID) {
		prepared++
		done := l.pending.begin(isolator, "prepare", plan.Spec.ID)
		err := isolator.Prepare(ctx, plan)
		done()
		if err != nil {
			return prepared, err
		}
	}
	if plan.Process.Path == "" && !plan.Process.Pause {
		return prepared, mesos.Errorf(mesos.Invalid, "command: no value, and this agent does not run what images say (docker/runtime)")
	}
	return prepared, l.fetch(ctx, plan, log)
}

// images is how the provisioner of images is called where isolators are.
var images = Passive{Named: "images"}

// provision makes the container's image ready, if it has one.
func (l *Local) provision(ctx context.Context, plan *Plan) (err error) {
	image := plan.Spec.Container.GetMesos().GetImage()
	if image == nil || plan.Spec.Debug {
		return nil
	}
	defer l.pending.begin(images, "provision", plan.Spec.ID)()
	plan.Image, err = l.config.Images.Provision(ctx, plan.Spec.ID, image)
	if err == nil {
		err = ctx.Err() // of a container that was destroyed meanwhile nothing more is made
	}
	return err
}

// fetch brings what the command needs into the sandbox.
func (l *Local) fetch(ctx context.Context, plan *Plan, log io.Writer) error {
	uris := plan.Spec.Command.GetUris()
	if len(uris) == 0 {
		return nil
	}
	err := l.config.Fetcher.Fetch(ctx, fetch.Request{
		URIs: uris, Sandbox: plan.Spec.Sandbox, Volumes: plan.Volumes, User: plan.Process.User, Log: log,
	})
	if err != nil {
		l.notFetched.Add(1)
		return err
	}
	l.fetched.Add(1)
	return nil
}

func (l *Local) isolate(ctx context.Context, c *container, pid int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, isolator := range l.isolatorsOf(c.spec.ID) {
		done := l.pending.begin(isolator, "isolate", c.spec.ID)
		err := isolator.Isolate(ctx, c.spec.ID, pid)
		done()
		if err != nil {
			c.exit.Message = fmt.Sprintf("isolate: %s: %v", isolator.Name(), err)
			c.exit.Reason = mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED
			return err
		}
	}
	return nil
}

// cleanup undoes the first n isolators, the last one first. What one of them
// can't remove must not keep the others from it.
func (l *Local) cleanup(id mesos.ContainerID, n int) error {
	var failed []string
	isolators := l.isolatorsOf(id)
	for i := n - 1; i >= 0; i-- {
		done := l.pending.begin(isolators[i], "cleanup", id)
		err := isolators[i].Cleanup(context.Background(), id)
		done()
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", isolators[i].Name(), err))
		}
	}
	if l.config.Images != nil {
		if err := l.config.Images.Destroy(context.Background(), id); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", images.Name(), err))
		}
	}
	if failed != nil {
		l.notDestroyed.Add(1)
		return fmt.Errorf("cleanup: container %s: %s", id, strings.Join(failed, "; "))
	}
	return nil
}

// limited is told by an isolator that a container has to end. Of several the
// first one counts.
func (l *Local) limited(id mesos.ContainerID, why Limitation) {
	l.mu.Lock()
	c := l.containers[id]
	l.mu.Unlock()
	if c == nil {
		return
	}
	c.limit.CompareAndSwap(nil, &why)
	_ = l.launcher.Kill(id) // it may be gone
}
