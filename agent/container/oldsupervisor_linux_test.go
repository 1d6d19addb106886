package container_test

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// oldSupervisor answers an agent as a supervisor of the first version of the
// protocol. What it is asked to launch it has; it ends when stop is called.
func oldSupervisor(t *testing.T, dir string) (launches chan string, stop func()) {
	t.Helper()
	socket, err := supervise.ListenIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.FileListener(socket)
	if err != nil {
		t.Fatal(err)
	}
	socket.Close()
	launches, ended := make(chan string, 10), make(chan struct{})
	conns := make(chan net.Conn, 1)
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		listener.Close()
		if err != nil {
			return
		}
		defer conn.Close()
		conns <- conn
		for {
			request, err := supervise.ReadRequest(conn)
			if err != nil {
				return
			}
			reply := supervise.Message{Seq: request.Seq, Container: request.Container, Version: 1}
			if request.Op == supervise.OpLaunch {
				launches <- request.Container
				reply.Errno, reply.What = int(syscall.ENOENT), "run it"
			}
			if err := supervise.WriteMessage(conn, &reply); err != nil {
				return
			}
		}
	}()
	return launches, func() {
		select {
		case conn := <-conns:
			conn.Close()
		default:
			listener.Close()
		}
		<-ended
	}
}

// apart isolates containers in a way that the first supervisors can't.
type apart struct{ container.Passive }

func (apart) Prepare(_ context.Context, plan *container.Plan) error {
	plan.Process.NoNewPrivileges = true
	return nil
}

// A supervisor that is left from an older version launches what it knows how to, and
// is not asked for what it would leave undone in silence. Once it has ended there is
// a new one.
func TestOldSupervisor(t *testing.T) {
	for _, isolators := range [][]container.Isolator{nil, {apart{}}} {
		dir := containertest.RuntimeDir(t)
		launches, stop := oldSupervisor(t, dir)
		l := containertest.New(t, container.Config{RuntimeDir: dir, Isolators: isolators})
		spec := containertest.Spec(t, containertest.Shell("exit 3"))
		_, err := l.Launch(t.Context(), spec)
		if isolators == nil {
			if mesos.KindOf(err) != mesos.Invalid || len(launches) != 1 {
				t.Errorf("what it can do: %v, and it was asked %d times", err, len(launches))
			}
		} else if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "older version") || len(launches) != 0 {
			t.Errorf("what it can't do: %v, and it was asked %d times", err, len(launches))
		}
		stop()
		spec.ID += "again"
		containertest.Until(t, "there is a new supervisor", func() bool {
			_, err = l.Launch(t.Context(), spec)
			return mesos.KindOf(err) != mesos.Unavailable
		})
		if err != nil {
			t.Fatal(err)
		}
		if exit := containertest.Wait(t, l, spec.ID); exit.Status.ExitStatus() != 3 {
			t.Errorf("exit = %+v", exit)
		}
	}
}
