package container

import (
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
	return nil
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
