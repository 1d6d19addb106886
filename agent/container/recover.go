package container

import (
	"context"
	"fmt"

	"github.com/mesosctl/mesosctl/mesos"
)

// errDetached answers who asks for a container that was left to the next agent.
var errDetached = mesos.Errorf(mesos.Unavailable, "container: it was left to the next agent")

// Recover implements Containerizer.
func (l *Local) Recover(specs []Spec) error {
	var lost []mesos.ContainerID
	for i := range specs {
		err := l.adopt(&specs[i])
		switch {
		case mesos.KindOf(err) == mesos.NotFound:
			lost = append(lost, specs[i].ID)
		case err != nil:
			return fmt.Errorf("recover: container %s: %w", specs[i].ID, err)
		}
	}
	if err := l.launcher.KillOthers(lost); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	l.sweep()
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

// adopt takes over a container. One that has ended is cleaned up after.
func (l *Local) adopt(spec *Spec) error {
	c := &container{
		spec: *spec, cancel: func() {}, launched: make(chan struct{}), done: make(chan struct{}),
		resources: spec.Resources, limits: spec.Limits,
	}
	if err := l.add(c); err != nil {
		return err
	}
	found, err := l.launcher.Adopt(spec.ID)
	if err != nil {
		l.remove(spec.ID)
		return err
	}
	for _, isolator := range l.isolators {
		if err := isolator.Recover(spec, found.pid); err != nil {
			return fmt.Errorf("%s: %w", isolator.Name(), err)
		}
	}
	c.pid = found.pid
	close(c.launched)
	if found.ended {
		l.gone(spec.ID, found.status, true)
	}
	return nil
}

// Release implements Containerizer.
func (l *Local) Release(id mesos.ContainerID) {
	_ = l.launcher.Forget(id) // there may be nothing to forget
}

// Detach implements Containerizer.
func (l *Local) Detach() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	close(l.detached)
	return l.launcher.Detach()
}
