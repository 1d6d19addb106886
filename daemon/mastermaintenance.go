package daemon

import (
	"context"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func (o operatorAPI) UpdateMaintenanceSchedule(ctx context.Context, principal string, schedule *maintenancepb.Schedule) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.UpdateMaintenanceSchedule{Request: request, Principal: principal, Schedule: schedule}
	})
}

func (o operatorAPI) StartMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.StartMaintenance{Request: request, Principal: principal, Machines: machines}
	})
}

func (o operatorAPI) StopMaintenance(ctx context.Context, principal string, machines []*mesospb.MachineID) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.StopMaintenance{Request: request, Principal: principal, Machines: machines}
	})
}
