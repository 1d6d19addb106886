package master

import (
	"bytes"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// sendOperationUpdate tells a framework of an operation's status.
func (m *Master) sendOperationUpdate(f *framework, status *mesospb.OperationStatus) {
	m.send(f, &schedulerpb.Event{
		Type:                  schedulerpb.Event_UPDATE_OPERATION_STATUS.Enum(),
		UpdateOperationStatus: &schedulerpb.Event_UpdateOperationStatus{Status: status},
	})
}

// operationUpdate takes an agent's word on an operation. It goes to the framework,
// if that wants to hear of it, and otherwise the master acknowledges it.
// https://mesos.apache.org/documentation/latest/operations/
func (m *Master) operationUpdate(a *agent, update *linkpb.UpdateOperationStatus) {
	m.counters.operationStatusUpdate++
	status := update.GetStatus()
	latest := update.GetLatestStatus()
	if latest == nil {
		latest = status
	}
	if !knownOperationState(status.GetState()) || !knownOperationState(latest.GetState()) {
		m.counters.invalidOperationStatusUpdate++
		m.log(LogWarn, "operation status update ignored: its state is not one", "agent", a.id)
		return
	}
	if status.AgentId == nil {
		status.AgentId = a.info.Id
	}
	o := a.operations[operationUUID(update.GetOperationUuid().GetValue())]
	if o == nil {
		// It may be over for the master, but not yet for the framework, if that
		// acknowledges. What nobody acknowledges was told when it came first.
		m.counters.invalidOperationStatusUpdate++
		f := m.frameworks[mesos.FrameworkID(update.GetFrameworkId().GetValue())]
		if f != nil && status.OperationId != nil && status.Uuid != nil {
			m.sendOperationUpdate(f, status)
		}
		return
	}
	m.counters.validOperationStatusUpdate++
	if id := o.record.Info.Id; id != nil {
		status.OperationId, latest.OperationId = id, id
	}
	m.noteOperation(o, status, latest)
	over := operationOver(status.GetState())
	if m.somebodyAcknowledges(o) {
		if o.framework != nil {
			m.sendOperationUpdate(o.framework, status)
		}
		if over && status.Uuid == nil {
			m.removeOperation(o) // it does not come again
		}
		return
	}
	if status.Uuid != nil {
		m.acknowledgeToAgent(o, status.Uuid)
	}
	if over {
		m.removeOperation(o)
	}
}

// orphanGrace is how long after its agent came back the framework of an operation
// has to come back too, as in Mesos.
const orphanGrace = 10 * time.Minute

// somebodyAcknowledges reports whether a framework wants to hear of an operation
// and is there, or may yet come back.
func (m *Master) somebodyAcknowledges(o *operation) bool {
	switch {
	case o.id() == "":
		return false
	case o.framework != nil:
		return true
	case m.completed.byID[o.frameworkID] != nil:
		return false
	}
	since := o.agent.reregistered
	if since == nil {
		since = o.agent.registered
	}
	return m.now.Sub(time.Unix(0, since.GetNanoseconds())) < orphanGrace
}

// noteOperation writes a status into an operation's record, and the latest that
// the agent knows. What is over stays as it ended.
func (m *Master) noteOperation(o *operation, status, latest *mesospb.OperationStatus) {
	before := o.state()
	if n := len(o.record.Statuses); n == 0 || !o.record.Statuses[n-1].EqualVT(status) {
		record := m.changeOperation(o)
		record.Statuses = append(record.Statuses[:n:n], status)
	}
	if operationOver(before) {
		return
	}
	m.changeOperation(o).LatestStatus = latest
	m.counters.operationState(o.kind(), before, -1)
	m.counters.operationState(o.kind(), o.state(), 1)
	if operationOver(o.state()) {
		m.settleOperation(o)
	}
}

func knownOperationState(state mesospb.OperationState) bool {
	_, ok := mesospb.OperationState_name[int32(state)]
	return ok
}

func (m *Master) acknowledgeToAgent(o *operation, status *mesospb.UUID) {
	m.sendAgent(o.agent, &linkpb.ToAgent{Message: &linkpb.ToAgent_AcknowledgeOperation{
		AcknowledgeOperation: &linkpb.AcknowledgeOperation{OperationUuid: o.record.Uuid, StatusUuid: status},
	}})
}

// acknowledgeOperation passes a framework's acknowledgement on to the agent. An
// operation is over for the master once its last update is acknowledged.
func (m *Master) acknowledgeOperation(f *framework, call *schedulerpb.Call_AcknowledgeOperationStatus) {
	m.counters.operationAcknowledgement++
	o, err := m.acknowledged(f, call)
	if err != nil {
		m.counters.invalidOperationAcknowledgement++
		m.log(LogWarn, "acknowledgement of an operation ignored", "framework", f.id, "operation", call.GetOperationId().GetValue(),
			"agent", call.GetAgentId().GetValue(), "error", err)
		return
	}
	uuid := &mesospb.UUID{Value: call.GetUuid()}
	for _, status := range o.record.Statuses {
		if bytes.Equal(status.GetUuid().GetValue(), uuid.Value) && operationOver(status.GetState()) {
			m.removeOperation(o)
			break
		}
	}
	m.counters.validOperationAcknowledgement++
	m.acknowledgeToAgent(o, uuid)
}

// acknowledged is the operation that a framework acknowledges a status of.
func (m *Master) acknowledged(f *framework, call *schedulerpb.Call_AcknowledgeOperationStatus) (*operation, error) {
	a := m.agents[mesos.AgentID(call.GetAgentId().GetValue())]
	switch {
	case a == nil || !a.connected:
		return nil, mesos.Errorf(mesos.Invalid, "the agent is not connected")
	case call.ResourceProviderId != nil && !a.has(mesospb.AgentInfo_Capability_RESOURCE_PROVIDER):
		return nil, mesos.Errorf(mesos.Invalid, "the agent lacks the capability RESOURCE_PROVIDER")
	case call.ResourceProviderId == nil && !a.has(mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK):
		return nil, mesos.Errorf(mesos.Invalid, "the agent lacks the capability AGENT_OPERATION_FEEDBACK")
	}
	o := f.operationIDs[call.GetOperationId().GetValue()]
	if o == nil || o.agent != a {
		return nil, mesos.Errorf(mesos.Invalid, "the operation is unknown")
	}
	for _, status := range o.record.Statuses {
		if status.Uuid != nil && bytes.Equal(status.Uuid.GetValue(), call.GetUuid()) {
			return o, nil
		}
	}
	return nil, mesos.Errorf(mesos.Invalid, "the status is unknown")
}

// reconcileOperations tells a framework the newest status of operations: of those
// it names, or (none named) of all that it wants to hear of.
func (m *Master) reconcileOperations(f *framework, call *schedulerpb.Call_ReconcileOperations) {
	m.counters.reconcileOperations++
	if len(call.GetOperations()) == 0 {
		for _, o := range operationsInOrder(f.operations) {
			m.sendOperationUpdate(f, o.repeat())
		}
		return
	}
	for _, asked := range call.GetOperations() {
		if o := f.operationIDs[asked.GetOperationId().GetValue()]; o != nil {
			m.sendOperationUpdate(f, o.repeat())
			continue
		}
		state, message := m.unknownOperation(asked.AgentId)
		status := operationStatus(state, asked.OperationId, asked.AgentId, "Reconciliation: "+message)
		status.ResourceProviderId = asked.ResourceProviderId
		m.sendOperationUpdate(f, status)
	}
}

// repeat is the newest status that the framework was sent, not to be acknowledged
// again.
func (o *operation) repeat() *mesospb.OperationStatus {
	s := o.told()
	return &mesospb.OperationStatus{
		OperationId: s.OperationId, State: s.State, Message: s.Message, ConvertedResources: s.ConvertedResources,
		AgentId: s.AgentId, ResourceProviderId: s.ResourceProviderId,
	}
}

// unknownOperation is what can be said of an operation that this master does not
// know, by what it knows of the agent.
func (m *Master) unknownOperation(agent *mesospb.AgentID) (mesospb.OperationState, string) {
	if agent == nil {
		return mesospb.OperationState_OPERATION_UNKNOWN, "the operation is unknown, and no agent_id was given"
	}
	id := mesos.AgentID(agent.GetValue())
	switch {
	case m.recovered[id] != nil:
		return mesospb.OperationState_OPERATION_RECOVERING, "the agent has not registered again yet"
	case m.agents[id] != nil:
		return mesospb.OperationState_OPERATION_UNKNOWN, "the operation is unknown"
	case m.unreachable[id] != nil:
		return mesospb.OperationState_OPERATION_UNREACHABLE, "the agent is unreachable"
	case m.gone[id] != nil:
		return mesospb.OperationState_OPERATION_GONE_BY_OPERATOR, "the agent was marked gone"
	}
	return mesospb.OperationState_OPERATION_UNKNOWN, "the operation and the agent are unknown"
}
