package executor

import (
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/executor/check"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Input is one thing that happened.
type Input interface{ isInput() }

type (
	// Start tells a new executor to begin.
	Start struct{}
	// Resume tells a new executor to go on where another, which ended with its
	// agent, was.
	Resume struct{ Tasks []Recovered }
	// Received is an event from the agent.
	Received struct{ Event *executorpb.Event }
	// Disconnected tells that the stream of events broke, or could not be had.
	Disconnected struct{}
	// Launched tells that the command of a Launch runs.
	Launched struct {
		Container mesos.ContainerID
		Status    *mesospb.ContainerStatus
	}
	// LaunchFailed tells that it does not, and that nothing of it is left.
	LaunchFailed struct {
		Container mesos.ContainerID
		Err       error
	}
	// Ended tells that a container is gone, with every process of it.
	Ended struct {
		Container mesos.ContainerID
		Exit      container.Exit
	}
	// Checked is what came of a Check.
	Checked struct {
		Container mesos.ContainerID
		Which     Which
		Serial    int
		Result    check.Result
	}
	// Tick tells that the time asked for (Next) has come.
	Tick struct{}
)

// Which tells the two kinds of checks of a task apart.
type Which int

// The checks that a task can have.
const (
	GeneralCheck Which = iota // TaskInfo.check
	HealthCheck               // TaskInfo.health_check
)

// Effect is something the shell must do, in the order in which they are returned.
type Effect interface{ isEffect() }

type (
	// Subscribe opens a stream of events. Disconnected follows when it ends, or
	// at once if it can't be had.
	Subscribe struct{ Call *executorpb.Call }
	// Send sends a call to the agent. If that fails the stream is to be given up.
	Send struct{ Call *executorpb.Call }
	// Launch runs a task's command: answered by Launched, and that by Ended, or
	// by LaunchFailed.
	Launch struct {
		Container mesos.ContainerID
		Task      *mesospb.TaskInfo
	}
	// Adopt takes over a container that an earlier executor launched. It is
	// answered as a Launch is, but by Ended alone if that its command runs is no News.
	Adopt struct {
		Container mesos.ContainerID
		Task      *mesospb.TaskInfo
		News      bool
	}
	// Signal signals every process of a task. With OrDestroy it is Destroy if there is
	// no process yet that could end by itself.
	Signal struct {
		Container mesos.ContainerID
		Signal    syscall.Signal
		OrDestroy bool
	}
	// Destroy kills every process of a task, or stops its launch.
	Destroy struct{ Container mesos.ContainerID }
	// Check probes a task: answered by Checked, unless StopChecks comes before.
	Check struct {
		Container mesos.ContainerID
		Which     Which
		Probe     check.Probe
	}
	// StopChecks gives up the probes of a task that are under way.
	StopChecks struct{ Container mesos.ContainerID }
	// Terminate ends the executor with an exit status.
	Terminate struct{ Status int }
)

func (Start) isInput()        {}
func (Resume) isInput()       {}
func (Received) isInput()     {}
func (Disconnected) isInput() {}
func (Launched) isInput()     {}
func (LaunchFailed) isInput() {}
func (Ended) isInput()        {}
func (Checked) isInput()      {}
func (Tick) isInput()         {}

func (Subscribe) isEffect()  {}
func (Send) isEffect()       {}
func (Launch) isEffect()     {}
func (Adopt) isEffect()      {}
func (Signal) isEffect()     {}
func (Destroy) isEffect()    {}
func (Check) isEffect()      {}
func (StopChecks) isEffect() {}
func (Terminate) isEffect()  {}
