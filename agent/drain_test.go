package agent

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestADrainIsWrittenDownUntilItIsOver(t *testing.T) {
	// covers: SlaveTest.CheckpointedDrainInfo
	s := scene(t, "run task=a executor=E checkpoint", "subscribe", "drain grace=5 gone")
	state, err := Recover(s.disk, s.settings)
	if err != nil {
		t.Fatal(err)
	}
	want := &mesospb.DrainConfig{MaxGracePeriod: &mesospb.DurationInfo{Nanoseconds: new(int64(5e9))}, MarkGone: new(true)}
	if !want.EqualVT(state.draining) {
		t.Errorf("recovered %v, want %v", state.draining, want)
	}
	got := s.do("update task=a state=KILLED uuid=101", "ack task=a uuid=101", "ended container=1 status=0")
	if state, err = Recover(s.disk, s.settings); err != nil || state.draining != nil || s.agent.draining != nil {
		t.Errorf("the drain is over and still %v, %v after\n%s", state.draining, err, got)
	}

	s.disk[drainPath("M-S0")] = [][]byte{{0xff}}
	s.settings.Strict = true
	if _, err := Recover(s.disk, s.settings); err == nil || !strings.Contains(err.Error(), "drain_config") {
		t.Errorf("of a damaged checkpoint the error is %v", err)
	}
}

func TestATaskGroupIsKilledOnceByADrain(t *testing.T) {
	s := scene(t, "run tasks=a,b executor=E group")
	got := s.do("drain")
	s.contains(got, "F/a KILLED AGENT_DRAINING", "F/b KILLED AGENT_DRAINING")
	s.lacks(got, "DROPPED")
	s.lacks(got, "LOST")
}

func TestADrainKillsTasksInNoMoreTimeThanItAllows(t *testing.T) {
	// covers: SlaveTest.DrainAgentKillsRunningTask
	// covers: SlaveTest.DrainAgentKillsQueuedTask
	// covers: SlaveTest.DrainAgentKillsPendingTask
	// covers: SlaveTest.DrainingAgentRejectLaunch
	s := scene(t, "run task=long executor=E grace=60", "subscribe", "update task=long state=RUNNING uuid=101",
		"ack task=long uuid=101", "run task=short executor=E grace=2", "run task=queued executor=Q")
	got := s.do("drain grace=5")
	s.contains(got, "KILL long grace=5s", "KILL short\n", "F/queued KILLED AGENT_DRAINING")
	s.contains(s.do("run task=late executor=E"), "F/late LOST AGENT_DRAINING")
	s.contains(s.do("update task=long state=KILLED uuid=102"), "F/long KILLED AGENT_DRAINING")
	s.contains(s.do("update task=short state=FINISHED uuid=103"), "F/short FINISHED in")
}
