package cgroups

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func deviceNumbers(info os.FileInfo) (major, minor int64) {
	number := info.Sys().(*syscall.Stat_t).Rdev
	return int64(unix.Major(number)), int64(unix.Minor(number))
}
