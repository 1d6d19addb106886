package daemonflags

import (
	"strconv"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// agentFiles is the flags about what lies in sandboxes, and for how long.
func agentFiles(c *daemon.AgentConfig) flags.Table {
	return flags.Table{
		flags.Duration("fetcher_stall_timeout", &c.FetcherStallTimeout, "1mins", "`time` without a byte after which a download is given up"),
		flags.Func("fetcher_cache_size", "size", "2GB", "`size` of the cache of fetched files: 0B keeps none", size(&c.FetcherCacheSize)),
		flags.Path("fetcher_cache_dir", &c.FetcherCacheDir, "",
			"`directory` of the cache of fetched files, emptied when the agent starts; without one it is fetch in the work directory"),
		flags.Path("hadoop_home", &c.HadoopHome, "", "`directory` of a Hadoop client, which fetches hdfs, s3 and other URIs"),
		flags.String("container_logger", &c.ContainerLogger, "",
			"`name` of what becomes of containers' output: sandbox, where files grow, or logrotate, which bounds and renames them"),
		flags.Duration("gc_delay", &c.GCDelay, "1weeks", "`time` that sandboxes are kept after their end; less when the disk fills"),
		flags.Func("gc_disk_headroom", "part", "0.1",
			"`part` of the disk, from 0 to 1, to keep free: sandboxes are kept for gc_delay * max(0, 1 - headroom - usage)", part(&c.GCDiskHeadroom)),
		flags.Bool("gc_non_executor_container_sandboxes", &c.GCNonExecutorSandboxes, false,
			"remove the sandboxes of nested and standalone containers too, after gc_delay, while their executor runs on"),
		flags.Duration("disk_watch_interval", &c.DiskWatchInterval, "1mins", "`time` between looks at how full the disk is"),
	}
}

// part reads a number from 0 to 1.
func part(p *float64) func(string) error {
	return func(text string) error {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || !(value >= 0 && value <= 1) {
			return mesos.Errorf(mesos.Invalid, "%q is not a number from 0 to 1", text)
		}
		*p = value
		return nil
	}
}
