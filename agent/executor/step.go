package executor

import (
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Input is one thing that happened.
type Input interface{ isInput() }

type (
	// Start tells a new executor to begin.
	Start struct{}
	// Resume tells a new executor to go on where another, which ended with its
	// agent, was. The container is there: Launched follows if Told does not say
	// yet that the task runs, and in any case Ended.
	Resume struct{ Recovered }
	// Received is an event from the agent.
	Received struct{ Event *executorpb.Event }
	// Disconnected tells that the stream of events broke, or could not be had.
	Disconnected struct{}
	// Launched tells that the command of a Launch runs.
	Launched struct{ Status *mesospb.ContainerStatus }
	// LaunchFailed tells that it does not, and that nothing of it is left.
	LaunchFailed struct{ Err error }
	// Ended tells that the container is gone, with every process of it.
	Ended struct{ Exit container.Exit }
	// Tick tells that the time asked for (Next) has come.
	Tick struct{}
)

// Effect is something the shell must do, in the order in which they are returned.
type Effect interface{ isEffect() }

type (
	// Subscribe opens a stream of events. Disconnected follows when it ends, or
	// at once if it can't be had.
	Subscribe struct{ Call *executorpb.Call }
	// Send sends a call to the agent. If that fails the stream is to be given up.
	Send struct{ Call *executorpb.Call }
	// Launch runs the task's command: answered by Launched, and that by Ended, or
	// by LaunchFailed.
	Launch struct{ Task *mesospb.TaskInfo }
	// Signal signals every process of the task.
	Signal struct{ Signal syscall.Signal }
	// Destroy kills every process of the task, or stops its launch.
	Destroy struct{}
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
func (Tick) isInput()         {}

func (Subscribe) isEffect() {}
func (Send) isEffect()      {}
func (Launch) isEffect()    {}
func (Signal) isEffect()    {}
func (Destroy) isEffect()   {}
func (Terminate) isEffect() {}
