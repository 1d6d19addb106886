package exec

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Notice is something that happened in a run that a person may want to know.
type Notice interface{ isNotice() }

type (
	// Subscribed tells that the master took the framework on. Again is set after
	// a broken connection.
	Subscribed struct {
		FrameworkID mesos.FrameworkID
		Again       bool
	}
	// Submitted tells that the task, or the group, was sent to an agent.
	Submitted struct {
		Group   bool
		Names   []string
		IDs     []mesos.TaskID
		AgentID mesos.AgentID
		Host    string // the agent's hostname
	}
	// Updated tells a status update.
	Updated struct {
		Status *mesospb.TaskStatus
		Host   string // the agent's host:port
	}
	// RunOver tells, if there are several runs, that one has ended.
	RunOver struct {
		Index int
		// TaskID is that of its task, or of the first task of its group.
		TaskID mesos.TaskID
		Host   string // the agent's hostname
		Result Result
		// Again tells that it is tried again.
		Again bool
	}
	// Killing tells that the task's end was asked for.
	Killing struct {
		TaskID  mesos.TaskID
		AgentID mesos.AgentID
	}
	// Left tells that tasks whose end was asked for have not ended for a while, and are
	// not waited for any more.
	Left struct {
		Tasks    []mesos.TaskID
		Agent    mesos.AgentID // of the last of them
		Patience time.Duration
	}
	// ConnectionLost tells that the master's event stream broke.
	ConnectionLost struct{ Err error }
	// CallRefused tells that a call did not reach the master or was refused.
	CallRefused struct {
		Call string
		Err  error
	}
	// NothingFits tells what was asked and what the cluster has, when no offer
	// has fit for a while.
	NothingFits struct{ Sentences []string }
	// Waiting tells what a task that starts is waiting for, and how far that is, as
	// long as that is so.
	Waiting struct {
		Task mesos.TaskID
		What string // as in "pulling alpine: 1 of 3 layers"
	}
	// OutputLost tells that a task's output can't be shown.
	OutputLost struct{ Err error }
)

func (Subscribed) isNotice()     {}
func (Submitted) isNotice()      {}
func (Updated) isNotice()        {}
func (RunOver) isNotice()        {}
func (Killing) isNotice()        {}
func (Left) isNotice()           {}
func (ConnectionLost) isNotice() {}
func (CallRefused) isNotice()    {}
func (NothingFits) isNotice()    {}
func (Waiting) isNotice()        {}
func (OutputLost) isNotice()     {}
