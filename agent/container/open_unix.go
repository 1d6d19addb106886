//go:build !windows

package container

import "syscall"

// What a container has put in the place of a file must not be followed, or wait.
const (
	openNoFollow = syscall.O_NOFOLLOW
	openNonblock = syscall.O_NONBLOCK
)
