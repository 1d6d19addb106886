//go:build !linux && !windows

package up

import "syscall"

// attributes let a master not hear of Ctrl-C.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
