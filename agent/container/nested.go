package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/mesosctl/mesosctl/mesos"
)

// admit checks that what a container that is about to be launched is nested in
// runs. l.mu is held.
func (l *Local) admit(spec *Spec) error {
	id := spec.ID.Parent()
	if id == "" {
		return nil
	}
	switch parent := l.containers[id]; {
	case parent == nil:
		return mesos.Errorf(mesos.Invalid, "launch: container %s: its parent %s does not exist", spec.ID, id)
	case !parent.runs():
		return mesos.Errorf(mesos.Invalid, "launch: container %s: its parent %s does not run", spec.ID, id)
	}
	return nil
}

// place gives a container its place among the others, and with it what it has of
// the one it is nested in: user, sandbox, and how long it may outlive the agent.
// l.mu is held.
func (l *Local) place(c *container) {
	spec := &c.spec
	l.containers[spec.ID] = c
	if parent := l.containers[spec.ID.Parent()]; parent != nil {
		c.inherit(parent)
		parent.children[spec.ID] = c
	} else if spec.Standalone {
		spec.Sandbox = filepath.Join(l.config.WorkDir, "containers", string(spec.ID))
	}
}

// runs reports whether a container can have children. Local's mu is held.
func (c *container) runs() bool {
	if c.closing {
		return false
	}
	select {
	case <-c.done:
		return false
	case <-c.launched:
		return true
	default:
		return false
	}
}

// inherit makes a container the child of another.
func (c *container) inherit(parent *container) {
	spec := &c.spec
	c.parent = parent
	if spec.User == "" {
		spec.User = parent.spec.User
	}
	names := spec.ID.Names()
	spec.Sandbox = filepath.Join(parent.spec.Sandbox, "containers", names[len(names)-1])
	spec.Outlive = parent.spec.Outlive
	if spec.Debug {
		spec.Outlive = 0
	}
}

// destroyChildren destroys what is nested in a container, which gets no more.
func (l *Local) destroyChildren(ctx context.Context, c *container) error {
	l.mu.Lock()
	c.closing = true
	var ids []mesos.ContainerID
	for id := range c.children {
		ids = append(ids, id)
	}
	l.mu.Unlock()
	errs := make([]error, len(ids))
	var wait sync.WaitGroup
	for i, id := range ids {
		wait.Go(func() {
			if err := l.Destroy(ctx, id); mesos.KindOf(err) != mesos.NotFound {
				errs[i] = err
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// forgetChildren forgets what was nested in a container that has ended. l.mu is held.
func (l *Local) forgetChildren(c *container) {
	for id, child := range c.children {
		l.forgetChildren(child)
		delete(l.containers, id)
	}
	c.children = nil
}

// Remove implements Containerizer.
func (l *Local) Remove(id mesos.ContainerID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, root := l.containers[id], l.containers[id.Root()]
	switch {
	case c == nil && root != nil && !root.ended():
		return nil // it was removed, or never was
	case c == nil:
		return ErrNoContainer(id)
	case !c.ended():
		return mesos.Errorf(mesos.Conflict, "remove: container %s: it has not ended", id)
	case c.parent == nil && !c.spec.Standalone:
		return mesos.Errorf(mesos.Invalid, "remove: container %s: it is an executor's, and removed with it", id)
	}
	l.forgetChildren(c)
	delete(l.containers, id)
	if c.parent != nil {
		delete(c.parent.children, id)
	}
	if err := errors.Join(l.records.remove(id), os.RemoveAll(c.spec.Sandbox)); err != nil {
		return fmt.Errorf("remove: container %s: %w", id, err)
	}
	return nil
}

func (c *container) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Containers implements Containerizer.
func (l *Local) Containers() []Listed {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Listed
	for id, c := range l.containers {
		if !c.ended() {
			root := l.containers[id.Root()]
			list = append(list, Listed{ID: id, Standalone: root.spec.Standalone})
		}
	}
	slices.SortFunc(list, func(a, b Listed) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
