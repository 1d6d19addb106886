package agent

import (
	"path"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// operation is an offer operation on the agent's resources, from its arrival
// until its terminal status is acknowledged. One without an ID, which nobody
// acknowledges, is forgotten as soon as it is over. See
// https://mesos.apache.org/documentation/latest/operations/.
type operation struct {
	stream[*mesospb.OperationStatus]
	id     uuid
	record *mesospb.Operation // immutable; replaced by each change
}

func (o *operation) state() mesospb.OperationState { return o.record.GetLatestStatus().GetState() }

// applyOperation changes the agent's resources as the master asks. The change is
// written down before anybody hears of it.
func (a *Agent) applyOperation(m *linkpb.ApplyOperation) {
	id, ok := operationUUID(m.GetOperationUuid())
	if !ok || m.GetInfo() == nil {
		a.log(logError, "ignored an operation without a UUID or without anything to do")
		return
	}
	if a.operations.get(id) != nil {
		a.log(logWarn, "ignored an operation that is here", "operation", formatUUID(id))
		return
	}
	o := &operation{id: id, record: &mesospb.Operation{
		FrameworkId: m.FrameworkId,
		AgentId:     a.info.Id,
		Info:        m.Info,
		Uuid:        m.OperationUuid,
	}}
	a.follow(o)
	o.record.LatestStatus = a.operationStatus(o, mesospb.OperationState_OPERATION_PENDING, "")
	a.operations.put(id, o)
	a.publishOperation(o)

	conversions, err := unallocated(m.GetInfo())
	var change ChangeVolumes
	if err == nil {
		change, err = changeOfVolumes(id, conversions)
	}
	if err == nil {
		a.total, err = a.total.Apply(conversions...)
	}
	if err != nil {
		a.log(logWarn, "dropping operation", "operation", formatUUID(id), "error", err)
		a.finishOperation(o, mesospb.OperationState_OPERATION_DROPPED, err.Error())
		return
	}
	a.publishTotal()
	a.changeVolumes(o, change)
}

// unallocated is what an operation does to an agent's resources.
func unallocated(info *mesospb.Offer_Operation) ([]resources.Conversion, error) {
	conversions, err := convert.Conversions(info)
	for i := range conversions {
		conversions[i] = conversions[i].Unallocate()
	}
	return conversions, err
}

// changeVolumes does what an operation means for directories. While that is
// under way what the master asks has to wait: it may count on it.
func (a *Agent) changeVolumes(o *operation, change ChangeVolumes) {
	if len(change.Create)+len(change.Destroy) == 0 {
		a.finishOperation(o, mesospb.OperationState_OPERATION_FINISHED, "")
		return
	}
	a.checkpointResources()
	a.changing = o
	a.emit(change)
}

// follow readies an operation's stream of updates.
func (a *Agent) follow(o *operation) {
	o.path = operationUpdatesPath(a.id, o.id)
	o.retry.ring = func() { a.forwardOperation(o) }
}

// volumesChanged goes on with the operation that changed volumes. An agent that
// can't change them ends, as in Mesos: the master counts on the change, which is
// tried again when the agent starts again.
func (a *Agent) volumesChanged(in VolumesChanged) {
	o := a.changing
	if o == nil || o.id != uuid(in.Operation) {
		return
	}
	if in.Err != nil {
		a.quit(mesos.Errorf(mesos.KindOf(in.Err), "operation %s: %w", formatUUID(o.id), in.Err))
		return
	}
	a.changing = nil
	a.finishOperation(o, mesospb.OperationState_OPERATION_FINISHED, "")
	a.takeHeld()
}

// takeHeld takes the messages that came while volumes were changed.
func (a *Agent) takeHeld() {
	for len(a.held) > 0 && a.changing == nil {
		m := a.held[0]
		a.held = a.held[1:]
		a.obey(m)
	}
}

// finishOperation ends an operation. Who gave it an ID is told until that is
// acknowledged; nobody else is told more than once.
func (a *Agent) finishOperation(o *operation, state mesospb.OperationState, message string) {
	status := a.operationStatus(o, state, message)
	if o.record.GetInfo().GetId() == nil {
		a.operations.remove(o.id)
		a.emit(DropOperation{Operation: o.id})
		a.checkpointResources()
		a.sendOperationStatus(o.record, status, nil)
		return
	}
	id := a.config.UUID()
	status.Uuid = &mesospb.UUID{Value: id[:]}
	a.recordStatus(o, status)
	a.checkpointResources()
	a.deliverOperation(o, status)
}

// recordStatus notes a status. A terminal one stays the latest.
func (a *Agent) recordStatus(o *operation, status *mesospb.OperationStatus) {
	r := &mesospb.Operation{
		FrameworkId:  o.record.FrameworkId,
		AgentId:      o.record.AgentId,
		Info:         o.record.Info,
		LatestStatus: o.record.LatestStatus,
		Statuses:     append(slices.Clip(o.record.Statuses), status),
		Uuid:         o.record.Uuid,
	}
	if !terminalOperation(r.GetLatestStatus().GetState()) {
		r.LatestStatus = status
	}
	o.record = r
	a.publishOperation(o)
}

func (a *Agent) publishOperation(o *operation) { a.emit(PutOperation{Operation: o.record}) }

// operationStatus is a status that the agent reports, without a UUID.
func (a *Agent) operationStatus(o *operation, state mesospb.OperationState, message string) *mesospb.OperationStatus {
	s := &mesospb.OperationStatus{
		OperationId: o.record.GetInfo().GetId(),
		State:       state.Enum(),
		AgentId:     a.info.Id,
	}
	if message != "" {
		s.Message = &message
	}
	return s
}

// terminalOperation reports whether an operation never leaves a state.
func terminalOperation(state mesospb.OperationState) bool {
	switch state {
	case mesospb.OperationState_OPERATION_FINISHED, mesospb.OperationState_OPERATION_FAILED,
		mesospb.OperationState_OPERATION_ERROR, mesospb.OperationState_OPERATION_DROPPED,
		mesospb.OperationState_OPERATION_GONE_BY_OPERATOR:
		return true
	}
	return false
}

// removeOperation forgets an operation that is over for everybody.
func (a *Agent) removeOperation(o *operation) {
	a.alarms.cancel(&o.retry)
	a.operations.remove(o.id)
	a.emit(DropOperation{Operation: o.id})
	a.checkpointResources()
	a.forget(operationPath(a.id, o.id))
}

// reconcileOperations answers for operations that the master believes are here.
// Those that are need no answer: the master was told of them when the agent
// registered. The answer is not kept, since the master asks again.
func (a *Agent) reconcileOperations(m *linkpb.ReconcileOperations) {
	for _, asked := range m.GetOperations() {
		id, ok := operationUUID(asked.GetOperationUuid())
		if ok && a.operations.get(id) != nil {
			continue
		}
		a.log(logWarn, "the master asks for an operation that is not here", "operation", asked.GetOperationId().GetValue())
		dropped := &mesospb.Operation{FrameworkId: asked.FrameworkId, Uuid: asked.OperationUuid}
		a.sendOperationStatus(dropped, &mesospb.OperationStatus{
			OperationId: asked.OperationId,
			State:       mesospb.OperationState_OPERATION_DROPPED.Enum(),
			Message:     new("Reconciliation: the agent does not know this operation"),
			AgentId:     a.info.Id,
		}, nil)
	}
}

// closeOperations forgets the operations of a framework that is gone: nobody
// acknowledges them any more. What they did stays.
func (a *Agent) closeOperations(f mesos.FrameworkID) {
	for _, o := range a.operations.values() {
		if mesos.FrameworkID(o.record.GetFrameworkId().GetValue()) == f && f != "" && terminalOperation(o.state()) {
			a.removeOperation(o)
		}
	}
}

func operationUUID(m *mesospb.UUID) (id uuid, ok bool) {
	if len(m.GetValue()) != len(id) {
		return id, false
	}
	return uuid(m.GetValue()), true
}

func operationPath(a mesos.AgentID, id uuid) string {
	return path.Join(operationsPath(a), formatUUID(id))
}

func operationsPath(a mesos.AgentID) string { return path.Join(agentPath(a), "operations") }

func operationUpdatesPath(a mesos.AgentID, id uuid) string {
	return path.Join(operationPath(a, id), "operation.updates")
}
