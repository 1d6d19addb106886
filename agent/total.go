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

// unknownResources are those of a task's or executor's resources that came into
// being by an operation the agent has not seen.
func (a *Agent) unknownResources(held resources.Resources) (unknown resources.Resources) {
	for r := range held.Unallocate().Checkpointed().All() {
		if one := resources.Of(r); !a.total.Contains(one) {
			unknown = unknown.Add(one)
		}
	}
	return unknown
}
