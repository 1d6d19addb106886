package container_test

import (
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
)

// lines are what is logged, each a line.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	select {
	case l <- string(line):
	default: // it was said already
	}
	return len(line), nil
}

// A supervisor that was stopped holds everything up. That is told, and once it goes
// on, so does everything else.
func TestASupervisorThatDoesNotAnswerIsToldOf(t *testing.T) {
	logged := make(lines, 16)
	l := containertest.New(t, container.Config{Log: slog.New(slog.NewTextHandler(logged, nil))})
	spec := parentOf(t, l)
	container.SetPatience(l, time.Millisecond)
	supervisor := container.SupervisorPid(l)
	if err := syscall.Kill(supervisor, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	goOn := func() { _ = syscall.Kill(supervisor, syscall.SIGCONT) }
	defer goOn()
	destroyed := make(chan error, 1)
	go func() { destroyed <- l.Destroy(t.Context(), spec.ID) }()
	if line := <-logged; !strings.Contains(line, "does not answer") {
		t.Errorf("logged %q", line)
	}
	goOn()
	if err := <-destroyed; err != nil {
		t.Error(err)
	}
}
