package master

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The maintenance of machines. A machine of the schedule is draining: frameworks
// see when it will be unavailable, and those that hold something of it are asked
// to leave. Then it is down: its agents are removed and refused until it is up
// again, which takes it out of the schedule.
// https://mesos.apache.org/documentation/latest/maintenance/

// maxScheduleBytes is how large a schedule may be: it is one value of the registry.
const maxScheduleBytes = 512 << 10

// machineID tells machines apart: by host name, whatever its case, and IP
// address. An agent is on a machine if both are the agent's.
type machineID struct{ hostname, ip string }

func machineOf(id *mesospb.MachineID) machineID {
	return machineID{strings.ToLower(id.GetHostname()), canonicalIP(id.GetIp())}
}

// machine is where an agent is.
func (a *agent) machine() machineID {
	return machineID{strings.ToLower(a.info.GetHostname()), canonicalIP(a.host)}
}

// canonicalIP writes an address in the one way that is compared.
func canonicalIP(text string) string {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Unmap().String()
	}
	return text
}

func (id machineID) String() string {
	switch {
	case id.ip == "":
		return id.hostname
	case id.hostname == "":
		return id.ip
	}
	return id.hostname + " (" + id.ip + ")"
}

func (id machineID) wire() *mesospb.MachineID {
	w := new(mesospb.MachineID)
	if id.hostname != "" {
		w.Hostname = &id.hostname
	}
	if id.ip != "" {
		w.Ip = &id.ip
	}
	return w
}

// maintenance is what is planned for machines and what is under way. It is
// replaced, never changed.
type maintenance struct {
	schedule *maintenancepb.Schedule
	outages  map[machineID]*mesospb.Unavailability // of all machines of the schedule
	down     map[machineID]bool                    // some of them; the others are draining
}

// newMaintenance checks a schedule. Machines that are down may not leave it.
func newMaintenance(schedule *maintenancepb.Schedule, down map[machineID]bool) (*maintenance, error) {
	if n := schedule.SizeVT(); n > maxScheduleBytes {
		return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: %d bytes; more than %d are not supported", n, maxScheduleBytes)
	}
	next := &maintenance{schedule: schedule, outages: make(map[machineID]*mesospb.Unavailability), down: down}
	for i, window := range schedule.GetWindows() {
		if len(window.GetMachineIds()) == 0 {
			return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: windows[%d]: it has no machines", i)
		}
		outage := window.GetUnavailability()
		if outage.GetStart() == nil {
			return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: windows[%d]: unavailability.start: missing", i)
		}
		if d := outage.GetDuration().GetNanoseconds(); d < 0 {
			return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: windows[%d]: unavailability.duration: %v is negative", i, time.Duration(d))
		}
		ids, err := readMachines(window.GetMachineIds())
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: windows[%d]: %w", i, err)
		}
		for _, id := range ids {
			if next.outages[id] != nil {
				return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: windows[%d]: machine %s is in an earlier window, too", i, id)
			}
			next.outages[id] = outage
		}
	}
	for _, id := range sortedMachines(down) {
		if next.outages[id] == nil {
			return nil, mesos.Errorf(mesos.Invalid, "maintenance schedule: machine %s is down and may not leave the schedule (bring it up first)", id)
		}
	}
	return next, nil
}

// readMachines checks a list of machines: none is there twice.
func readMachines(list []*mesospb.MachineID) ([]machineID, error) {
	if len(list) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "no machines are named")
	}
	ids := make([]machineID, len(list))
	known := make(map[machineID]bool, len(list))
	for i, w := range list {
		if w.GetHostname() == "" && w.GetIp() == "" {
			return nil, mesos.Errorf(mesos.Invalid, "machine %d of %d has neither hostname nor ip", i+1, len(list))
		}
		if w.GetIp() != "" {
			if _, err := netip.ParseAddr(w.GetIp()); err != nil {
				return nil, mesos.Errorf(mesos.Invalid, "machine %d of %d: ip: %q is no address", i+1, len(list), w.GetIp())
			}
		}
		ids[i] = machineOf(w)
		if known[ids[i]] {
			return nil, mesos.Errorf(mesos.Invalid, "machine %s is named twice", ids[i])
		}
		known[ids[i]] = true
	}
	return ids, nil
}

func sortedMachines(set map[machineID]bool) []machineID {
	return slices.SortedFunc(maps.Keys(set), func(a, b machineID) int {
		if c := strings.Compare(a.hostname, b.hostname); c != 0 {
			return c
		}
		return strings.Compare(a.ip, b.ip)
	})
}

// start is the maintenance with machines down that were draining.
func (p *maintenance) start(list []*mesospb.MachineID) (*maintenance, error) {
	ids, err := readMachines(list)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "start maintenance: %w", err)
	}
	down := maps.Clone(p.down)
	for _, id := range ids {
		switch {
		case p.outages[id] == nil:
			return nil, mesos.Errorf(mesos.Invalid, "start maintenance: machine %s is not in the maintenance schedule", id)
		case p.down[id]:
			return nil, mesos.Errorf(mesos.Invalid, "start maintenance: machine %s is not draining: it is down already", id)
		}
		down[id] = true
	}
	return &maintenance{schedule: p.schedule, outages: p.outages, down: down}, nil
}

// stop is the maintenance without machines that were down.
func (p *maintenance) stop(list []*mesospb.MachineID) (*maintenance, error) {
	ids, err := readMachines(list)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "stop maintenance: %w", err)
	}
	down, up := maps.Clone(p.down), make(map[machineID]bool)
	for _, id := range ids {
		switch {
		case p.outages[id] == nil:
			return nil, mesos.Errorf(mesos.Invalid, "stop maintenance: machine %s is not in the maintenance schedule", id)
		case !p.down[id]:
			return nil, mesos.Errorf(mesos.Invalid, "stop maintenance: machine %s is not down", id)
		}
		delete(down, id)
		up[id] = true
	}
	schedule := new(maintenancepb.Schedule)
	for _, window := range p.schedule.GetWindows() {
		var stay []*mesospb.MachineID
		for _, id := range window.GetMachineIds() {
			if !up[machineOf(id)] {
				stay = append(stay, id)
			}
		}
		if len(stay) > 0 {
			schedule.Windows = append(schedule.Windows, &maintenancepb.Window{MachineIds: stay, Unavailability: window.GetUnavailability()})
		}
	}
	return newMaintenance(schedule, down)
}

// status is how far the maintenance is, with the answers of frameworks.
func (m *Master) maintenanceStatus() *maintenancepb.ClusterStatus {
	answers := make(map[machineID][]*allocatorpb.InverseOfferStatus)
	for _, id := range sortedKeys(m.agents) {
		a := m.agents[id]
		for _, framework := range sortedKeys(a.answers) {
			answers[a.machine()] = append(answers[a.machine()], a.answers[framework])
		}
	}
	status := new(maintenancepb.ClusterStatus)
	for _, window := range m.maintenance.schedule.GetWindows() {
		for _, w := range window.GetMachineIds() {
			if id := machineOf(w); m.maintenance.down[id] {
				status.DownMachines = append(status.DownMachines, w)
			} else {
				status.DrainingMachines = append(status.DrainingMachines, &maintenancepb.ClusterStatus_DrainingMachine{Id: w, Statuses: answers[id]})
			}
		}
	}
	return status
}

// updateMaintenance replaces the schedule. Machines keep being down.
func (m *Master) updateMaintenance(in UpdateMaintenanceSchedule) {
	if err := m.may(in.Principal, acl.UpdateMaintenanceSchedule, "update the maintenance schedule"); err != nil {
		m.reply(in.Request, err)
		return
	}
	next, err := newMaintenance(in.Schedule, m.acceptedMaintenance.down)
	m.changeMaintenance(in.Request, in.Principal, next, err)
}

// startMaintenance takes machines down that were draining.
func (m *Master) startMaintenance(in StartMaintenance) {
	if err := m.may(in.Principal, acl.StartMaintenance, "start maintenance"); err != nil {
		m.reply(in.Request, err)
		return
	}
	next, err := m.acceptedMaintenance.start(in.Machines)
	m.changeMaintenance(in.Request, in.Principal, next, err)
}

// stopMaintenance brings machines up again, out of the schedule.
func (m *Master) stopMaintenance(in StopMaintenance) {
	if err := m.may(in.Principal, acl.StopMaintenance, "stop maintenance"); err != nil {
		m.reply(in.Request, err)
		return
	}
	next, err := m.acceptedMaintenance.stop(in.Machines)
	m.changeMaintenance(in.Request, in.Principal, next, err)
}

// changeMaintenance makes a change durable, and then true.
func (m *Master) changeMaintenance(request RequestID, principal string, next *maintenance, err error) {
	if err != nil {
		m.reply(request, err)
		return
	}
	m.acceptedMaintenance = next
	m.write([]RegistryWrite{putMaintenance(next)}, func() {
		m.log(LogInfo, "maintenance changed", "machines", len(next.outages), "down", len(next.down), "principal", principal)
		m.maintain(next)
		m.reply(request, nil)
	})
}

// maintain tells agents' frameworks, and the allocator, what is new.
func (m *Master) maintain(next *maintenance) {
	m.maintenance = next
	for _, id := range sortedKeys(m.agents) {
		a := m.agents[id]
		if outage := next.outages[a.machine()]; !outage.EqualVT(a.outage) {
			m.setOutage(a, outage)
		}
		m.removeDown(a)
	}
	m.maintenanceDirty = true
}

// setOutage changes when an agent will be unavailable. Offers show what was, and
// answers are to what was: offers are made anew, and frameworks asked again.
func (m *Master) setOutage(a *agent, outage *mesospb.Unavailability) {
	for _, o := range offersInOrder(a.offers) {
		m.rescind(o)
	}
	m.withdrawAll(a, true)
	a.outage, a.answers = outage, nil
	m.allocate(allocation.UpdateUnavailability{ID: a.id, Unavailability: unavailability(outage)})
}

// unavailability is an outage as the allocator knows it, nil of none.
func unavailability(outage *mesospb.Unavailability) *allocation.Unavailability {
	if outage == nil {
		return nil
	}
	return &allocation.Unavailability{
		Start:    time.Unix(0, outage.GetStart().GetNanoseconds()),
		Duration: time.Duration(outage.GetDuration().GetNanoseconds()),
	}
}

// removeDown removes an agent whose machine is down. One that is amid a change
// is removed after it.
func (m *Master) removeDown(a *agent) {
	if m.maintenance.down[a.machine()] && m.transitions[a.id] == nil {
		m.expelAgent(a, "an operator took its machine down for maintenance")
	}
}

// refusesMachine turns an agent away whose machine is down.
func (m *Master) refusesMachine(a *agent, link LinkID, address string) bool {
	if !m.maintenance.down[a.machine()] {
		return false
	}
	m.refuse(link, address, "machine "+a.machine().String()+" is down for maintenance")
	return true
}
