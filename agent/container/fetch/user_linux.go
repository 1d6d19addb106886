package fetch

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// asUser runs do with a user's rights on files: what that user may not read or
// write fails, and what is made is the user's.
//
// The kernel keeps these rights per thread. The goroutine keeps its thread to
// itself and never gives it back, so the thread ends with it and no other code
// runs with them. What do leaves to other goroutines (the network) keeps the
// agent's rights.
func asUser(user *supervise.User, do func() error) error {
	if user == nil {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := assume(user); err != nil {
			done <- fmt.Errorf("fetch: become user %d: %w", user.UID, err)
			return
		}
		done <- do()
	}()
	return <-done
}

// assume changes the rights on files of this thread alone: the raw calls, for
// those of package syscall change every thread.
func assume(user *supervise.User) error {
	var groups unsafe.Pointer
	if len(user.Groups) > 0 {
		groups = unsafe.Pointer(&user.Groups[0])
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETGROUPS, uintptr(len(user.Groups)), uintptr(groups), 0); errno != 0 {
		return errno
	}
	// setfsuid(2) and setfsgid(2) report no error: the second call tells.
	for _, call := range []struct{ number, id uintptr }{
		{syscall.SYS_SETFSGID, uintptr(user.GID)}, {syscall.SYS_SETFSUID, uintptr(user.UID)},
	} {
		_, _, _ = syscall.RawSyscall(call.number, call.id, 0, 0)
		if now, _, _ := syscall.RawSyscall(call.number, call.id, 0, 0); now != call.id {
			return syscall.EPERM
		}
	}
	return nil
}

// runAs has a program run as a user, nil being the agent's own, and end with every
// process of its group.
func runAs(cmd *exec.Cmd, user *supervise.User) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if user != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user.UID, Gid: user.GID, Groups: user.Groups}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
