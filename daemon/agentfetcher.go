//go:build !windows

package daemon

import (
	"path/filepath"

	"github.com/mesosctl/mesosctl/agent/container/fetch"
)

// openCache opens the fetcher's cache, in a directory that is this agent's alone.
func (a *Agent) openCache() (err error) {
	dir := a.cfg.FetcherCacheDir
	if dir == "" {
		dir = filepath.Join(a.cfg.WorkDir, "fetch")
	}
	if a.cacheLock, err = lockDir("fetcher cache", dir); err != nil {
		return err
	}
	a.cache, err = fetch.OpenCache(dir, a.cfg.FetcherCacheSize)
	return err
}

func (a *Agent) closeCache() {
	if a.cache != nil {
		a.cache.Close() //nolint:errcheck // what it holds goes when the next one opens it
	}
	if a.cacheLock != nil {
		a.cacheLock.Close()
	}
}

func (a *Agent) fetcher() fetch.Fetcher {
	return fetch.Fetcher{
		FrameworksHome: a.cfg.FrameworksHome, HadoopHome: a.cfg.HadoopHome,
		StallTimeout: a.cfg.FetcherStallTimeout, Cache: a.cache,
	}
}

// fetcherMetrics are what the cache may hold and does.
// See https://mesos.apache.org/documentation/latest/fetcher/.
func (a *Agent) fetcherMetrics() map[string]float64 {
	total, used := a.cache.Size()
	return map[string]float64{
		"containerizer/fetcher/cache_size_total_bytes": float64(total),
		"containerizer/fetcher/cache_size_used_bytes":  float64(used),
	}
}
