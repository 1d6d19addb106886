package exec

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// How long an agent's resources are kept away when they were declined, in seconds.
const (
	// shortSeconds: what does not fit now may fit in a moment.
	shortSeconds = 1
	// unsuitableSeconds: an agent is not what the constraints say, until it is another one.
	unsuitableSeconds = 60
	// neverSeconds: nothing more is needed for the rest of the execution.
	neverSeconds = 365 * 24 * 3600
)

// onOffers launches what waits, on one agent after the other.
func (m *Machine) onOffers(offers []*mesospb.Offer) {
	var declined, unsuitable []*mesospb.OfferID
	rooms := make([]room, 0, len(offers))
	for _, offer := range offers {
		offered, err := convert.Resources(offer.GetResources())
		switch {
		case len(m.waiting) == 0 || err != nil: // not a resource that any task here can use
			declined = append(declined, offer.GetId())
		case !suits(m.spec.Constraints, offer.GetHostname(), offer.GetAttributes()):
			unsuitable = append(unsuitable, offer.GetId())
		default:
			rooms = append(rooms, room{offer: offer, left: offered.Unallocate()})
		}
	}
	for any := true; any; {
		any = false
		for i := range rooms {
			if m.mayLaunch() && m.fill(&rooms[i]) {
				any = true
			}
		}
	}
	launched := false
	for i := range rooms {
		if r := &rooms[i]; len(r.jobs) == 0 {
			declined = append(declined, r.offer.GetId())
		} else {
			m.accept(r)
			launched = true
		}
	}
	if launched {
		m.disarm(offerDeadline)
		if len(m.waiting) == 0 {
			m.suppressed = true
			m.send(schedulerpb.Call_SUPPRESS, nil)
		}
		for i := range rooms {
			m.submitted(&rooms[i])
		}
	}
	m.decline(declined, m.refusal())
	m.decline(unsuitable, max(m.refusal(), unsuitableSeconds))
}

// refusal is for how many seconds what is left over is kept away.
func (m *Machine) refusal() float64 {
	if len(m.waiting) == 0 {
		return neverSeconds
	}
	return shortSeconds
}

func (m *Machine) accept(r *room) {
	operations := r.operations
	if !m.spec.Group {
		operations = []*mesospb.Offer_Operation{{
			Type:   mesospb.Offer_Operation_LAUNCH.Enum(),
			Launch: &mesospb.Offer_Operation_Launch{TaskInfos: r.tasks},
		}}
	}
	seconds := m.refusal()
	m.send(schedulerpb.Call_ACCEPT, func(c *schedulerpb.Call) {
		c.Accept = &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{r.offer.GetId()}, Operations: operations,
			Filters: &mesospb.Filters{RefuseSeconds: &seconds},
		}
	})
}

// submitted tells of what was launched in a room.
func (m *Machine) submitted(r *room) {
	size := len(m.spec.Tasks)
	for i := range r.jobs {
		notice := Submitted{
			Group: m.spec.Group, AgentID: mesos.AgentID(r.offer.GetAgentId().GetValue()), Host: r.offer.GetHostname(),
		}
		for _, task := range r.tasks[i*size : (i+1)*size] {
			notice.Names = append(notice.Names, task.GetName())
			notice.IDs = append(notice.IDs, mesos.TaskID(task.GetTaskId().GetValue()))
		}
		m.tell(notice)
	}
}

func (m *Machine) decline(offers []*mesospb.OfferID, seconds float64) {
	if len(offers) == 0 {
		return
	}
	m.send(schedulerpb.Call_DECLINE, func(c *schedulerpb.Call) {
		c.Decline = &schedulerpb.Call_Decline{OfferIds: offers, Filters: &mesospb.Filters{RefuseSeconds: &seconds}}
	})
}

// revive asks for offers again when something waits anew.
func (m *Machine) revive() {
	if m.suppressed {
		m.suppressed = false
		m.send(schedulerpb.Call_REVIVE, nil)
	}
}
