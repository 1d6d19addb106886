package cgroups

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// Sweep implements container.Sweeper: cgroups that an agent with the same work
// directory made are removed, with all processes in them.
func (i *Isolator) Sweep(_ context.Context, kept func(mesos.ContainerID) bool) error {
	var failed []string
	i.sweepUnmarked()
	deadline := time.Now().Add(i.config.DestroyTimeout)
	for _, t := range slices.Concat(i.forest.trees, i.forest.unused) {
		root := filepath.Join(t.dir, i.forest.root)
		i.sweep(root, root, kept, func(dir string) {
			if err := i.forest.removeTree(dir, deadline); err != nil {
				failed = append(failed, err.Error())
			}
		})
	}
	if failed != nil {
		return fmt.Errorf("cgroups: %s", strings.Join(failed, "; "))
	}
	return nil
}

// sweep finds what is not kept in and below a cgroup.
func (i *Isolator) sweep(root, dir string, kept func(mesos.ContainerID) bool, remove func(string)) {
	below, err := children(dir)
	if err != nil {
		return // it is gone
	}
	for _, child := range below {
		id, ok := containerOf(strings.TrimPrefix(child, root+"/"))
		switch {
		case filepath.Base(child) == separator:
			i.sweep(root, child, kept, remove)
		case !ok || marked(child, ownerMark) != i.config.Owner:
		case kept(id):
			i.sweep(root, child, kept, remove)
		default:
			remove(child)
		}
	}
}

// sweepUnmarked removes cgroups that an agent was killed over while it made them.
// One with processes in it is somebody's.
func (i *Isolator) sweepUnmarked() {
	defer i.forest.lock(unix.LOCK_EX)()
	for _, t := range slices.Concat(i.forest.trees, i.forest.unused) {
		root := filepath.Join(t.dir, i.forest.root)
		dirs, _ := children(root)
		for len(dirs) > 0 {
			dir := dirs[0]
			dirs = dirs[1:]
			_, ok := containerOf(strings.TrimPrefix(dir, root+"/"))
			if ok && marked(dir, ownerMark) == "" && unix.Rmdir(dir) == nil {
				continue
			}
			if ok || filepath.Base(dir) == separator {
				below, _ := children(dir)
				dirs = append(dirs, below...)
			}
		}
	}
}
