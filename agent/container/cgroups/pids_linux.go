package cgroups

import (
	"strconv"
)

// pids bounds the processes and threads of a container. In Mesos it only counts
// them; here a fork bomb is held.
type pids struct {
	passive
	limit string
}

// newPids takes the limit that is configured or, as systemd does for a service,
// 15 % of what the machine can have.
func newPids(config *Config) (*pids, error) {
	limit := config.PidsLimit
	if limit == 0 {
		most := uint64(1<<64 - 1)
		for _, name := range []string{"pid_max", "threads-max"} {
			n, err := number("/proc/sys/kernel", name)
			if err != nil {
				return nil, err
			}
			most = min(most, n)
		}
		limit = most / 100 * 15
	}
	return &pids{"pids", strconv.FormatUint(limit, 10)}, nil
}

func (p *pids) prepare(g *group) error { return write(g.dir("pids"), "pids.max", p.limit) }
