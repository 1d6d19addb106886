package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/internal/turns"
	"github.com/mesosctl/mesosctl/mesos"
)

// forest is where the cgroups of containers are: one tree of version 2, or of
// version 1 one for all subsystems that are mounted together.
type forest struct {
	v2    bool
	root  string // of containers, below each tree
	trees []*tree
	// unused are the other trees of this machine: an agent with other isolators may
	// have left something there.
	unused []*tree
	turns  turns.Turns // with what changes the trees: the kernel has one lock for that
}

// tree is a hierarchy of cgroups.
type tree struct {
	dir        string // where it is mounted
	subsystems []string
}

// of returns the tree of a subsystem.
func (f *forest) of(subsystem string) *tree {
	for _, t := range f.trees {
		if slices.Contains(t.subsystems, subsystem) {
			return t
		}
	}
	return nil
}

// unified tells whether a directory is a hierarchy of version 2.
func unified(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// enabled are the subsystems that this kernel has, by the names of version 1.
func enabled(base string) ([]string, error) {
	if unified(base) {
		text, err := read(base, "cgroup.controllers")
		if err != nil {
			return nil, err
		}
		// These two are there without being controllers.
		list := []string{"devices", "perf_event"}
		for _, controller := range strings.Fields(text) {
			list = append(list, toV1(controller)...)
		}
		return list, nil
	}
	data, err := os.ReadFile("/proc/cgroups")
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) == 4 && fields[3] == "1" {
			list = append(list, fields[0])
		}
	}
	return list, nil
}

// toV1 are the subsystems of version 1 that a controller of version 2 is.
func toV1(controller string) []string {
	switch controller {
	case "cpu":
		return []string{"cpu", "cpuacct"}
	case "io":
		return []string{"blkio"}
	}
	return []string{controller}
}

// toV2 is the controller that has to be enabled for a subsystem; empty: none.
func toV2(subsystem string) string {
	switch subsystem {
	case "blkio":
		return "io"
	case "cpuacct", "devices", "perf_event":
		return ""
	}
	return subsystem
}

// newForest finds the trees of subsystems and makes the root of containers in them.
func newForest(config *Config, subsystems []string) (*forest, error) {
	f := &forest{v2: unified(config.Hierarchy), root: config.Root, turns: turns.New(0)}
	if f.v2 {
		f.trees = []*tree{{dir: config.Hierarchy, subsystems: subsystems}}
	} else {
		mounted, err := mountedTrees()
		if err != nil {
			return nil, err
		}
		for _, subsystem := range subsystems {
			if err := f.plant(config.Hierarchy, subsystem, mounted); err != nil {
				return nil, err
			}
		}
		f.rest(mounted)
	}
	for _, t := range f.trees {
		if err := f.makeRoot(t); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// plant adds a subsystem of version 1. One that is mounted nowhere is mounted.
func (f *forest) plant(base, subsystem string, mounted map[string]string) error {
	dir, ok := mounted[subsystem]
	if !ok {
		dir = filepath.Join(base, subsystem)
		if err := mountTree(dir, subsystem); err != nil {
			return mesos.Errorf(mesos.Unsupported, "cgroups: %s: it is mounted nowhere, and can't be mounted at %s: %w", subsystem, dir, err)
		}
	}
	for _, t := range f.trees {
		if t.dir == dir {
			t.subsystems = append(t.subsystems, subsystem)
			return nil
		}
	}
	f.trees = append(f.trees, &tree{dir: dir, subsystems: []string{subsystem}})
	return nil
}

// rest takes note of the trees that are not used.
func (f *forest) rest(mounted map[string]string) {
	var dirs []string
	for _, dir := range mounted {
		used := slices.ContainsFunc(f.trees, func(t *tree) bool { return t.dir == dir })
		if !used && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		f.unused = append(f.unused, &tree{dir: dir})
	}
}

func mountTree(dir, subsystem string) error {
	err := os.Mkdir(dir, 0o755)
	made := err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	err = unix.Mount(subsystem, dir, "cgroup", 0, subsystem)
	if err != nil && made {
		_ = os.Remove(dir)
	}
	return err
}

// mountedTrees is where each subsystem of version 1 is mounted; see proc(5).
func mountedTrees() (map[string]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{"freezer": true}
	for _, subsystems := range subsystemsOf {
		for _, subsystem := range subsystems {
			known[subsystem] = true
		}
	}
	trees, whole := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(data)) {
		before, after, _ := strings.Cut(line, " - ")
		mount, file := strings.Fields(before), strings.Fields(after)
		if len(mount) < 5 || len(file) < 3 || file[0] != "cgroup" {
			continue
		}
		for _, option := range strings.Split(file[2], ",") {
			// A part of a tree, which is what a container sees, does if nothing else.
			if known[option] && (trees[option] == "" || mount[3] == "/" && !whole[option]) {
				trees[option], whole[option] = mount[4], mount[3] == "/"
			}
		}
	}
	return trees, nil
}

// makeRoot makes the cgroup of all containers. Controllers of version 2 are
// enabled on the way to it and in it.
func (f *forest) makeRoot(t *tree) error {
	dir := t.dir
	for _, part := range append(strings.Split(f.root, "/"), "") {
		if f.v2 {
			if err := t.enable(dir); err != nil {
				return err
			}
		}
		if part == "" {
			break
		}
		dir += "/" + part
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("cgroups: %w", err)
		}
		if err := t.inherit(dir); err != nil {
			return err
		}
	}
	// What is there already may be another user's.
	if err := unix.Access(dir, unix.W_OK); err != nil {
		return mesos.Errorf(mesos.Unsupported, "cgroups: %s: %w", dir, err)
	}
	return nil
}

// enable lets the children of a cgroup of version 2 have limits.
func (t *tree) enable(dir string) error {
	have, err := read(dir, "cgroup.subtree_control")
	if err != nil {
		return fmt.Errorf("cgroups: %w", err)
	}
	var missing []string
	for _, subsystem := range t.subsystems {
		if controller := toV2(subsystem); controller != "" && !slices.Contains(strings.Fields(have), controller) {
			missing = append(missing, "+"+controller)
		}
	}
	if missing == nil {
		return nil
	}
	err = write(dir, "cgroup.subtree_control", strings.Join(missing, " "))
	switch {
	case errors.Is(err, unix.EBUSY):
		return mesos.Errorf(mesos.Unsupported, "cgroups: %s can't be enabled: there are processes in the cgroup %s itself", strings.Join(missing, " "), dir)
	case errors.Is(err, unix.ENOENT):
		return mesos.Errorf(mesos.Unsupported, "cgroups: the kernel does not have all of %s in %s", strings.Join(missing, " "), dir)
	case err != nil:
		return fmt.Errorf("cgroups: %w", err)
	}
	return nil
}

// inherit gives a new cgroup the processors and memory nodes of its parent, of
// which version 1 gives it none.
func (t *tree) inherit(dir string) error {
	if !slices.Contains(t.subsystems, "cpuset") || unified(t.dir) {
		return nil
	}
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		have, err := read(dir, name)
		if err != nil {
			return fmt.Errorf("cgroups: %w", err)
		}
		if have != "" {
			continue
		}
		parents, err := read(filepath.Dir(dir), name)
		if err == nil {
			err = write(dir, name, parents)
		}
		if err != nil {
			return fmt.Errorf("cgroups: %w", err)
		}
	}
	return nil
}
