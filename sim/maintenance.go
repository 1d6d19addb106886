package sim

import (
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// machineID is a machine as operators name it.
func (m *machine) machineID() *mesospb.MachineID {
	host, _, _ := strings.Cut(m.address, ":")
	return &mesospb.MachineID{Hostname: new(strings.ToLower(m.name)), Ip: &host}
}

// changeMaintenance plans outages, or takes machines down, or brings them up.
func (c *cluster) changeMaintenance(l *leader) {
	schedule := new(maintenancepb.Schedule)
	switch draining, down := machinesOf(l.maintenance); {
	case c.chance(2) || len(draining)+len(down) == 0:
		for _, m := range c.machines {
			if id := m.machineID(); contains(down, id) || c.chance(3) {
				schedule.Windows = append(schedule.Windows, c.someWindow(id))
			}
		}
		c.maintain(l, schedule)
	case len(draining) > 0 && c.chance(2):
		id := draining[c.rand.IntN(len(draining))]
		c.logf("%s: %s is to go down", l.name, id.GetHostname())
		for _, m := range c.machines {
			if m.machineID().GetHostname() == id.GetHostname() {
				m.expelled = true
			}
		}
		l.ask(func(err error) { c.logf("%s: %s down: %v", l.name, id.GetHostname(), err) }, func(request master.RequestID) master.Input {
			return master.StartMaintenance{Request: request, Machines: []*mesospb.MachineID{id}}
		})
	case len(down) > 0:
		c.bringUp(l, down)
	}
}

func (c *cluster) bringUp(l *leader, down []*mesospb.MachineID) {
	c.logf("%s: %d machines are to come up", l.name, len(down))
	l.ask(func(err error) { c.logf("%s: up: %v", l.name, err) }, func(request master.RequestID) master.Input {
		return master.StopMaintenance{Request: request, Machines: down}
	})
}

func (c *cluster) maintain(l *leader, schedule *maintenancepb.Schedule) {
	c.logf("%s: %d windows of maintenance are to be planned", l.name, len(schedule.GetWindows()))
	l.ask(func(err error) { c.logf("%s: maintenance: %v", l.name, err) }, func(request master.RequestID) master.Input {
		return master.UpdateMaintenanceSchedule{Request: request, Schedule: schedule}
	})
}

// someWindow is an outage of one machine.
func (c *cluster) someWindow(id *mesospb.MachineID) *maintenancepb.Window {
	return &maintenancepb.Window{MachineIds: []*mesospb.MachineID{id}, Unavailability: &mesospb.Unavailability{
		Start:    &mesospb.TimeInfo{Nanoseconds: new(c.now.Add(c.between(0, time.Minute)).UnixNano())},
		Duration: &mesospb.DurationInfo{Nanoseconds: new(int64(c.between(0, time.Minute)))},
	}}
}

func machinesOf(p *maintenancepb.ClusterStatus) (draining, down []*mesospb.MachineID) {
	for _, m := range p.GetDrainingMachines() {
		draining = append(draining, m.GetId())
	}
	return draining, p.GetDownMachines()
}

func contains(list []*mesospb.MachineID, id *mesospb.MachineID) bool {
	for _, other := range list {
		if other.GetHostname() == id.GetHostname() {
			return true
		}
	}
	return false
}

// endMaintenance brings every machine up and empties the schedule, again until it
// is so.
func (c *cluster) endMaintenance() {
	if l := c.leading(); l != nil {
		switch draining, down := machinesOf(l.maintenance); {
		case len(down) > 0:
			c.bringUp(l, down)
		case len(draining) > 0:
			c.maintain(l, new(maintenancepb.Schedule))
		}
	}
	c.after(waitABit, c.endMaintenance)
}
