//go:build !windows

package daemon

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

// removal is a directory that the core wants removed.
type removal struct {
	path  string // as the core calls it
	where string // where it is
}

// removalsQueued is more than the core has under way, so that it never waits.
const removalsQueued = 64

// collectGarbage watches the disk and removes what the core wants removed, one
// directory at a time. What an earlier agent was removing goes first.
func (a *Agent) collectGarbage(ctx context.Context, id mesos.AgentID) {
	a.group.Go(func() error {
		var dirs []agent.Leftover
		for _, found := range a.workDir.Leftovers(id, a.cfg.GCNonExecutorSandboxes) {
			dirs = append(dirs, agent.Leftover{Path: found.Path, Since: found.Changed})
		}
		a.loop.Put(agent.Leftovers{Dirs: dirs})
		a.watchDisk(ctx)
		return nil
	})
	a.group.Go(func() error {
		for _, where := range a.workDir.Discarded() {
			if err := a.workDir.Remove(ctx, where); err != nil {
				a.log.Warn("what an earlier agent discarded can't be removed", "error", err)
			}
		}
		for {
			select {
			case r := <-a.removals:
				a.loop.Put(agent.DirRemoved{Path: r.path, Err: a.workDir.Remove(ctx, r.where)})
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// watchDisk tells the core, every --disk_watch_interval, how full the disk is.
func (a *Agent) watchDisk(ctx context.Context) {
	if a.cfg.DiskWatchInterval == 0 {
		return
	}
	ticker := time.NewTicker(a.cfg.DiskWatchInterval)
	defer ticker.Stop()
	for {
		if used, err := a.workDir.Used(); err != nil {
			a.log.Warn("disk can't be watched", "error", err)
		} else {
			a.loop.Put(agent.DiskUsed{Fraction: used})
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *Agent) retireDir(e agent.RetireDir) {
	if err := a.workDir.Retire(e.Path, time.Now()); err != nil {
		a.log.Warn("the end of a directory's use can't be noted", "error", err)
	}
}

// removeDir hides a directory from readers, moves it out of the way of a new one
// of its name, and has it removed.
func (a *Agent) removeDir(e agent.RemoveDir) {
	parent, name := path.Split(e.Path)
	switch path.Base(parent) {
	case "runs":
		a.sandboxes.drop(mesos.ContainerID(name))
	case "containers":
		if a.usesSandbox(e.Path) { // by another container of that name
			a.loop.Put(agent.DirRemoved{Path: e.Path, Absent: true})
			return
		}
	}
	where, err := a.workDir.Discard(e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.loop.Put(agent.DirRemoved{Path: e.Path, Absent: true})
	case err != nil:
		a.loop.Put(agent.DirRemoved{Path: e.Path, Err: err})
	default:
		a.removals <- removal{e.Path, where}
	}
}

// sandboxOver notes that the sandbox of a nested or standalone container is not
// used any more, for --gc_non_executor_container_sandboxes.
func (a *Agent) sandboxOver(sandbox string) {
	if !a.cfg.GCNonExecutorSandboxes {
		return
	}
	work, err := filepath.Abs(a.cfg.WorkDir)
	if err != nil {
		return
	}
	if relative, err := filepath.Rel(work, sandbox); err == nil && filepath.IsLocal(relative) {
		a.loop.Put(agent.SandboxOver{Path: filepath.ToSlash(relative)})
	}
}

// usesSandbox reports whether a container is there to which a nested or standalone
// container's sandbox belongs.
func (a *Agent) usesSandbox(dir string) bool {
	if _, run, ok := strings.Cut(dir, "/runs/"); ok {
		dir = run
	}
	id := mesos.ContainerID(strings.ReplaceAll(strings.TrimPrefix(dir, "containers/"), "/containers/", "."))
	return slices.ContainsFunc(a.containers.Containers(), func(c container.Listed) bool { return c.ID == id })
}
