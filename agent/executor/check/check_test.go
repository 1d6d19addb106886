package check

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var start = time.Unix(1000, 0)

func exitCode(code int32) Result {
	return Result{Status: &mesospb.CheckStatusInfo{
		Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckStatusInfo_Command{ExitCode: &code},
	}}
}

func statusCode(code uint32) Result {
	return Result{Status: &mesospb.CheckStatusInfo{
		Type: mesospb.CheckInfo_HTTP.Enum(), Http: &mesospb.CheckStatusInfo_Http{StatusCode: &code},
	}}
}

func succeeded(yes bool) Result {
	return Result{Status: &mesospb.CheckStatusInfo{
		Type: mesospb.CheckInfo_TCP.Enum(), Tcp: &mesospb.CheckStatusInfo_Tcp{Succeeded: &yes},
	}}
}

var noAnswer = Result{Err: errors.New("no answer")}

func commandCheck() *mesospb.CheckInfo {
	return &mesospb.CheckInfo{
		Type:         mesospb.CheckInfo_COMMAND.Enum(),
		Command:      &mesospb.CheckInfo_Command{Command: &mesospb.CommandInfo{Value: new("true")}},
		DelaySeconds: new(2.0), IntervalSeconds: new(3.0), TimeoutSeconds: new(0.5),
	}
}

// probe lets the next probe begin after a time, and takes its result.
func probe(t *testing.T, c *Checker, now *time.Time, after time.Duration, result Result) (Finding, bool) {
	t.Helper()
	if got := c.Next().Sub(*now); got != after {
		t.Fatalf("the next probe is due in %v, want %v", got, after)
	}
	*now = now.Add(after)
	p, ok := c.Begin(*now)
	if !ok {
		t.Fatal("no probe begins")
	}
	if !c.Next().IsZero() {
		t.Fatal("another probe is due while one is under way")
	}
	return c.Done(*now, p.Serial, result)
}

func TestProbesHaveADelayAndAnInterval(t *testing.T) {
	now := start
	c := New(commandCheck(), now, nil)
	if _, ok := c.Begin(now); ok {
		t.Error("a probe begins without its delay")
	}
	probe(t, c, &now, 2*time.Second, exitCode(0))
	probe(t, c, &now, 3*time.Second, exitCode(0))
	now = now.Add(3 * time.Second)
	p, _ := c.Begin(now)
	if p.Timeout != 500*time.Millisecond || p.Type != mesospb.CheckInfo_COMMAND || p.Command.GetValue() != "true" {
		t.Errorf("probe = %+v", p)
	}
	now = now.Add(time.Second) // it takes that long
	c.Done(now, p.Serial, exitCode(0))
	if got := c.Next().Sub(now); got != 3*time.Second {
		t.Errorf("after a probe the next is due in %v", got)
	}
}

func TestCheckTellsWhatIsNew(t *testing.T) {
	now := start
	c := New(commandCheck(), now, nil)
	delay := 2 * time.Second
	for i, step := range []struct {
		result Result
		tells  bool
	}{
		{noAnswer, false}, // it was not known before either
		{exitCode(0), true},
		{exitCode(0), false},
		{exitCode(1), true},
		{Result{}, false}, // nothing is known: nothing changes
		{exitCode(1), false},
		{noAnswer, true},
		{noAnswer, false},
		{exitCode(1), true},
	} {
		finding, ok := probe(t, c, &now, delay, step.result)
		if ok != step.tells {
			t.Fatalf("%d: tells = %v, want %v", i, ok, step.tells)
		}
		if !ok {
			delay = 3 * time.Second
			continue
		}
		want := step.result.Status
		if want == nil {
			want = Unknown(commandCheck())
		}
		if !finding.Check.EqualVT(want) || finding.Kill {
			t.Errorf("%d: finding = %v, want %v", i, finding, want)
		}
		delay = 3 * time.Second
	}
}

func TestCheckGoesOnFromWhatWasTold(t *testing.T) {
	now := start
	c := New(commandCheck(), now, exitCode(1).Status)
	if _, ok := probe(t, c, &now, 2*time.Second, exitCode(1)); ok {
		t.Error("it tells what was told")
	}
	if _, ok := probe(t, c, &now, 3*time.Second, exitCode(0)); !ok {
		t.Error("it does not tell what is new")
	}
}

func TestPauseGivesUpAProbeAndResumeBeginsAtOnce(t *testing.T) {
	now := start
	c := New(commandCheck(), now, nil)
	now = now.Add(2 * time.Second)
	p, _ := c.Begin(now)
	c.Pause()
	if _, ok := c.Done(now, p.Serial, exitCode(0)); ok || !c.Next().IsZero() {
		t.Error("a paused check tells, or has a probe due")
	}
	c.Resume(now)
	if _, ok := c.Done(now, p.Serial, exitCode(0)); ok {
		t.Error("a probe that was given up counts")
	}
	if _, ok := probe(t, c, &now, 0, exitCode(0)); !ok {
		t.Error("a resumed check does not tell")
	}
	c.Resume(now)
	if got := c.Next().Sub(now); got != 3*time.Second {
		t.Errorf("resuming what is not paused makes a probe due in %v", got)
	}
}

func TestNoCheckHasNoProbes(t *testing.T) {
	var c *Checker
	c.Pause()
	c.Resume(start)
	if _, ok := c.Begin(start); ok || !c.Next().IsZero() {
		t.Error("there are probes")
	}
}

func TestTimesAreBounded(t *testing.T) {
	info := commandCheck()
	info.DelaySeconds, info.IntervalSeconds, info.TimeoutSeconds = new(0.0), new(0.0), new(1e300)
	now := start
	c := New(info, now, nil)
	probe(t, c, &now, 0, exitCode(0))
	if got := c.Next().Sub(now); got != minInterval {
		t.Errorf("without an interval the next probe is due in %v", got)
	}
	if p, _ := c.Begin(c.Next()); p.Timeout <= 0 {
		t.Errorf("a very long timeout is %v", p.Timeout)
	}
	if seconds(math.Inf(1)) <= 0 {
		t.Error("an infinite time is over")
	}
}

func TestUnknownHasTheTypeOfItsCheck(t *testing.T) {
	for kind, has := range map[mesospb.CheckInfo_Type]func(*mesospb.CheckStatusInfo) bool{
		mesospb.CheckInfo_COMMAND: func(s *mesospb.CheckStatusInfo) bool { return s.Command != nil && s.Command.ExitCode == nil },
		mesospb.CheckInfo_HTTP:    func(s *mesospb.CheckStatusInfo) bool { return s.Http != nil && s.Http.StatusCode == nil },
		mesospb.CheckInfo_TCP:     func(s *mesospb.CheckStatusInfo) bool { return s.Tcp != nil && s.Tcp.Succeeded == nil },
	} {
		if s := Unknown(&mesospb.CheckInfo{Type: &kind}); s.GetType() != kind || !has(s) {
			t.Errorf("%v: %v", kind, s)
		}
	}
}
