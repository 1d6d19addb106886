package execute

import (
	"errors"
	"os"
	"syscall"
)

// session has a process outlive the console of this one.
func session() *syscall.SysProcAttr {
	const detachedProcess = 0x8
	return &syscall.SysProcAttr{CreationFlags: detachedProcess | syscall.CREATE_NEW_PROCESS_GROUP}
}

// background takes leave of the streams that this process was started with.
func background(log *os.File) error {
	err := errors.Join(os.Stdout.Close(), os.Stderr.Close(), os.Chdir(`\`))
	if log != nil {
		os.Stderr = log
	}
	return err
}
