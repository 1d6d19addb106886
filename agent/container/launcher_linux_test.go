package container

import (
	"maps"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// Whether a container runs is what the reply to its launch says, and not one to a
// signal that came sooner: what was not launched would be reported as lost.
func TestOnlyTheReplyToALaunchTellsWhetherItRuns(t *testing.T) {
	launched := map[string]bool{"c": true}
	for _, test := range []struct {
		signal, launch syscall.Errno
		want           map[string]bool
	}{
		{0, 0, launched},
		{syscall.ESRCH, 0, launched},
		{0, syscall.ENOENT, nil},
		{syscall.ESRCH, syscall.ENOENT, nil},
	} {
		s := &supervisor{
			pending: map[uint64]waiting{
				1: {make(chan supervise.Message), true}, 2: {make(chan supervise.Message), false},
			},
			containers: map[string]bool{"c": false},
		}
		launch, signal := s.pending[1].reply, s.pending[2].reply
		if to := s.take(&supervise.Message{Seq: 2, Container: "c", Errno: int(test.signal)}); to != signal {
			t.Error("the reply goes elsewhere")
		}
		if to := s.take(&supervise.Message{Seq: 1, Container: "c", Errno: int(test.launch)}); to != launch {
			t.Error("the reply goes elsewhere")
		}
		if !maps.Equal(s.containers, test.want) {
			t.Errorf("signal: %v, launch: %v: %v", test.signal, test.launch, s.containers)
		}
	}
}
