package machine

import "golang.org/x/sys/unix"

func memory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit) //nolint:unconvert // its width depends on the architecture
}

func blockSize(fs *unix.Statfs_t) uint64 { return uint64(fs.Frsize) }
