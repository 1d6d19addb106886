// Package check finds out how tasks are: by health checks, which may end a task,
// and by checks, whose results are a framework's to read.
//
// Checker is the core of one of them: it says when to probe, and what a result
// means. Network is the shell of the probes that need no process of their own.
// See https://mesos.apache.org/documentation/latest/health-checks/.
package check

import (
	"math"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// minInterval keeps a task that asks for checks without a pause from keeping its
// agent busy.
const minInterval = 10 * time.Millisecond

// Probe is one look at a task.
type Probe struct {
	// Serial tells the probes of a Checker apart.
	Serial int
	Type   mesospb.CheckInfo_Type
	// Command is what to run in the task's container (COMMAND).
	Command *mesospb.CommandInfo
	// Port is where the task listens (HTTP, TCP), on its IPv6 loopback address or
	// else on its IPv4 one.
	Port uint32
	IPv6 bool
	// Scheme is http or https; Path is empty or begins with a slash (HTTP).
	Scheme, Path string
	// Timeout is how long it may take; 0 is for ever.
	Timeout time.Duration
}

// Result is what came of a Probe. Without Status and Err nothing is known, and
// nothing is said about the task.
type Result struct {
	Status *mesospb.CheckStatusInfo
	// Err is why there is no status: no answer, a command that was killed, a timeout.
	Err error
}

// Finding is what there is to tell of a task after a probe.
type Finding struct {
	// Check is the new result of a check; nil of a health check.
	Check *mesospb.CheckStatusInfo
	// Healthy is what a health check found.
	Healthy bool
	// Kill tells that the task was found unhealthy too often.
	Kill bool
	// Cause says why a task is not healthy.
	Cause error
}

// Checker is the core of one check or health check of a task.
type Checker struct {
	probe    Probe
	interval time.Duration
	judge    judge
	at       time.Time // of the next probe; zero while one is under way
	paused   bool
}

// judge makes findings of results.
type judge interface {
	judge(now time.Time, result Result) (Finding, bool)
}

// New is a check of a task that runs from now on. Told is the result that an
// earlier Checker of the task told last; nil if there was none.
func New(info *mesospb.CheckInfo, now time.Time, told *mesospb.CheckStatusInfo) *Checker {
	if told == nil {
		told = Unknown(info)
	}
	probe := Probe{Type: info.GetType(), Timeout: seconds(info.GetTimeoutSeconds()), Scheme: "http"}
	switch probe.Type {
	case mesospb.CheckInfo_COMMAND:
		probe.Command = info.GetCommand().GetCommand()
	case mesospb.CheckInfo_HTTP:
		probe.Port, probe.Path = info.GetHttp().GetPort(), info.GetHttp().GetPath()
	case mesospb.CheckInfo_TCP:
		probe.Port = info.GetTcp().GetPort()
	}
	return &Checker{
		probe: probe, interval: max(seconds(info.GetIntervalSeconds()), minInterval),
		at:    now.Add(seconds(info.GetDelaySeconds())),
		judge: &news{told: told, unknown: Unknown(info)},
	}
}

// Unknown is the result of a check of which nothing is known: it only has a type.
func Unknown(info *mesospb.CheckInfo) *mesospb.CheckStatusInfo {
	status := &mesospb.CheckStatusInfo{Type: info.GetType().Enum()}
	switch info.GetType() {
	case mesospb.CheckInfo_COMMAND:
		status.Command = &mesospb.CheckStatusInfo_Command{}
	case mesospb.CheckInfo_HTTP:
		status.Http = &mesospb.CheckStatusInfo_Http{}
	case mesospb.CheckInfo_TCP:
		status.Tcp = &mesospb.CheckStatusInfo_Tcp{}
	}
	return status
}

// news is the judge of a check: it tells a result that differs from the one
// before.
type news struct{ told, unknown *mesospb.CheckStatusInfo }

func (n *news) judge(_ time.Time, result Result) (Finding, bool) {
	status := result.Status
	if result.Err != nil {
		status = n.unknown
	}
	if status.EqualVT(n.told) {
		return Finding{}, false
	}
	n.told = status
	return Finding{Check: status}, true
}

// Next is when a probe is due; zero if one is under way or none is wanted.
func (c *Checker) Next() time.Time {
	if c == nil || c.paused {
		return time.Time{}
	}
	return c.at
}

// Begin returns the probe that is due, if one is. Done follows.
func (c *Checker) Begin(now time.Time) (Probe, bool) {
	if at := c.Next(); at.IsZero() || at.After(now) {
		return Probe{}, false
	}
	c.at = time.Time{}
	c.probe.Serial++
	return c.probe, true
}

// Done takes the result of the probe with a serial, and returns what there is to
// tell, if anything. That of a probe that was given up says nothing.
func (c *Checker) Done(now time.Time, serial int, result Result) (Finding, bool) {
	if c == nil || c.paused || serial != c.probe.Serial || !c.at.IsZero() {
		return Finding{}, false
	}
	c.at = now.Add(c.interval)
	if result.Status == nil && result.Err == nil {
		return Finding{}, false
	}
	return c.judge.judge(now, result)
}

// Pause gives up the probe that is under way, and begins no other.
func (c *Checker) Pause() {
	if c != nil {
		c.paused = true
	}
}

// Resume probes again, at once.
func (c *Checker) Resume(now time.Time) {
	if c != nil && c.paused {
		c.paused, c.at = false, now
	}
}

// seconds takes a duration over; there is none too long to wait for.
func seconds(s float64) time.Duration {
	const longest = float64(math.MaxInt64) / 4 // leaves room for adding
	return time.Duration(min(s*float64(time.Second), longest))
}
