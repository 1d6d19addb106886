//go:build linux || darwin

package machine

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Probe measures this machine, and the disk that holds workDir.
func Probe(workDir string) Hardware {
	return Hardware{CPUs: runtime.NumCPU(), MemBytes: memory(), DiskBytes: diskSize(workDir)}
}

func diskSize(dir string) uint64 {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0
	}
	return fs.Blocks * blockSize(&fs)
}
