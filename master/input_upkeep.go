package master

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
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

	// DrainAgent has an agent kill what it runs, and deactivates it. MaxGracePeriod
	// caps the grace periods of kill policies (nil: they hold). With MarkGone the
	// agent is gone once nothing is left on it.
	DrainAgent struct {
		Request        RequestID
		Principal      string
		Agent          mesos.AgentID
		MaxGracePeriod *time.Duration
		MarkGone       bool
	}
	// DeactivateAgent stops offers of an agent; what it runs runs on.
	DeactivateAgent struct {
		Request   RequestID
		Principal string
		Agent     mesos.AgentID
	}
	// ReactivateAgent lets an agent be offered again.
	ReactivateAgent struct {
		Request   RequestID
		Principal string
		Agent     mesos.AgentID
	}
	// MarkAgentGone declares that an agent will never come back.
	MarkAgentGone struct {
		Request   RequestID
		Principal string
		Agent     mesos.AgentID
	}
)

func (UpdateMaintenanceSchedule) isInput() {}
func (StartMaintenance) isInput()          {}
func (StopMaintenance) isInput()           {}
func (DrainAgent) isInput()                {}
func (DeactivateAgent) isInput()           {}
func (ReactivateAgent) isInput()           {}
func (MarkAgentGone) isInput()             {}
