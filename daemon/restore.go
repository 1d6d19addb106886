package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/registry"
)

// RestoreConfig says where the registry is that a restore fills.
type RestoreConfig struct {
	// WorkDir is that of a master that is to start with the registry; Etcd are the
	// client URLs of an external cluster. One of them is given.
	WorkDir string
	Etcd    []string
	Log     *slog.Logger
}

// RestoreRegistry fills an empty registry from a backup. Masters must not run.
func RestoreRegistry(ctx context.Context, cfg RestoreConfig, backup []byte) (registry.Restored, error) {
	if len(cfg.Etcd) > 0 {
		client, err := registry.Dial(ctx, cfg.Etcd)
		if err != nil {
			return registry.Restored{}, err
		}
		defer client.Close() //nolint:errcheck // what was written is durable
		return client.Restore(ctx, backup)
	}
	if _, err := registry.CheckBackup(backup); err != nil {
		return registry.Restored{}, err
	}
	dir := filepath.Join(cfg.WorkDir, "etcd")
	if registry.HasData(dir) {
		return registry.Restored{}, mesos.Errorf(mesos.Conflict, "restore registry: %s holds a registry already; name an empty work_dir, "+
			"or move that directory away", dir)
	}
	return restoreDir(ctx, cfg, dir, backup)
}

// CheckBackup tells what a backup of the registry holds, if it is one and whole.
func CheckBackup(backup []byte) (registry.Restored, error) { return registry.CheckBackup(backup) }

// restoreDir makes the data of a master alone, all of it or nothing.
func restoreDir(ctx context.Context, cfg RestoreConfig, dir string, backup []byte) (restored registry.Restored, err error) {
	making := dir + ".restoring"
	if err := errors.Join(os.RemoveAll(making), os.MkdirAll(cfg.WorkDir, 0o755)); err != nil {
		return restored, fmt.Errorf("restore registry: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(making), os.RemoveAll(making+".lock"))
	}()
	etcd, err := registry.StartEmbedded(ctx, registry.EmbeddedConfig{Dir: making, Fast: true, Logger: cfg.Log})
	if err != nil {
		return restored, err
	}
	restored, err = etcd.Client().Restore(ctx, backup)
	etcd.Close()
	if err != nil {
		return restored, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty one
		return restored, fmt.Errorf("restore registry: %w", err)
	}
	if err := os.Rename(making, dir); err != nil {
		return restored, fmt.Errorf("restore registry: %w", err)
	}
	return restored, nil
}
