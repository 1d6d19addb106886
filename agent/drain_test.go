package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestADrainIsWrittenDownUntilItIsOver(t *testing.T) {
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

// What was asked to end before the restart and did not is asked again.
func TestADrainGoesOnAfterARestart(t *testing.T) {
	// covers: SlaveTest.CheckpointedDrainInfo
	s := ran(t)
	s.contains(s.do("drain grace=5"), "KILL t grace=5s")
	s.show["publications"] = true
	s.contains(s.do("restart", "start"), "put drain of at most 5s, begun by an earlier agent")
	s.contains(s.do("subscribe", "connected", "registered"), "KILL t grace=5s")
	s.contains(s.do("update state=KILLED uuid=102"), "F/t KILLED AGENT_DRAINING")
}

func TestADrainKillsWhatWaitsForItsVolume(t *testing.T) {
	// covers: SlaveTest.DrainAgentKillsPendingTask
	s := scene(t, "reserve uuid=500 resources='disk:100'", "create uuid=501 id=op volumes=v:64",
		"run tasks=a executor=D default group new=true volume=v:64")
	s.contains(s.do("drain", "volumes-changed uuid=501"), "F/a KILLED AGENT_DRAINING")
	s.lacks(s.do("subscribe executor=D"), "LAUNCH")
}

// A drain ends by itself, and readers see it as long as it is under way.
func TestAnAgentThatIsDrainedTakesTasksAgain(t *testing.T) {
	// covers: SlaveTest.DrainAgentKillsRunningTask
	// covers: SlaveTest.DrainingAgentRejectLaunch
	s := ran(t)
	s.show["publications"] = true
	s.contains(s.do("drain grace=0"), fmt.Sprintf("put drain of at most 0s, begun at %d\n", s.now.Unix()), "KILL t grace=0s")
	got := s.do("run task=late executor=E", "update state=KILLED uuid=102")
	s.contains(got, "F/late LOST AGENT_DRAINING", "F/t KILLED AGENT_DRAINING")
	s.lacks(got, "drain of")
	s.contains(s.do("ack uuid=102", "ack task=late uuid=3", "ended container=1 status=0"), "put no drain", "put framework F (completed)")
	s.contains(s.do("run task=next"), "launch container")
}

func TestADrainKillsTasksInNoMoreTimeThanItAllows(t *testing.T) {
	// covers: SlaveTest.DrainAgentKillsRunningTask
	// covers: SlaveTest.DrainAgentKillsQueuedTask
	s := scene(t, "run task=long executor=E grace=60", "subscribe", "update task=long state=RUNNING uuid=101",
		"ack task=long uuid=101", "run task=short executor=E grace=2", "run task=queued executor=Q")
	got := s.do("drain grace=5")
	s.contains(got, "KILL long grace=5s", "KILL short\n", "F/queued KILLED AGENT_DRAINING")
	s.contains(s.do("run task=late executor=E"), "F/late LOST AGENT_DRAINING")
	s.contains(s.do("update task=long state=KILLED uuid=102"), "F/long KILLED AGENT_DRAINING")
	s.contains(s.do("update task=short state=FINISHED uuid=103"), "F/short FINISHED in")
}
