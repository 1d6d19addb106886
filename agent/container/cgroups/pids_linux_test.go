package cgroups_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
)

// A fork bomb gets no further than its container's limit, and is ended like
// any other container.
func TestForkBomb(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/pids"}, PidsLimit: 32})
	s := spec(t, "bomb() { bomb | bomb & }; bomb; sleep 1000", 1, 64)
	containertest.Launch(t, l, s)
	containertest.Until(t, "the bomb was held", func() bool {
		return !strings.HasPrefix(file(t, root, s.ID, "pids", "pids.events"), "max 0")
	})
	if now := uintOf(t, file(t, root, s.ID, "pids", "pids.current")); now > 32 {
		t.Errorf("there are %d processes", now)
	}
	if err := l.Destroy(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
}

// One that is as large as it gets, and grows again as fast as it is killed, ends
// all the same.
func TestForkBombThatFillsItsLimit(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/pids", "cgroups/cpu"}, PidsLimit: 400})
	s := spec(t, "bomb() { bomb | bomb & bomb; }; bomb; sleep 1000", 0.1, 64)
	containertest.Launch(t, l, s)
	containertest.Until(t, "the bomb was held", func() bool {
		return !strings.HasPrefix(file(t, root, s.ID, "pids", "pids.events"), "max 0")
	})
	destroyed := make(chan error, 1)
	go func() { destroyed <- l.Destroy(t.Context(), s.ID) }()
	select {
	case err := <-destroyed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * containertest.Limit): // on a busy machine it takes seconds
		t.Error("it goes on forking")
	}
}

func TestPidsLimitByDefault(t *testing.T) {
	t.Parallel()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/pids"}})
	s := spec(t, sleep, 1, 64)
	containertest.Launch(t, l, s)
	if limit := uintOf(t, file(t, root, s.ID, "pids", "pids.max")); limit < 100 || limit > 1<<20 {
		t.Errorf("limit = %d", limit)
	}
}
