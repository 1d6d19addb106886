package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

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
		l.destroyChildren(context.Background(), c) //nolint:errcheck // what is left of one is counted
		c.mu.Lock()
		err := l.cleanup(id, len(l.isolatorsOf(id)))
		c.exit.Status, c.exit.Known = status, known
		if limit := c.limitation(); limit != nil {
			c.exit.Reason, c.exit.Message, c.exit.Limited = limit.Reason, limit.Message, limit.Resources
		}
		if err != nil && c.exit.Message == "" {
			c.exit.Message = err.Error()
		}
		c.mu.Unlock()
		l.end(c)
	}()
}

// remark is told by the launcher what to know of a container that goes on.
func (l *Local) remark(id mesos.ContainerID, text string) {
	l.config.Log.Warn("a container's output is not complete", "container", id, "error", text)
}

// silent is told by the launcher that nothing goes on for now.
func (l *Local) silent(since time.Duration) {
	l.config.Log.Warn("the supervisor of the containers does not answer: it may be stopped, or the machine overloaded", "since", since)
}

// limitation is why an isolator ended a container, or one that it is nested in;
// nil if none did.
func (c *container) limitation() *Limitation {
	for ; c != nil; c = c.parent {
		if limit := c.limit.Load(); limit != nil {
			return limit
		}
	}
	return nil
}

// end makes the end of a container known. That of a nested one is kept for as
// long as what it is nested in runs, or until it is removed; that of a standalone
// one until it is removed; of the others, and of sessions, the oldest are forgotten.
func (l *Local) end(c *container) {
	kept := c.spec.Standalone || c.parent != nil && !c.spec.Debug
	err := l.records.end(c, kept)
	if err == nil && l.records.keeps(c) && (c.spec.Standalone || c.parent != nil) {
		_ = l.launcher.Forget(c.spec.ID) // it is written down; of the others somebody else has yet to do that
	}
	if c.output != nil {
		err = errors.Join(err, os.RemoveAll(c.spec.Sandbox)) // nothing of a session is kept
	}
	if err != nil && c.exit.Message == "" {
		c.exit.Message = err.Error()
	}
	if kept && l.config.Over != nil {
		l.config.Over(c.spec.Sandbox)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(c.done)
	if c.parent == nil {
		l.forgetChildren(c)
	}
	if kept {
		return
	}
	l.ended = append(l.ended, c)
	if len(l.ended) > endedKept {
		l.forget(l.ended[0])
		l.ended = l.ended[1:]
	}
}

// forget forgets a container that has ended, if it is still known. l.mu is held.
func (l *Local) forget(c *container) {
	if l.containers[c.spec.ID] != c {
		return // another has its name by now
	}
	delete(l.containers, c.spec.ID)
	if c.parent != nil {
		delete(c.parent.children, c.spec.ID)
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
	if c.failed {
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

// SignalFirst implements Containerizer.
func (l *Local) SignalFirst(id mesos.ContainerID, signal syscall.Signal) error {
	return l.launcher.SignalFirst(id, signal)
}

// Destroy implements Containerizer. A container that is being launched is
// destroyed too: its Launch fails. What is nested in it goes first.
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
	if err := l.destroyChildren(ctx, c); err != nil {
		return err
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
	for _, isolator := range l.isolatorsOf(id) {
		done := l.pending.begin(isolator, "update", id)
		err := isolator.Update(ctx, id, resources, limits)
		done()
		if err != nil {
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
	errs[len(ids)] = errors.Join(l.launcher.Close(), l.closeIsolators())
	return errors.Join(errs...)
}

// closeIsolators ends what isolators do on their own account.
func (l *Local) closeIsolators() error {
	var errs []error
	for _, isolator := range l.isolators {
		if closer, ok := isolator.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}
