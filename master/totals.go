package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What an agent has is what it said last (settled), with the operations that this
// master has asked for since and that the agent has not answered (advanced): the
// master counts on them, because an agent that is there does them.

// advance changes an agent's total as an operation will, which was found to be
// possible.
func (m *Master) advance(a *agent, o *operation) {
	total, err := a.total.Apply(o.conversions...)
	if err != nil {
		panic("master: an operation that was possible no longer is: " + err.Error())
	}
	a.advanced = append(a.advanced, o)
	m.setTotal(a, total)
}

// settle notes how an operation ended that the master counted on. One that
// failed leaves the agent with what it would have converted.
func (m *Master) settleOperation(o *operation) {
	a := o.agent
	for i := range a.advanced {
		if a.advanced[i] == o {
			a.advanced = append(a.advanced[:i:i], a.advanced[i+1:]...)
			break
		}
	}
	conversions := o.conversions
	o.conversions = nil
	if conversions == nil {
		return // the agent told its total since then
	}
	if o.state() != mesospb.OperationState_OPERATION_FINISHED {
		m.retotal(a)
		return
	}
	settled, err := a.settled.Apply(conversions...)
	if err != nil {
		m.log(LogWarn, "an agent did an operation that it has no resources for", "agent", a.id, "operation", o.kind(), "error", err)
		m.retotal(a)
		return
	}
	a.settled = settled
}

// expected is what an agent will have after the operations that the master
// counts on.
func (a *agent) expected() resources.Resources {
	total := a.settled
	for _, o := range a.advanced {
		if after, err := total.Apply(o.conversions...); err == nil {
			total = after // else it needs what another was to make, and will fail
		}
	}
	return total
}

// retotal computes an agent's total anew, after it turned out that it has
// something else than the master counted on.
func (m *Master) retotal(a *agent) {
	if total := a.expected(); !total.Equal(a.total) {
		m.replaceTotal(a, total)
	}
}

// replaceTotal gives an agent another total. Its offers may be of what is not
// there, so they are rescinded.
func (m *Master) replaceTotal(a *agent, total resources.Resources) {
	m.setTotal(a, total)
	m.rescindOf(a)
	m.allocate(allocation.UpdateAgent{Agent: a.allocation()})
}

// resettle notes what an agent says that it has. Operations that it has not heard
// of did not happen.
func (a *agent) resettle(total resources.Resources) {
	for _, o := range a.advanced {
		o.conversions = nil
	}
	a.settled, a.advanced = total, nil
}

// configuredResources is what an agent was configured with.
func configuredResources(info *mesospb.AgentInfo) (resources.Resources, error) {
	rs, err := convert.Resources(info.GetResources())
	if err != nil {
		return rs, mesos.Errorf(mesos.Invalid, "agent_info.resources: %w", err)
	}
	return rs.Unallocate(), nil
}

// totalResources is all that an agent says it has, or what it was configured with
// if it says nothing.
func totalResources(list []*mesospb.Resource, configured resources.Resources) (resources.Resources, error) {
	if len(list) == 0 {
		return configured, nil
	}
	rs, err := convert.Resources(list)
	if err != nil {
		return rs, mesos.Errorf(mesos.Invalid, "total_resources: %w", err)
	}
	return rs.Unallocate(), nil
}

// reconfigured is what an agent has that is configured anew: with the dynamic
// reservations and volumes that it had before, and with its estimate.
func (a *agent) reconfigured(info *mesospb.AgentInfo) (resources.Resources, error) {
	total, err := configuredResources(info)
	if err != nil {
		return total, err
	}
	total, err = total.Restore(a.settled.Checkpointed())
	if err != nil {
		return total, mesos.Errorf(mesos.Invalid, "agent_info.resources: %w", err)
	}
	return total.NonRevocable().Add(a.settled.Revocable()), nil
}

func (m *Master) setTotal(a *agent, total resources.Resources) {
	m.counters.total = m.counters.total.sub(a.total).add(total)
	a.total = total
	m.touchAgent(a)
}

// rescindOf takes back all offers of an agent.
func (m *Master) rescindOf(a *agent) {
	for _, o := range offersInOrder(a.offers) {
		m.rescind(o)
	}
}
