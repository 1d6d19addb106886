package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// dialFrom connects to an IP address from the network namespace of the process
// pid. A process that is gone is mesos.NotFound.
func dialFrom(ctx context.Context, pid int, network, address string) (net.Conn, error) {
	theirs, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/net")
	if err != nil {
		return nil, noNamespace(pid, err)
	}
	defer theirs.Close()
	same, err := ownNamespace(theirs)
	if err != nil {
		return nil, noNamespace(pid, err)
	}
	var dialer net.Dialer
	if same {
		return dialer.DialContext(ctx, network, address)
	}
	return dialIn(ctx, theirs, &dialer, network, address)
}

func noNamespace(pid int, err error) error {
	kind := mesos.Internal
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		kind = mesos.NotFound
	}
	return mesos.Errorf(kind, "the network of process %d: %w", pid, err)
}

func ownNamespace(theirs *os.File) (bool, error) {
	other, err := theirs.Stat()
	if err != nil {
		return false, err
	}
	own, err := os.Stat("/proc/self/ns/net")
	if err != nil {
		return false, err
	}
	return os.SameFile(own, other), nil
}

// dialIn dials on a thread that enters a network namespace for it. Dialing one IP
// address makes its socket on the goroutine that asks for it.
func dialIn(ctx context.Context, namespace *os.File, dialer *net.Dialer, network, address string) (net.Conn, error) {
	type answer struct {
		conn net.Conn
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		runtime.LockOSThread()
		own, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			runtime.UnlockOSThread()
			answers <- answer{nil, err}
			return
		}
		defer own.Close()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			answers <- answer{nil, fmt.Errorf("enter the task's network: %w", err)}
			return
		}
		conn, err := dialer.DialContext(ctx, network, address)
		if unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		} // else the thread ends with this goroutine: it is of no use to others
		answers <- answer{conn, err}
	}()
	a := <-answers
	return a.conn, a.err
}
