package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// group is what one container has of cgroups: a directory in every tree.
type group struct {
	id   mesos.ContainerID
	v2   bool
	dirs []groupDir
	// What subsystems know of the container.
	memory *memoryState
	perf   *mesospb.PerfStatistics // of the last sample; its owner has a lock
	handle uint32                  // of net_cls; 0: none
	// quota is set once the container had a limit of processor time.
	quota bool
	// task is set if the container runs a task, rather than an executor.
	task bool
}

type groupDir struct {
	tree *tree
	dir  string
}

// leafName is the cgroup of version 2 in which processes are: one whose children
// have limits may have no processes of its own.
const leafName = "leaf"

// dir is where the limits of a subsystem are; empty if the container was made by
// an agent that did not use the subsystem.
func (g *group) dir(subsystem string) string {
	for _, d := range g.dirs {
		if slices.Contains(d.tree.subsystems, subsystem) {
			return d.dir
		}
	}
	return ""
}

// entries are the cgroups that a process of the container has to be in.
func (g *group) entries() []string {
	var list []string
	for _, d := range g.dirs {
		if g.v2 {
			d.dir += "/" + leafName
		}
		list = append(list, d.dir)
	}
	return list
}

// newGroup is the group of a container, of which nothing may be there yet.
func (f *forest) newGroup(id mesos.ContainerID) *group {
	g := &group{id: id, v2: f.v2}
	for _, t := range f.trees {
		g.dirs = append(g.dirs, groupDir{t, filepath.Join(t.dir, f.root, path(id))})
	}
	return g
}

// findGroup is the group that a container has, also of subsystems that are used no
// more.
func (f *forest) findGroup(id mesos.ContainerID) *group {
	g := f.newGroup(id)
	for _, t := range f.unused {
		g.dirs = append(g.dirs, groupDir{t, filepath.Join(t.dir, f.root, path(id))})
	}
	g.dirs = slices.DeleteFunc(g.dirs, func(d groupDir) bool {
		_, err := os.Stat(d.dir)
		return err != nil
	})
	return g
}

// create makes the cgroups of a container.
func (f *forest) create(g *group, owner string) error {
	defer f.turns.Take()()
	defer f.lock(unix.LOCK_SH)()
	for _, d := range g.dirs {
		err := os.Mkdir(d.dir, 0o755)
		if errors.Is(err, fs.ErrNotExist) { // somebody removed what is above
			if err = f.makeRoot(d.tree); err == nil {
				err = f.makeAbove(d)
			}
			if err == nil {
				err = os.Mkdir(d.dir, 0o755)
			}
		}
		switch {
		case errors.Is(err, fs.ErrExist):
			return mesos.Errorf(mesos.Conflict, "cgroups: %s exists already", d.dir)
		case err != nil:
			return fmt.Errorf("cgroups: %w", err)
		}
		if err := d.tree.inherit(d.dir); err != nil {
			return err
		}
		if err := mark(d.dir, ownerMark, owner); err != nil {
			return fmt.Errorf("cgroups: mark %s: %w", d.dir, err)
		}
		if f.v2 {
			if err := os.Mkdir(d.dir+"/"+leafName, 0o755); err != nil {
				return fmt.Errorf("cgroups: %w", err)
			}
		}
	}
	return nil
}

// lock keeps agents that make cgroups (LOCK_SH) from those that remove what nobody
// has marked (LOCK_EX): between being made and being marked a cgroup is nobody's, and
// stays so if its agent is killed. It returns what ends that.
func (f *forest) lock(how int) (unlock func()) {
	fd, err := unix.Open(filepath.Join(f.trees[0].dir, f.root), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {} // there is nothing in it
	}
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Flock(fd, how)
	}
	return func() { _ = unix.Close(fd) }
}

// makeAbove makes what is between the root and the cgroup of a nested container.
func (f *forest) makeAbove(d groupDir) error {
	root := filepath.Join(d.tree.dir, f.root)
	above := filepath.Dir(d.dir)
	for dir := root; dir != above; {
		next, _, _ := strings.Cut(strings.TrimPrefix(above, dir+"/"), "/")
		dir += "/" + next
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("cgroups: %w", err)
		}
		if err := d.tree.inherit(dir); err != nil {
			return err
		}
		if f.v2 {
			if err := d.tree.enable(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// give lets a user make cgroups below the container's, but not change its own.
func (g *group) give(uid, gid int) error {
	for _, dir := range g.entries() {
		if err := os.Chown(dir, uid, gid); err != nil {
			return fmt.Errorf("cgroups: %w", err)
		}
	}
	return nil
}

// remove kills what is left of a container and removes its cgroups.
func (f *forest) remove(g *group, patience time.Duration) error {
	var errs []error
	deadline := time.Now().Add(patience)
	for i := len(g.dirs) - 1; i >= 0; i-- {
		errs = append(errs, f.removeTree(g.dirs[i].dir, deadline))
	}
	return errors.Join(errs...)
}

// removeTree removes a cgroup, all below it, and every process there.
func (f *forest) removeTree(dir string, deadline time.Time) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		removed, err := f.tryRemove(dir)
		switch {
		case removed:
			return nil
		case err != nil && time.Now().After(deadline):
			return fmt.Errorf("cgroups: %w", err)
		case err != nil:
			time.Sleep(pause) // killed processes take a moment to go
		}
	}
}

// tryRemove removes a cgroup, or kills what is in its way. Only this takes a turn: who
// waits for processes to go keeps nobody from making cgroups.
func (f *forest) tryRemove(dir string) (removed bool, err error) {
	defer f.turns.Take()()
	if f.v2 {
		_ = os.Remove(dir + "/" + leafName) // or it is not empty, which comes next
	}
	err = os.Remove(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err = killTree(dir, f.v2); err == nil {
		err = removeBelow(dir)
	}
	return errors.Is(err, fs.ErrNotExist), err
}

// removeBelow removes the cgroups below one.
func removeBelow(dir string) error {
	below, err := children(dir)
	if err != nil {
		return err
	}
	for _, child := range below {
		if err := removeBelow(child); err != nil {
			return err
		}
		if err := os.Remove(child); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if procs, err := numbers(dir, "cgroup.procs"); err != nil || len(procs) > 0 {
		return &fs.PathError{Op: "empty", Path: dir, Err: unix.EBUSY}
	}
	return nil
}

// killTree kills the processes in a cgroup and below it. They can't get away by
// forking: version 2 kills them at once, version 1 while they can't run.
func killTree(dir string, v2 bool) error {
	if v2 {
		if err := write(dir, "cgroup.kill", "1"); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := write(dir, "cgroup.freeze", "1"); err == nil {
			defer write(dir, "cgroup.freeze", "0") //nolint:errcheck // the killed go in any case
		}
		return killIn(dir)
	}
	if err := write(dir, "freezer.state", "FROZEN"); err == nil {
		defer write(dir, "freezer.state", "THAWED") //nolint:errcheck // it may be gone
	}
	_ = write(dir, "pids.max", "0") // where that is, nobody can fork any more
	return killIn(dir)
}

func killIn(dir string) error {
	procs, err := numbers(dir, "cgroup.procs")
	if err != nil {
		return err
	}
	for _, pid := range procs {
		if pid > 0 { // 0 is one that this process can't see
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	below, err := children(dir)
	for _, child := range below {
		err = errors.Join(err, killIn(child))
	}
	return err
}

// children are the cgroups right below one.
func children(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, entry := range entries {
		if entry.IsDir() {
			list = append(list, dir+"/"+entry.Name())
		}
	}
	return list, nil
}
