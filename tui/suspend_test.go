//go:build unix

package tui

import (
	"os"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Whoever lets a stopped program go on may have drawn over it; a terminal that goes away
// ends it.
func TestSignals(t *testing.T) {
	var s signals
	told := make(chan tea.Msg, 10)
	s.listen(func(msg tea.Msg) { told <- msg })
	defer s.end()
	for _, test := range []struct {
		signal syscall.Signal
		is     func(tea.Msg) bool
	}{
		{syscall.SIGCONT, func(msg tea.Msg) bool { _, ok := msg.(resumed); return ok }},
		{syscall.SIGHUP, func(msg tea.Msg) bool { _, ok := msg.(tea.QuitMsg); return ok }},
	} {
		if err := syscall.Kill(os.Getpid(), test.signal); err != nil {
			t.Fatal(err)
		}
		select {
		case msg := <-told:
			if !test.is(msg) {
				t.Errorf("%v is %T", test.signal, msg)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("%v is not told", test.signal)
		}
	}
}
