package agent

import (
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// deliverOperation takes a status into an operation's stream: it is made
// durable, and sent if it is the first that waits. One that came before is
// ignored.
func (a *Agent) deliverOperation(o *operation, status *mesospb.OperationStatus) {
	id := status.GetUuid().GetValue()
	if o.seen(id) {
		a.log(logDebug, "ignored a status of an operation that came before", "operation", formatUUID(o.id))
		return
	}
	first := o.add(id, status)
	a.checkpointUpdate(o.path, operationUpdate(o.record, status, nil))
	if first {
		a.forwardOperation(o)
	}
}

// forwardOperation sends the first status of an operation that waits, with the
// newest one beside it, and arranges for the next attempt.
func (a *Agent) forwardOperation(o *operation) {
	if !a.registered() || len(o.pending) == 0 {
		return
	}
	a.sendOperationStatus(o.record, o.pending[0].status, o.pending[len(o.pending)-1].status)
	a.arm(&o.retry, &o.interval)
}

func (a *Agent) sendOperationStatus(of *mesospb.Operation, status, latest *mesospb.OperationStatus) {
	a.send(&linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateOperationStatus{
		UpdateOperationStatus: operationUpdate(of, status, latest)}})
}

func operationUpdate(of *mesospb.Operation, status, latest *mesospb.OperationStatus) *linkpb.UpdateOperationStatus {
	return &linkpb.UpdateOperationStatus{
		FrameworkId: of.FrameworkId, OperationUuid: of.Uuid, Status: status, LatestStatus: latest,
	}
}

// acknowledgeOperation takes an acknowledgement. One that is not for the status
// that was sent last is a duplicate, and ignored.
func (a *Agent) acknowledgeOperation(m *linkpb.AcknowledgeOperation) {
	id, _ := operationUUID(m.GetOperationUuid())
	o := a.operations.get(id)
	var status *mesospb.OperationStatus
	if o != nil {
		status, _ = o.acknowledged(m.GetStatusUuid().GetValue())
	}
	if status == nil {
		a.log(logDebug, "ignored an acknowledgement that no operation waits for", "operation", formatUUID(id))
		return
	}
	a.alarms.cancel(&o.retry)
	if terminalOperation(status.GetState()) {
		a.removeOperation(o)
		return
	}
	a.checkpointAcknowledgement(o.path, m.GetStatusUuid().GetValue())
	a.forwardOperation(o)
}

// pauseOperations keeps updates back while no master is there.
func (a *Agent) pauseOperations() {
	for e := a.operations.first; e != nil; e = e.next {
		a.alarms.cancel(&e.value.retry)
	}
}

// resumeOperations sends what waits in every stream.
func (a *Agent) resumeOperations() {
	for e := a.operations.first; e != nil; e = e.next {
		e.value.interval = 0
		a.forwardOperation(e.value)
	}
}
