package container

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/mesosctl/mesosctl/mesos"
)

// errDetached answers who asks for a container that was left to the next agent.
var errDetached = mesos.Errorf(mesos.Unavailable, "container: it was left to the next agent")

// recovery is one Recover.
type recovery struct {
	*Local
	lost  []mesos.ContainerID                      // of which the launcher knows nothing
	ended map[mesos.ContainerID]syscall.WaitStatus // that ended before they were adopted
	alive []mesos.ContainerID
}

// Recover implements Containerizer.
func (l *Local) Recover(specs []Spec) error {
	r := recovery{Local: l, ended: map[mesos.ContainerID]syscall.WaitStatus{}}
	for _, spec := range specs {
		if err := r.adopt(spec); err != nil && mesos.KindOf(err) != mesos.NotFound {
			return fmt.Errorf("recover: container %s: %w", spec.ID, err)
		}
	}
	records, err := l.records.all()
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	for _, rec := range records {
		if err := r.remember(rec); err != nil {
			return fmt.Errorf("recover: container %s: %w", rec.ID, err)
		}
	}
	if err := l.launcher.KillOthers(r.lost); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if l.config.Images != nil {
		if err := l.config.Images.Recover(r.alive); err != nil {
			return fmt.Errorf("recover: images: %w", err)
		}
	}
	l.sweep()
	for id, status := range r.ended {
		l.gone(id, status, true)
	}
	return nil
}

// sweep removes what is left of containers that were not adopted. What can't be
// removed is in nobody's way: it is no reason not to start.
func (l *Local) sweep() {
	kept := func(id mesos.ContainerID) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.containers[id] != nil
	}
	for _, isolator := range l.isolators {
		if sweeper, ok := isolator.(Sweeper); ok {
			if err := sweeper.Sweep(context.Background(), kept); err != nil {
				l.notDestroyed.Add(1)
				l.config.Log.Warn("not all that an earlier agent left could be removed",
					"isolator", isolator.Name(), "error", err)
			}
		}
	}
}

// adopt takes over a container, which may have ended.
func (r *recovery) adopt(spec Spec) error {
	c := newContainer(spec)
	if err := r.enter(c); err != nil {
		return err
	}
	found, err := r.launcher.Adopt(spec.ID)
	if err != nil {
		r.remove(c)
		r.lost = append(r.lost, spec.ID)
		return err
	}
	for _, isolator := range r.isolatorsOf(spec.ID) {
		if err := isolator.Recover(&c.spec, found.pid); err != nil {
			return fmt.Errorf("%s: %w", isolator.Name(), err)
		}
	}
	r.running(c, found.pid)
	r.alive = append(r.alive, spec.ID)
	if found.ended {
		r.ended[spec.ID] = found.status
	}
	return nil
}

// remember takes in what an earlier agent wrote down of a container: of an
// executor's what sessions in it need, and all of those that nobody else knows.
// What belongs to a container that is not there any more is removed.
func (r *recovery) remember(rec *record) error {
	c := r.known(rec.ID)
	mine := rec.Standalone || rec.ID.Parent() != "" && r.known(rec.ID.Parent()) != nil
	if c == nil && mine {
		var err error
		if c, err = r.recall(rec); err != nil {
			return err
		}
	}
	if c == nil {
		return r.records.remove(rec.ID)
	}
	c.env, c.dir = rec.Env, rec.Dir
	return nil
}

// enter adds a container of an earlier agent.
func (r *recovery) enter(c *container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errClosed
	}
	r.place(c)
	return nil
}

func (l *Local) known(id mesos.ContainerID) *container {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.containers[id]
}

// recall takes over a nested or a standalone container, or what is known of its
// end. Of one that is lost nobody knows how it ended.
func (r *recovery) recall(rec *record) (*container, error) {
	spec, err := rec.spec()
	if err != nil {
		return nil, nil //nolint:nilerr // a torn record is none: what it was about is killed
	}
	if rec.Exit == nil {
		err := r.adopt(spec)
		if mesos.KindOf(err) != mesos.NotFound {
			return r.known(rec.ID), err
		}
		rec.Exit = &recordedExit{Message: "the container was lost while there was no agent"}
	}
	c := newContainer(spec)
	if c.exit, err = rec.Exit.exit(); err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	r.running(c, 0)
	close(c.done)
	if err := r.enter(c); err != nil {
		return nil, err
	}
	return c, r.records.end(c, true)
}

// Release implements Containerizer.
func (l *Local) Release(id mesos.ContainerID) {
	_ = l.launcher.Forget(id) // there may be nothing to forget
}

// Detach implements Containerizer.
func (l *Local) Detach() error {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.closed = true
		close(l.detached)
	}
	l.mu.Unlock()
	if closed {
		return nil
	}
	return errors.Join(l.launcher.Detach(), l.closeIsolators())
}
