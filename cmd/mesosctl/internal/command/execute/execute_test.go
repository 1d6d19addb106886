package execute

import (
	"errors"
	"testing"
)

var errClosed = errors.New("closed")

// graceful is a cluster that takes forever to close unless it is killed.
type graceful struct{ killed chan struct{} }

func (graceful) Master() string { return "" }

func (g graceful) Kill() { close(g.killed) }

func (g graceful) Close() error {
	<-g.killed
	return errClosed
}

func TestATaskThatWasLeftGetsNoTimeToEnd(t *testing.T) {
	if err := end(graceful{make(chan struct{})}, true, nil); !errors.Is(err, errClosed) {
		t.Fatalf("end: %v", err)
	}
}

func TestAnInterruptCutsTheEndOfTheClusterShort(t *testing.T) {
	interrupts := make(chan struct{}, 1)
	interrupts <- struct{}{}
	if err := end(graceful{make(chan struct{})}, false, interrupts); !errors.Is(err, errClosed) {
		t.Fatalf("end: %v", err)
	}
}
