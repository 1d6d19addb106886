package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	launcher  launcher
	provided  map[Feature]bool

	fetched, notFetched, notDestroyed atomic.Int64 // see Metrics

	mu         sync.Mutex
	containers map[mesos.ContainerID]*container // and the last ones that ended
	ended      []mesos.ContainerID              // oldest first
	closed     bool
	detached   chan struct{} // closed when containers were left to the next agent
}

var _ Containerizer = (*Local)(nil)

// container is one container, from the start of its Launch.
type container struct {
	spec Spec
	// cancel interrupts a Launch that is under way.
	cancel context.CancelFunc
	// launched is closed when Launch is over: pid is set or the container is gone.
	launched chan struct{}
	pid      int
	// done is closed when the container is gone; exit is set.
	done chan struct{}
	exit Exit
	// limit is why an isolator ended it.
	limit atomic.Pointer[Limitation]

	mu        sync.Mutex // of what Update changes, and of the isolators' calls
	resources []*mesospb.Resource
	limits    map[string]*mesospb.Value_Scalar
}

// New makes a Local.
func New(config Config) (*Local, error) {
	l := &Local{config: config, isolators: config.Isolators, containers: map[mesos.ContainerID]*container{}, detached: make(chan struct{}),
		provided: map[Feature]bool{}}
	if l.config.Log == nil {
		l.config.Log = slog.New(slog.DiscardHandler)
	}
	for _, isolator := range l.isolators {
		if provider, ok := isolator.(Provider); ok {
			for _, feature := range provider.Provides() {
				l.provided[feature] = true
			}
		}
		if limiter, ok := isolator.(Limiter); ok {
			limiter.Watch(l.limited)
		}
	}
	var err error
	if l.launcher, err = newLauncher(config.RuntimeDir, l.gone); err != nil {
		return nil, err
	}
	return l, nil
}

// Launch implements Containerizer.
func (l *Local) Launch(ctx context.Context, spec Spec) (int, error) {
	if err := validate(&spec); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &container{
		spec: spec, cancel: cancel, launched: make(chan struct{}), done: make(chan struct{}),
		resources: spec.Resources, limits: spec.Limits,
	}
	if err := l.add(c); err != nil {
		return 0, err
	}
	pid, err := l.launch(ctx, c)
	if err != nil {
		l.remove(spec.ID)
		close(c.done)
	}
	c.pid = pid
	close(c.launched)
	return pid, err
}

func (l *Local) add(c *container) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return mesos.Errorf(mesos.Unavailable, "launch: the containerizer is closed")
	}
	if _, ok := l.containers[c.spec.ID]; ok {
		return mesos.Errorf(mesos.Conflict, "launch: container %s: exists already", c.spec.ID)
	}
	l.containers[c.spec.ID] = c
	return nil
}

func (l *Local) remove(id mesos.ContainerID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.containers, id)
}

// launch takes every step to a running container, or leaves nothing of them.
func (l *Local) launch(ctx context.Context, c *container) (pid int, err error) {
	spec := &c.spec
	if err := l.refuse(spec); err != nil {
		return 0, err
	}
	plan, err := newPlan(spec)
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
	if pid, err = l.launcher.Launch(&plan.Process); err != nil {
		return 0, err
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
	for _, isolator := range l.isolators {
		prepared++
		if err := isolator.Prepare(ctx, plan); err != nil {
			return prepared, err
		}
	}
	return prepared, l.fetch(ctx, plan, log)
}

// fetch brings what the command needs into the sandbox.
func (l *Local) fetch(ctx context.Context, plan *Plan, log io.Writer) error {
	uris := plan.Spec.Command.GetUris()
	if len(uris) == 0 {
		return nil
	}
	err := l.config.Fetcher.Fetch(ctx, fetch.Request{
		URIs: uris, Sandbox: plan.Spec.Sandbox, User: plan.Process.User, Log: log,
	})
	if err != nil {
		l.notFetched.Add(1)
		return err
	}
	l.fetched.Add(1)
	return nil
}

// newPlan is the plan of a container before any isolator touched it.
func newPlan(spec *Spec) (*Plan, error) {
	plan := &Plan{Spec: spec}
	p := &plan.Process
	p.Container, p.Dir = string(spec.ID), spec.Sandbox
	p.KeepSeconds = uint64(spec.Outlive / time.Second)
	p.Stdout, p.Stderr = spec.Sandbox+"/stdout", spec.Sandbox+"/stderr"
	if spec.Command.GetShell() {
		p.Path, p.Args = "/bin/sh", []string{"sh", "-c", spec.Command.GetValue()}
	} else {
		p.Path, p.Args = spec.Command.GetValue(), spec.Command.GetArguments()
		if len(p.Args) == 0 {
			p.Args = []string{p.Path}
		}
	}
	var err error
	if p.Env, err = environment(spec); err != nil {
		return nil, err
	}
	if p.User, err = LookupUser(spec.User); err != nil {
		return nil, err
	}
	return plan, nil
}

func (l *Local) isolate(ctx context.Context, c *container, pid int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, isolator := range l.isolators {
		if err := isolator.Isolate(ctx, c.spec.ID, pid); err != nil {
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
	for i := n - 1; i >= 0; i-- {
		if err := l.isolators[i].Cleanup(context.Background(), id); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", l.isolators[i].Name(), err))
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

// gone is told by the launcher that every process of a container has ended.
func (l *Local) gone(id mesos.ContainerID, status syscall.WaitStatus, known bool) {
	l.mu.Lock()
	c := l.containers[id]
	l.mu.Unlock()
	if c == nil {
		panic(fmt.Sprintf("container: %s is gone and never was launched", id))
	}
	go func() { // not in the way of the launcher, which is yet to answer Launch
		<-c.launched
		c.mu.Lock()
		err := l.cleanup(id, len(l.isolators))
		c.exit.Status, c.exit.Known = status, known
		if limit := c.limit.Load(); limit != nil {
			c.exit.Reason, c.exit.Message, c.exit.Limited = limit.Reason, limit.Message, limit.Resources
		}
		if err != nil && c.exit.Message == "" {
			c.exit.Message = err.Error()
		}
		c.mu.Unlock()
		l.end(c)
	}()
}

// end makes the end of a container known, and forgets that of an older one.
func (l *Local) end(c *container) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(c.done)
	l.ended = append(l.ended, c.spec.ID)
	if len(l.ended) > endedKept {
		delete(l.containers, l.ended[0])
		l.ended = l.ended[1:]
	}
}

// find returns a container, once its Launch is over.
func (l *Local) find(ctx context.Context, id mesos.ContainerID) (*container, error) {
	l.mu.Lock()
	c := l.containers[id]
	l.mu.Unlock()
	if c == nil {
		return nil, ErrNoContainer(id)
	}
	select {
	case <-c.launched:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.pid == 0 {
		return nil, ErrNoContainer(id)
	}
	return c, nil
}

// Wait implements Containerizer. The end of a container is remembered until
// many more have ended.
func (l *Local) Wait(ctx context.Context, id mesos.ContainerID) (Exit, error) {
	c, err := l.find(ctx, id)
	if err != nil {
		return Exit{}, err
	}
	select {
	case <-c.done:
		return c.exit, nil
	case <-l.detached:
		return Exit{}, errDetached
	case <-ctx.Done():
		return Exit{}, ctx.Err()
	}
}

// Signal implements Containerizer.
func (l *Local) Signal(id mesos.ContainerID, signal syscall.Signal) error {
	return l.launcher.Signal(id, signal)
}

// Destroy implements Containerizer. A container that is being launched is
// destroyed too: its Launch fails.
func (l *Local) Destroy(ctx context.Context, id mesos.ContainerID) error {
	l.mu.Lock()
	c := l.containers[id]
	l.mu.Unlock()
	if c == nil {
		return ErrNoContainer(id)
	}
	select {
	case <-l.detached:
		return errDetached
	default:
	}
	c.cancel()
	select {
	case <-c.launched:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := l.launcher.Kill(id); err != nil {
		switch mesos.KindOf(err) {
		case mesos.NotFound, mesos.Unavailable: // gone, or the launcher tells so soon
		default:
			l.notDestroyed.Add(1)
			return fmt.Errorf("destroy: container %s: %w", id, err)
		}
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Update implements Containerizer.
func (l *Local) Update(ctx context.Context, id mesos.ContainerID, resources []*mesospb.Resource, limits map[string]*mesospb.Value_Scalar) error {
	c, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, isolator := range l.isolators {
		if err := isolator.Update(ctx, id, resources, limits); err != nil {
			return fmt.Errorf("update: container %s: %s: %w", id, isolator.Name(), err)
		}
	}
	c.resources, c.limits = resources, limits
	return nil
}

// Close implements Containerizer: every container is destroyed.
func (l *Local) Close() error {
	l.mu.Lock()
	l.closed = true
	var ids []mesos.ContainerID
	for id := range l.containers {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	errs := make([]error, len(ids)+1)
	var wait sync.WaitGroup
	for i, id := range ids {
		wait.Go(func() {
			if err := l.Destroy(context.Background(), id); mesos.KindOf(err) != mesos.NotFound {
				errs[i] = err
			}
		})
	}
	wait.Wait()
	errs[len(ids)] = l.launcher.Close()
	return errors.Join(errs...)
}
