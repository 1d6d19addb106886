package up

import "syscall"

// attributes let a master not hear of Ctrl-C, and end with this process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}
