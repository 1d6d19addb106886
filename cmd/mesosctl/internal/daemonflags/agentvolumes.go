package daemonflags

import (
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// agentVolumes is the flags about volumes, secrets and disks of containers.
func agentVolumes(c *daemon.VolumeConfig) flags.Table {
	return flags.Table{
		flags.Func("sandbox_directory", "path", "/mnt/mesos/sandbox",
			"absolute `path` at which a container with an image finds its sandbox", sandboxDirectory(&c.SandboxDirectory)),
		flags.Func("host_path_volume_force_creation", "directories", "",
			"colon-separated `directories` of the host below which volumes that are not there are made", directories(&c.HostPathCreation)),
		flags.Path("secret_resolver", &c.SecretResolver, "",
			"what secrets by reference are: a `directory` with a file NAME, or NAME/KEY, for each, or a program that prints the secret "+
				"of its arguments NAME and KEY; without one there are only secrets by value"),
		flags.String("volume_gid_range", &c.GidRange, "",
			"`range` of groups, as in [10000-20000], for volumes of users who don't own them"),
		flags.Duration("container_disk_watch_interval", &c.DiskInterval, "15secs",
			"`time` between looks at what containers occupy on disks (disk/du, and disk/xfs with xfs_kill_containers)"),
		flags.Bool("enforce_container_disk_quota", &c.EnforceDiskQuota, false,
			"hold containers to the disk that they were given (disk/du ends them, disk/xfs lets writes fail)"),
		flags.String("xfs_project_range", &c.XFSProjects, "[5000-10000]", "`range` of XFS project IDs that disk/xfs may use"),
		flags.Bool("xfs_kill_containers", &c.XFSKill, false, "let disk/xfs end containers that occupy more than they were given"),
		flags.Func("xfs_quota_headroom", "size", "10MB",
			"`size` by which containers may exceed what they were given until disk/xfs ends them", size(&c.XFSHeadroom)),
	}
}

func sandboxDirectory(p *string) func(string) error {
	return func(text string) error {
		if !strings.HasPrefix(text, "/") || strings.Trim(text, "/") == "" {
			return mesos.Errorf(mesos.Invalid, "%q is not the absolute path of a directory", text)
		}
		*p = text
		return nil
	}
}

// directories reads absolute paths with colons between them.
func directories(p *[]string) func(string) error {
	return func(text string) error {
		*p = nil
		for dir := range strings.SplitSeq(text, ":") {
			switch {
			case dir == "":
			case !strings.HasPrefix(dir, "/"):
				return mesos.Errorf(mesos.Invalid, "%q is not an absolute path", dir)
			default:
				*p = append(*p, dir)
			}
		}
		return nil
	}
}
