package agent

import (
	"bytes"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/checkpointpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// resourcesPath is the checkpoint of what the agent has beyond its configuration
// and of its operations. It belongs to the machine, not to the agent's ID: one
// that gets a new ID keeps its reservations and volumes.
const resourcesPath = "resources/resources_and_operations.state"

// checkpointResources writes down what the agent has beyond its configuration,
// and the operations that are not over, if that changed.
func (a *Agent) checkpointResources() {
	state := &checkpointpb.ResourceState{Resources: convert.ToWire(a.total.Checkpointed())}
	for e := a.operations.first; e != nil; e = e.next {
		state.Operations = append(state.Operations, e.value.record)
	}
	value := encode(state)
	if bytes.Equal(value, a.savedResources) {
		return
	}
	a.savedResources = value
	a.emit(Checkpoint{Path: resourcesPath, Value: value})
}

// totalResources is everything the agent has, for the master; nil means what it
// was configured with.
func (a *Agent) totalResources() []*mesospb.Resource {
	if a.total.Checkpointed().IsEmpty() {
		return nil
	}
	return convert.ToWire(a.total)
}

func (a *Agent) publishTotal() { a.emit(PutResources{Total: convert.ToWire(a.total)}) }

// freeOperated is what operations made of the agent's resources and no executor
// or task uses. What is shared is free however many use it. An executor whose
// framework is being shut down has nothing any more by the master's books, so
// that what it still uses may be given away.
func (a *Agent) freeOperated() resources.Resources {
	free := a.total.Checkpointed()
	for _, f := range a.frameworks.values() {
		if f.terminating {
			continue
		}
		for _, e := range f.executors.values() {
			free = free.Sub(e.allocated.Unallocate().Checkpointed().NonShared())
		}
	}
	return free
}
