package master

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// operate does an operation of an ACCEPT that changes resources. One that can't
// be done leaves everything as it was; the framework hears of it if it asked to.
func (m *Master) operate(l *launch, info *mesospb.Offer_Operation) {
	if err := m.tryOperation(l, info); err != nil {
		m.dropOperation(l.framework, info, err.Error())
	}
}

func (m *Master) tryOperation(l *launch, info *mesospb.Offer_Operation) error {
	a, f := l.agent, l.framework
	if err := m.mayOperate(f.info.GetPrincipal(), info); err != nil {
		return err
	}
	request, err := readOperation(info, l.role)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "operation attempted with invalid resources: %w", err)
	}
	if info.Id != nil && !a.has(mesospb.AgentInfo_Capability_AGENT_OPERATION_FEEDBACK) {
		return mesos.Errorf(mesos.Invalid, "operation: id: feedback was asked for, but agent %s lacks the capability AGENT_OPERATION_FEEDBACK", a.id)
	}
	if err := request.validate(a, f, f.info.GetPrincipal()); err != nil {
		return mesos.Errorf(mesos.Invalid, "%w; on agent %s", err, a.id)
	}
	conversions, err := convert.Conversions(info)
	if err != nil {
		return err
	}
	left, err := l.left.Apply(conversions...)
	if err != nil {
		return err
	}
	if info.GetType() == mesospb.Offer_Operation_DESTROY {
		m.rescindVolumes(a, request.resources)
	}
	bare := unallocated(conversions)
	if _, err := a.total.Apply(bare...); err != nil {
		return mesos.Errorf(mesos.Invalid, "agent %s: %w", a.id, err)
	}
	switch info.GetType() {
	case mesospb.Offer_Operation_GROW_VOLUME, mesospb.Offer_Operation_SHRINK_VOLUME:
		// What comes of it can't be used by the operations that follow.
		l.left = l.left.Sub(conversions[0].Consumed)
		l.resized = l.resized.Add(conversions[0].Converted)
	default:
		l.left = left
	}
	if info.GetType() == mesospb.Offer_Operation_CREATE || info.GetType() == mesospb.Offer_Operation_DESTROY {
		l.shared = l.left.Shared()
	}
	m.apply(a, f, info, bare)
	for _, c := range conversions {
		m.allocate(allocation.UpdateAllocation{
			Grant:     allocation.Grant{Framework: f.id, Agent: a.id, Resources: c.Consumed},
			Converted: c.Converted,
		})
	}
	return nil
}

// unallocated is conversions of what an agent has.
func unallocated(conversions []resources.Conversion) []resources.Conversion {
	bare := make([]resources.Conversion, len(conversions))
	for i, c := range conversions {
		bare[i] = c.Unallocate()
	}
	return bare
}

// rescindVolumes takes back the offers with volumes that are about to be
// destroyed: shared ones may be on offer to others.
func (m *Master) rescindVolumes(a *agent, volumes []resources.Resource) {
	for _, o := range offersInOrder(a.offers) {
		bare := o.resources.Unallocate()
		if slices.ContainsFunc(volumes, func(v resources.Resource) bool {
			v.AllocationRole = ""
			return bare.Contains(resources.Of(v))
		}) {
			m.rescind(o)
		}
	}
}

// dropOperation refuses an operation. The framework hears of it if it asked to.
func (m *Master) dropOperation(f *framework, info *mesospb.Offer_Operation, message string) {
	m.counters.operationState(info.GetType(), mesospb.OperationState_OPERATION_ERROR, 1)
	m.log(LogWarn, "operation dropped", "framework", f.id, "operation", info.GetType(), "because", message)
	if info.Id != nil {
		m.sendOperationUpdate(f, operationStatus(mesospb.OperationState_OPERATION_ERROR, info.Id, nil, message))
	}
}
