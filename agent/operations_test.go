package agent

import (
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// reservedFor is resources that role dev has reserved and was offered.
func reservedFor(text string) resources.Resources {
	r, err := resources.MustParse(text).PushReservation(resources.Reservation{Dynamic: true, Role: "dev", Principal: "ops"})
	if err != nil {
		panic(err)
	}
	return r.Allocate("dev")
}

// volumeOf is a volume=ID:MB, on a disk=MOUNT:/root or disk=PATH:/root.
func volumeOf(a arguments, id string) *mesospb.Resource {
	name, size, _ := strings.Cut(id, ":")
	v := convert.ToWire(reservedFor("disk:" + size))[0]
	v.Disk = &mesospb.Resource_DiskInfo{
		Persistence: &mesospb.Resource_DiskInfo_Persistence{Id: &name, Principal: new("ops")},
		Volume:      &mesospb.Volume{ContainerPath: new("data"), Mode: mesospb.Volume_RW.Enum()},
		Source:      diskSource(a),
	}
	return v
}

func diskSource(a arguments) *mesospb.Resource_DiskInfo_Source {
	kind, root, ok := strings.Cut(a["disk"], ":")
	switch {
	case !ok:
		return nil
	case kind == "MOUNT":
		return &mesospb.Resource_DiskInfo_Source{Type: mesospb.Resource_DiskInfo_Source_MOUNT.Enum(),
			Mount: &mesospb.Resource_DiskInfo_Source_Mount{Root: &root}}
	}
	return &mesospb.Resource_DiskInfo_Source{Type: mesospb.Resource_DiskInfo_Source_PATH.Enum(),
		Path: &mesospb.Resource_DiskInfo_Source_Path{Root: &root}}
}

// applyMessage asks for an operation: of a framework with id=ID, of an operator
// with operator.
func applyMessage(name string, a arguments) *linkpb.ToAgent {
	info := &mesospb.Offer_Operation{}
	var volumes []*mesospb.Resource
	for _, v := range list(a["volumes"]) {
		volumes = append(volumes, volumeOf(a, v))
		if a.has("shared") {
			volumes[len(volumes)-1].Shared = &mesospb.Resource_SharedInfo{}
		}
	}
	held := func() []*mesospb.Resource { return convert.ToWire(reservedFor(a["resources"])) }
	switch name {
	case "reserve":
		info.Type, info.Reserve = mesospb.Offer_Operation_RESERVE.Enum(), &mesospb.Offer_Operation_Reserve{Resources: held()}
		for _, r := range info.Reserve.Resources {
			r.Disk = nil
			if source := diskSource(a); source != nil {
				r.Disk = &mesospb.Resource_DiskInfo{Source: source}
			}
		}
	case "unreserve":
		info.Type, info.Unreserve = mesospb.Offer_Operation_UNRESERVE.Enum(), &mesospb.Offer_Operation_Unreserve{Resources: held()}
	case "create":
		info.Type, info.Create = mesospb.Offer_Operation_CREATE.Enum(), &mesospb.Offer_Operation_Create{Volumes: volumes}
	case "destroy":
		info.Type, info.Destroy = mesospb.Offer_Operation_DESTROY.Enum(), &mesospb.Offer_Operation_Destroy{Volumes: volumes}
	case "grow":
		info.Type = mesospb.Offer_Operation_GROW_VOLUME.Enum()
		info.GrowVolume = &mesospb.Offer_Operation_GrowVolume{Volume: volumes[0],
			Addition: convert.ToWire(reservedFor("disk:" + a["by"]))[0]}
	case "shrink":
		by := a.number("by", 0)
		info.Type = mesospb.Offer_Operation_SHRINK_VOLUME.Enum()
		info.ShrinkVolume = &mesospb.Offer_Operation_ShrinkVolume{Volume: volumes[0], Subtract: &mesospb.Value_Scalar{Value: &by}}
	case "create-disk":
		info.Type = mesospb.Offer_Operation_CREATE_DISK.Enum()
	}
	m := &linkpb.ApplyOperation{Info: info, OperationUuid: &mesospb.UUID{Value: uuidOf(a["uuid"])}}
	if !a.has("operator") {
		m.FrameworkId = a.framework()
	}
	if a.has("id") {
		info.Id = &mesospb.OperationID{Value: new(a["id"])}
	}
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_ApplyOperation{ApplyOperation: m}}
}

func reconcileMessage(a arguments) *linkpb.ToAgent {
	m := &linkpb.ReconcileOperations{}
	for _, id := range list(a["uuids"]) {
		m.Operations = append(m.Operations, &linkpb.ReconcileOperations_Operation{
			OperationUuid: &mesospb.UUID{Value: uuidOf(id)}, FrameworkId: a.framework(),
			OperationId: &mesospb.OperationID{Value: new("op" + id)},
		})
	}
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_ReconcileOperations{ReconcileOperations: m}}
}

// report has the agent report a pending status of an operation, as no operation
// on an agent's own resources does by itself, and returns what comes of it.
func (s *stage) report(operation, id string) string {
	s.out.Reset()
	s.perform(s.agent.with(s.now, func(a *Agent) {
		o := a.operations.get(uuid(uuidOf(operation)))
		status := a.operationStatus(o, mesospb.OperationState_OPERATION_PENDING, "")
		status.Uuid = &mesospb.UUID{Value: uuidOf(id)}
		a.deliverOperation(o, status)
	}))
	return s.out.String()
}

// with does something to an agent as in a Step.
func (a *Agent) with(now time.Time, do func(*Agent)) []Effect {
	a.now, a.effects = now, a.effects[:0]
	do(a)
	return a.effects
}
