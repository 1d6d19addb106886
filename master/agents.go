package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An agent is one that is registered with this master, connected or (for a
// while) not.
type agent struct {
	id           mesos.AgentID
	info         *mesospb.AgentInfo // with id; replaced, never changed
	version      string
	capabilities []*mesospb.AgentInfo_Capability
	attributes   []mesos.Attribute
	total        resources.Resources

	// What the agent said that it has, and the operations that lead from there to
	// total: see totals.go.
	settled    resources.Resources
	advanced   []*operation
	operations map[operationUUID]*operation

	link       LinkID
	recovering LinkID // over which it is pinged before it registers again; 0: none
	host       string // as the connection shows it
	url        *mesospb.URL
	connected  bool
	active     bool // its resources may be offered

	registered, reregistered *mesospb.TimeInfo

	holdings      map[mesos.FrameworkID]*holding
	offers        map[*offer]struct{}
	used, offered resources.Resources

	outage  *mesospb.Unavailability                               // planned for its machine
	inverse []*inverseOffer                                       // in the order they were made
	answers map[mesos.FrameworkID]*allocatorpb.InverseOfferStatus // to inverse offers of this outage

	ping       timer
	pinged     bool // and no pong since
	unanswered int
	reregister timer    // runs while it is not connected
	removal    *removal // waits for the limit of removals

	dirty, totalsDirty bool
	leaving            bool // and removed once the registry has it
	removed            bool
}

// address is the host:port at which the agent serves HTTP.
func (a *agent) address() string { return joinHostPort(a.host, a.info.GetPort()) }

// has reports whether the agent said that it has a capability.
func (a *agent) has(c mesospb.AgentInfo_Capability_Type) bool {
	for _, have := range a.capabilities {
		if have.GetType() == c {
			return true
		}
	}
	return false
}

// A transition is what happens to an agent while the registry writes it down.
// Whatever else is to happen to the agent waits until then.
type transition struct {
	link   LinkID
	closed bool // the link broke meanwhile
	// next is a re-registration that arrived meanwhile, and waiting is what
	// operators asked for.
	next    *arrival
	waiting []func()
}

// An arrival is an agent that registers again.
type arrival struct {
	link      LinkID
	address   string
	principal string
	message   *linkpb.Reregister
}

// begin starts a transition: then is called once the writes are durable, and
// after it a re-registration that arrived meanwhile is taken up.
func (m *Master) begin(id mesos.AgentID, link LinkID, writes []RegistryWrite, then func(*transition)) {
	tr := &transition{link: link}
	m.transitions[id] = tr
	if link != 0 {
		m.pendingLinks[link] = tr
	}
	m.write(writes, func() {
		delete(m.transitions, id)
		if m.pendingLinks[link] == tr {
			delete(m.pendingLinks, link)
		}
		then(tr)
		if a := m.agents[id]; a != nil {
			m.removeDown(a)
		}
		for _, do := range tr.waiting {
			m.when(id, do)
		}
		if tr.next != nil {
			delete(m.pendingLinks, tr.next.link)
			m.reregister(*tr.next)
		}
	})
}

// when does something as soon as an agent is amid no change.
func (m *Master) when(id mesos.AgentID, do func()) {
	if tr := m.transitions[id]; tr != nil {
		tr.waiting = append(tr.waiting, do)
		return
	}
	do()
}

// postpone keeps a re-registration until the transition is over. Only the newest
// link of an agent counts.
func (m *Master) postpone(tr *transition, in arrival) {
	if in.link == tr.link {
		return // under way
	}
	if tr.next != nil && tr.next.link != in.link {
		delete(m.pendingLinks, tr.next.link)
		m.emit(CloseLink{Link: tr.next.link})
	}
	tr.next = &in
	m.pendingLinks[in.link] = tr
}

// register admits an agent that is new, or lost its memory. It gets an ID once
// the registry has it.
func (m *Master) register(in AgentMessage, msg *linkpb.Register) {
	if a := m.links[in.Link]; a != nil {
		m.sendRegistered(a, nil)
		return
	}
	if m.pendingLinks[in.Link] != nil {
		return // under way
	}
	info := msg.GetAgentInfo()
	info.Id = nil
	a, err := m.newAgent(info, msg.GetIp(), in.Address)
	if err != nil {
		m.refuse(in.Link, in.Address, "register: "+err.Error())
		return
	}
	if err := m.suits(a, msg.GetVersion()); err != nil {
		m.turnAway(in.Link, in.Address, err)
		return
	}
	if err := m.mayJoin(in.Principal, a.total); err != nil {
		m.turnAway(in.Link, in.Address, err)
		return
	}
	if m.refusesMachine(a, in.Link, in.Address) {
		return
	}
	if old := m.addresses[a.key()]; old != nil && m.transitions[old.id] == nil {
		// It can't be there any more: a new one has its address.
		m.log(LogInfo, "agent replaced by a new one at its address", "agent", old.id, "address", a.key())
		m.removeAgent(old, "a new agent registered at its address", &m.counters.removalsRegistered)
	}
	if a.settled, err = totalResources(msg.GetTotalResources(), a.settled); err != nil {
		m.refuse(in.Link, in.Address, "register: "+err.Error())
		return
	}
	a.total = a.settled
	a.id = m.newAgentID()
	info.Id = wireAgentID(a.id)
	a.link, a.version, a.capabilities = in.Link, msg.GetVersion(), msg.GetCapabilities()
	m.begin(a.id, in.Link, []RegistryWrite{putAdmitted(info, nil)}, func(tr *transition) {
		if tr.closed {
			// It never learned its ID, so it will not come back with it.
			m.write([]RegistryWrite{{Key: AdmittedKey(a.id)}}, func() {})
			return
		}
		a.registered = m.timeInfo()
		m.counters.agentRegistrations++
		m.addAgent(a, nil)
		m.sendRegistered(a, nil)
		m.sendPing(a)
		m.log(LogInfo, "agent registered", "agent", a.id, "hostname", info.GetHostname(), "address", a.address(), "resources", a.total)
	})
}

// newAgent checks what an agent says of itself.
func (m *Master) newAgent(info *mesospb.AgentInfo, ip, connection string) (*agent, error) {
	host, err := agentHost(ip, connection)
	if err != nil {
		return nil, err
	}
	a := &agent{
		info:       info,
		host:       host,
		holdings:   make(map[mesos.FrameworkID]*holding),
		offers:     make(map[*offer]struct{}),
		operations: make(map[operationUUID]*operation),
	}
	if info == nil {
		return nil, mesos.Errorf(mesos.Invalid, "agent_info: missing")
	}
	if info.Id != nil {
		if err := mesos.ValidateID(info.GetId().GetValue()); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "agent_info.id: %w", err)
		}
		a.id = mesos.AgentID(info.GetId().GetValue())
	}
	total, err := configuredResources(info)
	if err != nil {
		return nil, err
	}
	a.settled, a.total = total, total
	if err := m.describe(a, info); err != nil {
		return nil, err
	}
	return a, nil
}

// describe sets what an agent says of itself, its resources aside.
func (m *Master) describe(a *agent, info *mesospb.AgentInfo) error {
	attributes, err := convert.Attributes(info.GetAttributes())
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "agent_info.attributes: %w", err)
	}
	a.info, a.attributes = info, attributes
	a.outage = m.maintenance.outages[a.machine()]
	a.url = &mesospb.URL{
		Scheme:  new("http"),
		Address: &mesospb.Address{Hostname: info.Hostname, Ip: new(a.host), Port: new(info.GetPort())},
		Path:    new("/slave(1)"),
	}
	return nil
}

// key tells agents apart by where they are.
func (a *agent) key() string { return a.info.GetHostname() + " " + a.address() }

// addAgent makes an agent known, with what it runs.
func (m *Master) addAgent(a *agent, used []allocation.Grant) {
	m.agents[a.id], m.links[a.link], m.addresses[a.key()] = a, a, a
	a.connected, a.active = true, true
	a.outage = m.maintenance.outages[a.machine()] // which may have changed while the registry wrote
	m.counters.total = m.counters.total.add(a.total)
	m.allocate(allocation.AddAgent{Agent: a.allocation(), Used: used})
	m.stand(a)
}

// allocation is the agent as the allocator knows it.
func (a *agent) allocation() *allocation.Agent {
	return &allocation.Agent{
		ID:           a.id,
		Hostname:     a.info.GetHostname(),
		Attributes:   a.attributes,
		Domain:       convert.Domain(a.info.GetDomain()),
		Capabilities: convert.AgentCapabilities(a.capabilities),
		Total:        a.total,

		Unavailability: unavailability(a.outage),
	}
}

// sendRegistered tells an agent that it is registered, and of which tasks the
// master wants to hear.
func (m *Master) sendRegistered(a *agent, reconcile []*linkpb.Registered_Reconcile) {
	silence := m.config.AgentPingTimeout.Seconds() * float64(m.config.MaxAgentPingTimeouts)
	m.sendAgent(a, &linkpb.ToAgent{Message: &linkpb.ToAgent_Registered{Registered: &linkpb.Registered{
		AgentId:            a.info.Id,
		Term:               new(m.config.Term),
		PingTimeoutSeconds: new(silence),
		Reconcile:          reconcile,
	}}})
}

// agentUpdate: an agent's description changed while it stayed registered.
func (m *Master) agentUpdate(a *agent, info *mesospb.AgentInfo) {
	if info.GetId().GetValue() != string(a.id) || m.transitions[a.id] != nil {
		m.log(LogWarn, "agent update ignored: it is of another agent, or comes amid a change", "agent", a.id)
		return
	}
	if info.EqualVT(a.info) {
		return
	}
	if _, err := a.reconfigured(info); err != nil {
		m.log(LogWarn, "agent update ignored", "agent", a.id, "error", err)
		return
	}
	m.begin(a.id, 0, []RegistryWrite{putAdmitted(info, m.standings[a.id])}, func(*transition) {
		if a.removed {
			return
		}
		settled, err := a.reconfigured(info)
		if err == nil {
			a.settled = settled
			err = m.redescribe(a, info)
		}
		if err != nil {
			m.log(LogWarn, "agent update ignored", "agent", a.id, "error", err)
		}
	})
}

// redescribe replaces what a registered agent said of itself. Its offers show
// what it was, so they are rescinded.
func (m *Master) redescribe(a *agent, info *mesospb.AgentInfo) error {
	key, outage := a.key(), a.outage
	if err := m.describe(a, info); err != nil {
		return err
	}
	if m.addresses[key] == a {
		delete(m.addresses, key)
	}
	m.addresses[a.key()] = a
	if !outage.EqualVT(a.outage) { // it calls itself another host
		m.withdrawAll(a, true)
		a.answers = nil
	}
	m.replaceTotal(a, a.expected())
	return nil
}
