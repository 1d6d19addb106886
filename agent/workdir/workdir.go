//go:build unix

// Package workdir is the directories below an agent's work directory: how old
// they are, and how they are removed without ever leaving it.
package workdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// discarded is the directory of what is being removed. Whatever is there can go.
const discarded = "discarded"

// Dir is a work directory. Paths are relative to it, with slashes.
type Dir struct {
	path string
	root *os.Root
}

// Open opens a work directory, which is there.
func Open(dir string) (*Dir, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, fmt.Errorf("work directory: %w", err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fmt.Errorf("work directory: %w", err)
	}
	return &Dir{path: real, root: root}, nil
}

// Close ends the use of the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Retire sets the time of a directory to now: what it was for is over.
func (d *Dir) Retire(path string, now time.Time) error {
	if err := d.root.Chtimes(path, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("retire: %w", err)
	}
	return nil
}

// Latest has "latest" in a directory link to one of what is there.
func (d *Dir) Latest(dir, name string) error {
	link := path.Join(dir, "latest")
	if is, err := d.root.Readlink(link); err == nil && is == name {
		return nil
	}
	err := d.root.MkdirAll(dir, 0o755)
	if err == nil {
		err = d.root.Remove(link)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = d.root.Symlink(name, link)
	}
	if err != nil {
		return fmt.Errorf("link to the latest: %w", err)
	}
	return nil
}

// Used is how much of the file system is in use, from 0 to 1.
func (d *Dir) Used() (float64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.path, &st); err != nil {
		return 0, fmt.Errorf("disk usage: %s: %w", d.path, err)
	}
	if st.Blocks == 0 {
		return 0, nil
	}
	return float64(st.Blocks-st.Bfree) / float64(st.Blocks), nil
}

// Leftover is a directory of an agent, a framework, an executor or its run.
type Leftover struct {
	Path    string
	Changed time.Time // when something was last changed there
}

// Leftovers lists the directories of all agents and, of the current one, those of
// its frameworks, their executors and the runs of these; with nested, also the
// sandboxes of nested and standalone containers. What can't be read is left out.
func (d *Dir) Leftovers(current mesos.AgentID, nested bool) []Leftover {
	var list []Leftover
	if nested {
		list = d.containers(list, "containers")
	}
	for _, agent := range d.dirs("slaves") {
		list = append(list, Leftover{agent, d.changed(agent)})
		if path.Base(agent) != string(current) {
			continue
		}
		for _, framework := range d.dirs(agent + "/frameworks") {
			list = append(list, Leftover{framework, d.changed(framework)})
			for _, executor := range d.dirs(framework + "/executors") {
				list = append(list, Leftover{executor, d.changed(executor)})
				for _, run := range d.dirs(executor + "/runs") {
					list = append(list, Leftover{run, d.changed(run, "stdout", "stderr")})
					if nested {
						list = d.containers(list, run+"/containers")
					}
				}
			}
		}
	}
	return list
}

// containers adds the sandboxes in a directory, and of those in them.
func (d *Dir) containers(list []Leftover, parent string) []Leftover {
	for _, sandbox := range d.dirs(parent) {
		list = append(list, Leftover{sandbox, d.changed(sandbox, "stdout", "stderr")})
		list = d.containers(list, sandbox+"/containers")
	}
	return list
}

// dirs are the directories in a directory.
func (d *Dir) dirs(parent string) (paths []string) {
	entries, err := fs.ReadDir(d.root.FS(), parent)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if entry.IsDir() {
			paths = append(paths, parent+"/"+entry.Name())
		}
	}
	return paths
}

// changed is the newest time of a directory and of files in it.
func (d *Dir) changed(dir string, files ...string) (newest time.Time) {
	for _, name := range append([]string{"."}, files...) {
		if info, err := d.root.Lstat(path.Join(dir, name)); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

// Discard moves a directory out of the way, so that another can be made in its
// place at once, and returns where it is now, for Remove. It is where it was if
// it can't be moved, such as the root of a mount. The error is fs.ErrNotExist if
// there is none.
func (d *Dir) Discard(dir string) (where string, err error) {
	if _, err := d.root.Lstat(dir); err != nil {
		return "", err
	}
	if err := d.root.Mkdir(discarded, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return dir, nil
	}
	for n := time.Now().UnixNano(); ; n++ {
		where = discarded + "/" + strconv.FormatInt(n, 36)
		if _, err := d.root.Lstat(where); errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err := d.root.Rename(dir, where); err != nil {
		return dir, nil
	}
	return where, nil
}

// Discarded lists what was discarded and not yet removed, by an earlier agent.
func (d *Dir) Discarded() (paths []string) {
	entries, err := fs.ReadDir(d.root.FS(), discarded)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		paths = append(paths, discarded+"/"+entry.Name())
	}
	return paths
}

// Remove removes a path and everything below it. It follows no link and enters no
// mount: what is mounted there is unmounted first. What can't be removed does not
// keep the rest from being; the error tells of the first such thing.
func (d *Dir) Remove(ctx context.Context, dir string) error {
	if !filepath.IsLocal(dir) || path.Clean(dir) == "." {
		return mesos.Errorf(mesos.Invalid, "remove: %q: not a path below the work directory", dir)
	}
	if err := remove(ctx, d.root, d.path, dir); err != nil {
		return fmt.Errorf("remove: %s: %w", dir, err)
	}
	return nil
}
