//go:build !windows

package daemon

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	diskusage "github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/agent/container/secret"
)

// Defaults of an agent that was told nothing.
const (
	defaultSandboxDirectory = "/mnt/mesos/sandbox"
	defaultDiskInterval     = 15 * time.Second
)

// volumes fills in what file systems, volumes, secrets and disks are made with.
func (a *Agent) volumes(config *isolation.Config, rebooted bool) (err error) {
	c := &a.cfg.Volumes
	config.Filesystem = filesystem.Config{SandboxDirectory: c.SandboxDirectory, HostPathCreation: c.HostPathCreation}
	if c.SandboxDirectory == "" {
		config.Filesystem.SandboxDirectory = defaultSandboxDirectory
	}
	config.Disk = diskusage.Config{
		Interval: c.DiskInterval, Enforce: c.EnforceDiskQuota, Log: a.log,
		Projects: c.XFSProjects, Kill: c.XFSKill, Headroom: c.XFSHeadroom,
	}
	if c.DiskInterval == 0 {
		config.Disk.Interval = defaultDiskInterval
	}
	if config.Secrets, err = secret.Open(c.SecretResolver); err != nil {
		return err
	}
	if c.GidRange == "" {
		return nil
	}
	total, err := gids.ParseRange(c.GidRange)
	if err != nil {
		return fmt.Errorf("volume_gid_range: %w", err)
	}
	a.gids, err = gids.Open(filepath.Join(config.WorkDir, "meta", "volume_gids"), total, rebooted)
	if err != nil {
		return fmt.Errorf("volume_gid_range: %w", err)
	}
	config.Filesystem.Gids = a.gids
	return nil
}
