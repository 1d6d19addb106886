package cgroups_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/cgroups/perf"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// sampled are the settings of who counts often.
func sampled(t testing.TB, events ...string) cgroups.Config {
	return cgroups.Config{
		Isolators: []string{"cgroups/perf_event"}, Root: root(t),
		PerfEvents: events, PerfInterval: 100 * time.Millisecond, PerfDuration: 50 * time.Millisecond,
	}
}

// sample waits for a sample of a container with some quality.
func sample(t testing.TB, l *container.Local, id mesos.ContainerID, what string, is func(*mesospb.PerfStatistics) bool) (s *mesospb.PerfStatistics) {
	t.Helper()
	containertest.Until(t, what, func() bool {
		s = usage(t, l, id).GetPerf()
		return s != nil && is(s)
	})
	return s
}

// What a container does is counted, of all its processes and of no other's, again
// and again. Of what the machine can't count the agent's log tells.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_PERF_Sample
// covers: CgroupsAnyHierarchyWithPerfEventTest.ROOT_CGROUPS_PERF_PerfTest
func TestPerfEvents(t *testing.T) {
	t.Parallel()
	config := sampled(t, "cycles", "task-clock", "page-faults", "context-switches")
	var log bytes.Buffer
	config.Log = slog.New(slog.NewTextHandler(&log, nil))
	l, _ := local(t, config)
	events, err := perf.Parse([]string{"cycles"})
	if err != nil {
		t.Fatal(err)
	}
	_, cannot, err := perf.Available(events)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Contains(log.String(), "event=cycles"); said != (cannot != nil) {
		t.Errorf("of cycles the machine can't count %v, and the log has %q", cannot, &log)
	}
	// Of one process the child works, and the other waits.
	busy, idle := spec(t, "sh -c 'while :; do /bin/true; done'; true", 1, 64), spec(t, sleep, 1, 64)
	containertest.Launch(t, l, busy)
	first := usage(t, l, busy.ID).GetPerf()
	if first == nil || first.Timestamp == nil || first.Duration == nil {
		t.Fatalf("before anything was counted there is %v", first)
	}
	containertest.Launch(t, l, idle)
	s := sample(t, l, busy.ID, "it worked", func(s *mesospb.PerfStatistics) bool {
		return s.GetTaskClock() > 0 && s.GetPageFaults() > 0 && s.GetContextSwitches() > 0
	})
	if s.GetDuration() < 0.05 || s.GetTimestamp() < first.GetTimestamp() || (s.Cycles != nil) != (cannot == nil) || s.CpuClock != nil {
		t.Errorf("sample = %v", s)
	}
	again := sample(t, l, busy.ID, "it was counted again", func(again *mesospb.PerfStatistics) bool {
		return again.GetTimestamp() != s.GetTimestamp()
	})
	if took := again.GetTimestamp() - s.GetTimestamp(); took < 0.05 {
		t.Errorf("the next sample came %v s later", took)
	}
	quiet := sample(t, l, idle.ID, "the other one was counted", func(s *mesospb.PerfStatistics) bool {
		return s.GetDuration() > 0 && s.TaskClock != nil && s.GetTaskClock() == 0
	})
	if quiet.GetPageFaults() != 0 {
		t.Errorf("of a container that sleeps: %v", quiet)
	}
}

// A container of an agent that did not count has no cgroup to count in: of it
// nothing is told, of the next one is.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_PERF_PerfForward
func TestPerfEventsForward(t *testing.T) {
	if v2 {
		t.Skip("in version 2 every cgroup can be counted")
	}
	t.Parallel()
	dir, config := containertest.RuntimeDir(t), sampled(t, "task-clock")
	agent := func(isolators ...string) *container.Local {
		config.Isolators = isolators
		return containertest.New(t, container.Config{Isolators: []container.Isolator{isolator(t, config)}, RuntimeDir: dir})
	}
	first := agent("cgroups/cpu", "cgroups/mem")
	old := spec(t, sleep, 1, 64)
	old.Outlive = containertest.Limit
	containertest.Launch(t, first, old)
	if u := usage(t, first, old.ID); u.Perf != nil {
		t.Errorf("usage = %v", u)
	}
	if err := first.Detach(); err != nil {
		t.Fatal(err)
	}
	second := agent("cgroups/cpu", "cgroups/mem", "cgroups/perf_event")
	if err := second.Recover([]container.Spec{old}); err != nil {
		t.Fatal(err)
	}
	if u := usage(t, second, old.ID); u.Perf != nil || u.CpusUserTimeSecs == nil {
		t.Errorf("usage = %v", u)
	}
	next := spec(t, sleep, 1, 64)
	containertest.Launch(t, second, next)
	sample(t, second, next.ID, "the next container is counted", func(s *mesospb.PerfStatistics) bool { return s.TaskClock != nil })
}

// A container that an earlier agent counted is counted by the next.
func TestPerfEventsOfTheNextAgent(t *testing.T) {
	t.Parallel()
	dir, config := containertest.RuntimeDir(t), sampled(t, "task-clock")
	agent := func() *container.Local {
		return containertest.New(t, container.Config{Isolators: []container.Isolator{isolator(t, config)}, RuntimeDir: dir})
	}
	first := agent()
	s := spec(t, "while :; do :; done", 1, 64)
	s.Outlive = containertest.Limit
	containertest.Launch(t, first, s)
	if err := first.Detach(); err != nil {
		t.Fatal(err)
	}
	second := agent()
	if err := second.Recover([]container.Spec{s}); err != nil {
		t.Fatal(err)
	}
	sample(t, second, s.ID, "it works on", func(s *mesospb.PerfStatistics) bool { return s.GetTaskClock() > 0 })
}

func TestPerfEventsThatCantBe(t *testing.T) {
	t.Parallel()
	config := sampled(t, "cycles", "task-clock", "invalid-event")
	if _, err := cgroups.New(config); mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), `"invalid-event"`) {
		t.Errorf("new = %v", err)
	}
	config.PerfEvents, config.PerfDuration = []string{"task-clock"}, time.Second
	if _, err := cgroups.New(config); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a sample longer than the interval: %v", err)
	}
}
