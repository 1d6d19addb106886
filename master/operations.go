package master

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// operationUUID is what masters and agents call an operation: 16 bytes. The
// framework has a name of its own for one of which it wants to hear.
type operationUUID string

// An operation is a change of an agent's resources that a framework or an
// operator asked for, from when it is sent until its end is known and, if the
// framework wants to hear of it, acknowledged.
// https://mesos.apache.org/documentation/latest/operations/
type operation struct {
	uuid  operationUUID
	order uint64 // of arrival at this master
	agent *agent
	// frameworkID is "" if an operator asked; framework is nil then, and if this
	// master does not know the framework, or removed it.
	frameworkID mesos.FrameworkID
	framework   *framework

	// conversions are those of the agent's total that this master made in advance,
	// nil once the agent said what it has.
	conversions []resources.Conversion

	// record is what readers see. It is replaced, not changed, once published.
	record         *mesospb.Operation
	dirty, dropped bool
}

// id is what the framework calls the operation, "" if it doesn't want to hear of it.
func (o *operation) id() string { return o.record.GetInfo().GetId().GetValue() }

func (o *operation) kind() mesospb.Offer_Operation_Type { return o.record.GetInfo().GetType() }

func (o *operation) state() mesospb.OperationState { return o.record.GetLatestStatus().GetState() }

// told is the newest status that the framework was sent or, if there was none,
// the one that the operation began with.
func (o *operation) told() *mesospb.OperationStatus {
	if n := len(o.record.GetStatuses()); n > 0 {
		return o.record.Statuses[n-1]
	}
	return o.record.GetLatestStatus()
}

// operationOver reports whether a state is an operation's last.
func operationOver(state mesospb.OperationState) bool {
	switch state {
	case mesospb.OperationState_OPERATION_FINISHED, mesospb.OperationState_OPERATION_FAILED,
		mesospb.OperationState_OPERATION_ERROR, mesospb.OperationState_OPERATION_DROPPED,
		mesospb.OperationState_OPERATION_GONE_BY_OPERATOR:
		return true
	}
	return false
}

// operationStatus is a status of the master's own: nobody acknowledges it.
func operationStatus(state mesospb.OperationState, id *mesospb.OperationID, agent *mesospb.AgentID, message string) *mesospb.OperationStatus {
	s := &mesospb.OperationStatus{OperationId: id, State: state.Enum(), AgentId: agent}
	if message != "" {
		s.Message = new(message)
	}
	return s
}

// operationsInOrder lists operations in the order in which they arrived.
func operationsInOrder(operations map[operationUUID]*operation) []*operation {
	list := make([]*operation, 0, len(operations))
	for _, o := range operations {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *operation) int { return cmp.Compare(a.order, b.order) })
	return list
}

// newOperationUUID is unlike that of any other operation of any master: of the
// master's ID, which is unique, and a number.
func (m *Master) newOperationUUID() operationUUID {
	hash := sha256.Sum256(fmt.Appendf(nil, "%s operation %d", m.config.Info.GetId(), m.nextOperation))
	uuid := hash[:uuidSize]
	uuid[6], uuid[8] = uuid[6]&0x0f|0x80, uuid[8]&0x3f|0x80 // version 8: of its maker's own sort
	return operationUUID(uuid)
}

// apply makes a validated operation happen: in the master's books at once, and on
// the agent as soon as it hears of it. The framework is nil if an operator asked.
func (m *Master) apply(a *agent, f *framework, info *mesospb.Offer_Operation, conversions []resources.Conversion) {
	o := &operation{
		uuid: m.newOperationUUID(), agent: a, framework: f, conversions: conversions,
		record: &mesospb.Operation{
			AgentId:      a.info.Id,
			Info:         info,
			LatestStatus: operationStatus(mesospb.OperationState_OPERATION_PENDING, info.Id, a.info.Id, ""),
		},
	}
	o.record.Uuid = &mesospb.UUID{Value: []byte(o.uuid)}
	if f != nil {
		o.frameworkID, o.record.FrameworkId = f.id, f.info.Id
		f.counters.operated(info.GetType())
	}
	m.addOperation(o)
	m.advance(a, o)
	m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_ApplyOperation{ApplyOperation: &linkpb.ApplyOperation{
		FrameworkId: o.record.FrameworkId, Info: info, OperationUuid: o.record.Uuid,
	}}})
}

// addOperation makes an operation known.
func (m *Master) addOperation(o *operation) {
	o.order = m.nextOperation
	m.nextOperation++
	o.agent.operations[o.uuid] = o
	m.attachOperation(o)
	m.counters.operationState(o.kind(), o.state(), 1)
	m.touchOperation(o)
}

// attachOperation gives an operation to its framework, if that is known.
func (m *Master) attachOperation(o *operation) {
	f := m.frameworks[o.frameworkID]
	o.framework = f
	if f == nil {
		return
	}
	f.operations[o.uuid] = o
	if o.id() != "" {
		f.operationIDs[o.id()] = o
	}
}

// attachOperations gives a framework that becomes known the operations that
// agents told of.
func (m *Master) attachOperations(f *framework) {
	for _, id := range sortedKeys(m.agents) {
		for _, o := range operationsInOrder(m.agents[id].operations) {
			if o.frameworkID == f.id {
				m.attachOperation(o)
			}
		}
	}
}

// detachOperations takes its operations from a framework that is being removed.
// The master acknowledges their updates from now on.
func (f *framework) detachOperations() {
	for _, o := range f.operations {
		o.framework = nil
	}
	clear(f.operations)
	clear(f.operationIDs)
}

// removeOperation forgets an operation. What it made of the agent's resources stays.
func (m *Master) removeOperation(o *operation) {
	delete(o.agent.operations, o.uuid)
	m.watchDrain(o.agent)
	o.conversions = nil
	if f := o.framework; f != nil {
		delete(f.operations, o.uuid)
		if f.operationIDs[o.id()] == o {
			delete(f.operationIDs, o.id())
		}
	}
	if !operationOver(o.state()) {
		m.counters.operationState(o.kind(), o.state(), -1)
	}
	o.dropped = true
	m.touchOperation(o)
}

// readmitOperations books the operations of an agent that comes back, as far as
// this master does not know them.
func (m *Master) readmitOperations(a *agent, runs *load) {
	for _, record := range runs.GetOperations() {
		uuid := operationUUID(record.GetUuid().GetValue())
		if a.operations[uuid] != nil {
			continue // an update tells what became of it
		}
		record.AgentId = a.info.Id
		m.addOperation(&operation{
			uuid: uuid, agent: a, frameworkID: mesos.FrameworkID(record.GetFrameworkId().GetValue()), record: record,
		})
	}
}

// settleOperations compares the operations of a known agent with those that the
// master believes in. It is asked about those that it did not list.
func (m *Master) settleOperations(a *agent, runs *load) {
	listed := make(map[operationUUID]bool, len(runs.GetOperations()))
	for _, record := range runs.GetOperations() {
		listed[operationUUID(record.GetUuid().GetValue())] = true
	}
	ask := new(linkpb.ReconcileOperations)
	for _, o := range operationsInOrder(a.operations) {
		if !listed[o.uuid] {
			ask.Operations = append(ask.Operations, &linkpb.ReconcileOperations_Operation{
				OperationUuid: o.record.Uuid, OperationId: o.record.Info.Id, FrameworkId: o.record.FrameworkId,
			})
		}
	}
	m.readmitOperations(a, runs)
	if !a.has(mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK) {
		m.giveUpFeedback(a)
	}
	if len(ask.Operations) > 0 {
		m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_ReconcileOperations{ReconcileOperations: ask}})
	}
}

// giveUpFeedback forgets the operations that are over of an agent that takes no
// acknowledgements any more.
func (m *Master) giveUpFeedback(a *agent) {
	for _, o := range operationsInOrder(a.operations) {
		if o.id() != "" && operationOver(o.state()) {
			m.removeOperation(o)
		}
	}
}

// loseOperations ends the operations of an agent that is being forgotten. Those
// who wanted to hear of them are told if it is unreachable or gone; whoever
// misses that can ask.
func (m *Master) loseOperations(a *agent) {
	state, message := mesospb.OperationState_OPERATION_UNKNOWN, ""
	switch {
	case m.gone[a.id] != nil:
		state, message = mesospb.OperationState_OPERATION_GONE_BY_OPERATOR, "the agent was marked gone"
	case m.unreachable[a.id] != nil:
		state, message = mesospb.OperationState_OPERATION_UNREACHABLE, "the agent was marked unreachable"
	}
	for _, o := range operationsInOrder(a.operations) {
		if f := o.framework; f != nil && o.id() != "" && message != "" {
			m.sendOperationUpdate(f, operationStatus(state, o.record.Info.Id, a.info.Id, message))
		}
		m.removeOperation(o)
	}
	a.advanced = nil
}

// changeOperation returns the operation's record, ready to be changed: it is
// published again at the end of the Step.
func (m *Master) changeOperation(o *operation) *mesospb.Operation {
	if !o.dirty {
		o.record = &mesospb.Operation{
			FrameworkId: o.record.FrameworkId, AgentId: o.record.AgentId, Info: o.record.Info,
			LatestStatus: o.record.LatestStatus, Statuses: o.record.Statuses, Uuid: o.record.Uuid,
		}
		m.touchOperation(o)
	}
	return o.record
}
