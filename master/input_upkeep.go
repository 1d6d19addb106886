package master

import (
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What operators ask for to take machines and agents out of use, and back. Each is
// answered by a Reply once it is durable.
type (
	// UpdateMaintenanceSchedule replaces the schedule of maintenance.
	UpdateMaintenanceSchedule struct {
		Request   RequestID
		Principal string
		Schedule  *maintenancepb.Schedule
	}
	// StartMaintenance takes machines of the schedule down.
	StartMaintenance struct {
		Request   RequestID
		Principal string
		Machines  []*mesospb.MachineID
	}
	// StopMaintenance brings machines up again that are down.
	StopMaintenance struct {
		Request   RequestID
		Principal string
		Machines  []*mesospb.MachineID
	}
)

func (UpdateMaintenanceSchedule) isInput() {}
func (StartMaintenance) isInput()          {}
func (StopMaintenance) isInput()           {}
