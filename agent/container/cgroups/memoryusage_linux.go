package cgroups

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// usage tells what memory a container uses, with all that is nested in it.
func (m *memory) usage(g *group, usage *mesospb.ResourceStatistics) error {
	dir := g.dir("memory")
	if g.v2 {
		return usageV2(dir, usage)
	}
	total, err := number(dir, "memory.usage_in_bytes")
	if err != nil {
		return err
	}
	usage.MemTotalBytes = &total
	if m.isolator.config.LimitSwap {
		if usage.MemTotalMemswBytes, err = optional(dir, "memory.memsw.usage_in_bytes"); err != nil {
			return err
		}
	}
	if usage.MemKmemUsageBytes, err = optional(dir, "memory.kmem.usage_in_bytes"); err != nil {
		return err
	}
	if usage.MemKmemTcpUsageBytes, err = optional(dir, "memory.kmem.tcp.usage_in_bytes"); err != nil {
		return err
	}
	values, err := stat(dir, "memory.stat")
	if err != nil {
		return err
	}
	usage.MemCacheBytes, usage.MemFileBytes = pick(values, "total_cache"), pick(values, "total_cache")
	usage.MemRssBytes, usage.MemAnonBytes = pick(values, "total_rss"), pick(values, "total_rss")
	usage.MemMappedFileBytes = pick(values, "total_mapped_file")
	usage.MemSwapBytes = pick(values, "total_swap")
	usage.MemUnevictableBytes = pick(values, "total_unevictable")
	// What is critical counts on every level, on the lower ones first.
	for _, p := range slices.Backward(g.memory.pressure) {
		p.report(usage)
	}
	return nil
}

func usageV2(dir string, usage *mesospb.ResourceStatistics) error {
	total, err := number(dir, "memory.current")
	if err != nil {
		return err
	}
	usage.MemTotalBytes = &total
	if usage.MemSwapBytes, err = optional(dir, "memory.swap.current"); err != nil {
		return err
	}
	values, err := stat(dir, "memory.stat")
	if err != nil {
		return err
	}
	usage.MemKmemUsageBytes = pick(values, "kernel")
	usage.MemKmemTcpUsageBytes = pick(values, "sock")
	usage.MemCacheBytes, usage.MemFileBytes = pick(values, "file"), pick(values, "file")
	usage.MemRssBytes, usage.MemAnonBytes = pick(values, "anon"), pick(values, "anon")
	usage.MemMappedFileBytes = pick(values, "file_mapped")
	usage.MemUnevictableBytes = pick(values, "unevictable")
	return nil
}

// optional reads a number that not every kernel tells; nil without it.
func optional(dir, name string) (*uint64, error) {
	value, err := number(dir, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &value, nil
}
