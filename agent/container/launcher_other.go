//go:build !linux && !windows

package container

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// direct is the launcher where there is no supervisor: each container is a
// session with one process group, child of the agent. What leaves its group
// escapes, and containers are not killed if the agent is.
type direct struct {
	told

	mu        sync.Mutex
	processes map[mesos.ContainerID]int
	running   sync.WaitGroup
	closed    bool
}

func newLauncher(_ string, to told) (launcher, error) {
	return &direct{told: to, processes: map[mesos.ContainerID]int{}}, nil
}

// Attach implements launcher: what is not copied can't be attached to.
func (l *direct) Attach(mesos.ContainerID, supervise.Op, *os.File) error {
	return mesos.Errorf(mesos.Unsupported, "attach: not available on this system")
}

func (l *direct) Launch(p *supervise.Process, _ *os.File) (int, error) {
	if len(p.Rlimits) > 0 {
		return 0, mesos.Errorf(mesos.Unsupported, "resource limits: not available on this system")
	}
	if p.Terminal != nil || p.Stdin {
		return 0, mesos.Errorf(mesos.Unsupported, "terminals and sessions: not available on this system")
	}
	cmd, err := command(p)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, errNoLauncher
	}
	err = cmd.Start()
	cmd.Stdout.(*os.File).Close()
	cmd.Stderr.(*os.File).Close()
	if err != nil {
		return 0, startError("run "+p.Path, err)
	}
	id := mesos.ContainerID(p.Container)
	l.processes[id] = cmd.Process.Pid
	l.running.Add(1)
	go l.wait(id, cmd)
	return cmd.Process.Pid, nil
}

func command(p *supervise.Process) (*exec.Cmd, error) {
	stdout, err := os.OpenFile(p.Stdout, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, startError("open "+p.Stdout, err)
	}
	stderr, err := os.OpenFile(p.Stderr, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		stdout.Close()
		return nil, startError("open "+p.Stderr, err)
	}
	attr := &syscall.SysProcAttr{Setsid: true}
	if p.User != nil {
		attr.Credential = &syscall.Credential{Uid: p.User.UID, Gid: p.User.GID, Groups: p.User.Groups}
	}
	cmd := exec.Command(p.Path)
	cmd.Args, cmd.Env, cmd.Dir = p.Args, p.Env, p.Dir
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = stdout, stderr, attr
	return cmd, nil
}

func startError(what string, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return launchError(what, errno)
	}
	return mesos.Errorf(mesos.Invalid, "%s: %w", what, err)
}

func (l *direct) wait(id mesos.ContainerID, cmd *exec.Cmd) {
	defer l.running.Done()
	_ = cmd.Wait() // its state tells
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	l.mu.Lock()
	delete(l.processes, id)
	l.mu.Unlock()
	status, known := cmd.ProcessState.Sys().(syscall.WaitStatus)
	l.gone(id, status, known)
}

func (l *direct) Signal(id mesos.ContainerID, signal syscall.Signal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	pid, ok := l.processes[id]
	if !ok {
		return ErrNoContainer(id)
	}
	return syscall.Kill(-pid, signal)
}

func (l *direct) SignalFirst(id mesos.ContainerID, signal syscall.Signal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	pid, ok := l.processes[id]
	if !ok {
		return ErrNoContainer(id)
	}
	return syscall.Kill(pid, signal)
}

func (l *direct) Kill(id mesos.ContainerID) error { return l.Signal(id, syscall.SIGKILL) }

func (l *direct) Processes(id mesos.ContainerID) ([]int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pid, ok := l.processes[id]
	if !ok {
		return nil, ErrNoContainer(id)
	}
	return []int{pid}, nil
}

// Adopt finds nothing: containers end with their agent.
func (l *direct) Adopt(id mesos.ContainerID) (adopted, error) { return adopted{}, ErrNoContainer(id) }

func (l *direct) KillOthers([]mesos.ContainerID) error { return nil }

func (l *direct) Forget(mesos.ContainerID) error { return nil }

// Detach is Close, since nobody could take the containers over.
func (l *direct) Detach() error { return l.Close() }

func (l *direct) Close() error {
	l.mu.Lock()
	l.closed = true
	for _, pid := range l.processes {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	l.mu.Unlock()
	l.running.Wait()
	return nil
}
