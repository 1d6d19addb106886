package master

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// reserved is resources with one more reservation, made by the principal "ops".
func reserved(rs resources.Resources, role string, labels ...resources.Label) resources.Resources {
	result, err := rs.PushReservation(resources.Reservation{Dynamic: true, Role: role, Principal: "ops", Labels: labels})
	if err != nil {
		panic(err)
	}
	return result
}

// volumeOf makes a persistent volume, by the principal "ops", of a disk resource.
func volumeOf(disk resources.Resources, id string, change ...func(*resources.Resource)) resources.Resources {
	for r := range disk.All() {
		made := resources.Disk{}
		if r.Disk != nil {
			made = *r.Disk
		}
		made.Persistence = &resources.Persistence{ID: id, Principal: "ops"}
		made.Volume = &resources.Volume{ContainerPath: "data"}
		r.Disk = &made
		for _, f := range change {
			f(&r)
		}
		return resources.Of(r)
	}
	panic("no disk")
}

func share(r *resources.Resource) { r.Shared = true }

// text is resources in the text form.
func text(s string) resources.Resources { return resources.MustParse(s) }

func reserve(rs resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_RESERVE.Enum(), Reserve: &mesospb.Offer_Operation_Reserve{Resources: convert.ToWire(rs)},
	}
}

func rereserve(source, rs resources.Resources) *mesospb.Offer_Operation {
	o := reserve(rs)
	o.Reserve.Source = wireOf(source)
	return o
}

func unreserve(rs resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_UNRESERVE.Enum(), Unreserve: &mesospb.Offer_Operation_Unreserve{Resources: convert.ToWire(rs)},
	}
}

func create(volumes resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_CREATE.Enum(), Create: &mesospb.Offer_Operation_Create{Volumes: wireOf(volumes)},
	}
}

func destroy(volumes resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_DESTROY.Enum(), Destroy: &mesospb.Offer_Operation_Destroy{Volumes: wireOf(volumes)},
	}
}

func grow(volume, addition resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type:       mesospb.Offer_Operation_GROW_VOLUME.Enum(),
		GrowVolume: &mesospb.Offer_Operation_GrowVolume{Volume: wireOf(volume)[0], Addition: wireOf(addition)[0]},
	}
}

func shrink(volume resources.Resources, by float64) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_SHRINK_VOLUME.Enum(),
		ShrinkVolume: &mesospb.Offer_Operation_ShrinkVolume{
			Volume: wireOf(volume)[0], Subtract: &mesospb.Value_Scalar{Value: new(by)},
		},
	}
}

// heard is an operation of which the framework wants to hear.
func heard(id string, o *mesospb.Offer_Operation) *mesospb.Offer_Operation {
	o.Id = &mesospb.OperationID{Value: new(id)}
	return o
}

// A yard is a framework with the principal "ops" and the role "web" on an agent.
type yard struct {
	*cluster
	t     *testing.T
	s     *scheduler
	agent mesos.AgentID
}

const yardResources = "cpus:8;mem:1024;disk:1000"

func newYard(t *testing.T, options ...func(*mesospb.FrameworkInfo)) *yard {
	t.Helper()
	c := newCluster(t, testConfig(), Recovered{})
	y := &yard{cluster: c, t: t, agent: c.agent(1, yardResources)}
	y.s = y.framework("s1", options...)
	return y
}

// framework subscribes one that can do everything, for the role web.
func (y *yard) framework(stream StreamID, options ...func(*mesospb.FrameworkInfo)) *scheduler {
	y.t.Helper()
	return y.subscribe(stream, frameworkInfo(append([]func(*mesospb.FrameworkInfo){
		withCapability(mesospb.FrameworkInfo_Capability_MULTI_ROLE, mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
			mesospb.FrameworkInfo_Capability_SHARED_RESOURCES, mesospb.FrameworkInfo_Capability_PARTITION_AWARE),
		func(info *mesospb.FrameworkInfo) {
			info.Principal, info.Roles = new("ops"), []string{"web"}
		},
	}, options...)...))
}

// accept uses an offer of resources for operations.
func (y *yard) accept(rs resources.Resources, operations ...*mesospb.Offer_Operation) {
	y.t.Helper()
	y.acceptBy(y.s, rs, operations...)
}

func (y *yard) acceptBy(s *scheduler, rs resources.Resources, operations ...*mesospb.Offer_Operation) {
	y.t.Helper()
	o := y.offerOf(s, y.agent, "web", rs)
	y.take()
	if err := s.call(acceptCall([]mesos.OfferID{o}, operations...)); err != nil {
		y.t.Fatalf("ACCEPT: %v", err)
	}
}

// done lets operations be done, from an offer of exactly what they need.
func (y *yard) done(rs resources.Resources, operations ...*mesospb.Offer_Operation) {
	y.t.Helper()
	y.accept(rs, operations...)
	applied := y.applied()
	if len(applied) != len(operations) {
		y.t.Fatalf("%d of %d operations were sent", len(applied), len(operations))
	}
	for _, a := range applied {
		y.answer(1, a, mesospb.OperationState_OPERATION_FINISHED, 0)
	}
}

// applied is the operations that agents were sent since the last take.
func (y *yard) applied() (list []*linkpb.ApplyOperation) {
	for _, e := range y.out {
		if e, ok := e.(SendAgent); ok && e.Message.GetApplyOperation() != nil {
			list = append(list, e.Message.GetApplyOperation())
		}
	}
	return list
}

// acknowledged is the statuses of operations that agents were sent
// acknowledgements of since the last take.
func (y *yard) acknowledged() (list []byte) {
	for _, e := range y.out {
		if e, ok := e.(SendAgent); ok && e.Message.GetAcknowledgeOperation() != nil {
			list = append(list, e.Message.GetAcknowledgeOperation().GetStatusUuid().GetValue()[15])
		}
	}
	return list
}

// answer is an agent's answer to an operation, to be acknowledged if n isn't 0.
func (y *yard) answer(link LinkID, a *linkpb.ApplyOperation, state mesospb.OperationState, n byte) {
	y.t.Helper()
	status := &mesospb.OperationStatus{State: state.Enum(), OperationId: a.GetInfo().GetId()}
	if n != 0 {
		status.Uuid = &mesospb.UUID{Value: uuid(n)}
	}
	y.fromAgent(link, &linkpb.ToMaster{Message: &linkpb.ToMaster_UpdateOperationStatus{
		UpdateOperationStatus: &linkpb.UpdateOperationStatus{FrameworkId: a.FrameworkId, OperationUuid: a.OperationUuid, Status: status},
	}})
}

// operationEvents is what frameworks heard of operations since the last take.
func (y *yard) operationEvents() (list []string) {
	for _, e := range y.out {
		if e, ok := e.(SendEvent); ok && e.Event.GetType() == schedulerpb.Event_UPDATE_OPERATION_STATUS {
			s := e.Event.GetUpdateOperationStatus().GetStatus()
			line := fmt.Sprintf("%s %s %s", e.Stream, s.GetOperationId().GetValue(), strings.TrimPrefix(s.GetState().String(), "OPERATION_"))
			if s.AgentId != nil {
				line += " on " + s.GetAgentId().GetValue()
			}
			if s.Uuid != nil {
				line += fmt.Sprintf(" uuid %d", s.GetUuid().GetValue()[15])
			}
			list = append(list, line)
		}
	}
	return list
}

func (y *yard) wantEvents(want ...string) {
	y.t.Helper()
	if got := y.operationEvents(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		y.t.Errorf("frameworks heard\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantTotal checks what an agent has, as readers and the allocator see it.
func (y *yard) wantTotal(want resources.Resources) {
	y.t.Helper()
	if got := resourcesOf(y.views.agents[y.agent].GetTotalResources()); !got.Equal(want) {
		y.t.Errorf("readers see that the agent has %s, want %s", got, want)
	}
	if got := y.told.agents[y.agent].Total; !got.Equal(want) {
		y.t.Errorf("the allocator knows that the agent has %s, want %s", got, want)
	}
}

// acknowledgeOperation acknowledges a status.
func (y *yard) acknowledgeOperation(s *scheduler, id string, n byte) {
	y.t.Helper()
	err := s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
		AcknowledgeOperationStatus: &schedulerpb.Call_AcknowledgeOperationStatus{
			AgentId: wireAgentID(y.agent), OperationId: &mesospb.OperationID{Value: new(id)}, Uuid: uuid(n),
		},
	})
	if err != nil {
		y.t.Fatalf("ACKNOWLEDGE_OPERATION_STATUS: %v", err)
	}
}

// reconcileOperations asks for operations, named as "id" or "id@agent".
func (y *yard) reconcileOperations(s *scheduler, names ...string) {
	y.t.Helper()
	ask := &schedulerpb.Call_ReconcileOperations{}
	for _, name := range names {
		id, agent, ok := strings.Cut(name, "@")
		o := &schedulerpb.Call_ReconcileOperations_Operation{OperationId: &mesospb.OperationID{Value: new(id)}}
		if ok {
			o.AgentId = wireAgentID(mesos.AgentID(agent))
		}
		ask.Operations = append(ask.Operations, o)
	}
	y.take()
	if err := s.call(&schedulerpb.Call{Type: schedulerpb.Call_RECONCILE_OPERATIONS.Enum(), ReconcileOperations: ask}); err != nil {
		y.t.Fatalf("RECONCILE_OPERATIONS: %v", err)
	}
}

// wireOf is the messages of resources, for the test to change.
func wireOf(rs resources.Resources) []*mesospb.Resource { return copies(convert.ToWire(rs)) }

// only is the one resource in a bag.
func only(rs resources.Resources) resources.Resource {
	for r := range rs.All() {
		return r
	}
	panic("nothing")
}
