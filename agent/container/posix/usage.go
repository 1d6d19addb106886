// Package posix has the isolators that need nothing of the machine: they
// measure, and set resource limits.
package posix

import (
	"context"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// CPU measures processor time, processes and threads.
func CPU() container.Isolator { return cpu{container.Passive{Named: "posix/cpu"}} }

type cpu struct{ container.Passive }

// Nests implements container.Nester: what is nested is measured on its own.
func (cpu) Nests() bool { return true }

func (cpu) Usage(_ context.Context, _ mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error {
	var user, system float64
	var processes, threads uint32
	for _, pid := range pids {
		p, ok := measure(pid)
		if !ok {
			continue // it has ended meanwhile
		}
		user += p.userSecs
		system += p.systemSecs
		processes++
		threads += p.threads
	}
	usage.CpusUserTimeSecs, usage.CpusSystemTimeSecs = &user, &system
	usage.Processes, usage.Threads = &processes, &threads
	return nil
}

// Mem measures resident memory.
func Mem() container.Isolator { return mem{container.Passive{Named: "posix/mem"}} }

type mem struct{ container.Passive }

// Nests implements container.Nester.
func (mem) Nests() bool { return true }

func (mem) Usage(_ context.Context, _ mesos.ContainerID, pids []int, usage *mesospb.ResourceStatistics) error {
	var rss uint64
	for _, pid := range pids {
		if p, ok := measure(pid); ok {
			rss += p.rssBytes
		}
	}
	usage.MemRssBytes = &rss
	return nil
}

// process is what one process uses. Its times include those of children that
// it has waited for.
type process struct {
	userSecs, systemSecs float64
	rssBytes             uint64
	threads              uint32
}
