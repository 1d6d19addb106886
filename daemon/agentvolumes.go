//go:build !windows

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/agent"
)

// changeVolumes makes and removes the directories of persistent volumes, and
// tells the core. What is removed may be large: the core's loop must not wait.
func (a *Agent) changeVolumes(e agent.ChangeVolumes) {
	a.executors.done.Go(func() {
		err := changeVolumes(a.cfg.WorkDir, e)
		if err == nil && a.gids != nil {
			err = a.releaseGroups(e)
		}
		a.loop.Put(agent.VolumesChanged{Operation: e.Operation, Err: err})
	})
}

// releaseGroups takes back the groups of volumes that are gone.
func (a *Agent) releaseGroups(e agent.ChangeVolumes) error {
	workDir, err := filepath.Abs(a.cfg.WorkDir)
	for _, v := range e.Destroy {
		err = errors.Join(err, a.gids.Release(v.In(workDir)))
	}
	return err
}

func changeVolumes(workDir string, e agent.ChangeVolumes) error {
	for _, v := range e.Create {
		if err := os.MkdirAll(v.In(workDir), 0o755); err != nil {
			return fmt.Errorf("make volume: %w", err)
		}
	}
	for _, v := range e.Destroy {
		if err := destroyVolume(v.In(workDir), v.Path != ""); err != nil {
			return fmt.Errorf("remove volume: %w", err)
		}
	}
	return nil
}

// destroyVolume removes what a volume holds and, unless it is the root of a
// mount, the directory itself. Links are removed, never followed.
func destroyVolume(path string, whole bool) error {
	if whole {
		return os.RemoveAll(path)
	}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
