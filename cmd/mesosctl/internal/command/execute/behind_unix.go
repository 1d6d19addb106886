//go:build !windows

package execute

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// session has a process outlive the terminal of this one.
func session() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// background takes leave of the streams that this process was started with, and of its
// directory. What goes to stderr, a panic above all, is in the log from then on.
func background(log *os.File) error {
	signal.Ignore(syscall.SIGHUP)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	if log == nil {
		log = null
	}
	return errors.Join(
		unix.Dup2(int(null.Fd()), int(os.Stdin.Fd())), unix.Dup2(int(null.Fd()), int(os.Stdout.Fd())),
		unix.Dup2(int(log.Fd()), int(os.Stderr.Fd())), os.Chdir("/"),
	)
}
