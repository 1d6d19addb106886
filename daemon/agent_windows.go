package daemon

import (
	"context"

	"github.com/mesosctl/mesosctl/mesos"
)

// Agent is not available here: it starts processes in the ways of Linux and macOS.
type Agent struct{}

var errNoAgent = mesos.Errorf(mesos.Unsupported, "start agent: agents run on Linux and macOS, not on Windows")

// StartAgent says that there are no agents on Windows.
func StartAgent(context.Context, AgentConfig) (*Agent, error) { return nil, errNoAgent }

// Address is empty.
func (*Agent) Address() string { return "" }

// Registered never closes.
func (*Agent) Registered() <-chan struct{} { return nil }

// Wait returns at once.
func (*Agent) Wait() error { return errNoAgent }

// Close does nothing.
func (*Agent) Close() error { return nil }

// Kill does nothing.
func (*Agent) Kill() {}

// CheckModules has nothing to check.
func (*AgentConfig) CheckModules() error { return nil }
