package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// PutMaintenance shows what is planned for machines, and how far it is.
func (v *MasterView) PutMaintenance(schedule *maintenancepb.Schedule, status *maintenancepb.ClusterStatus) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.schedule, v.maintenance = schedule, status
}

// maintenanceOf is the schedule and the status of maintenance, empty if none is planned.
func (v *MasterView) maintenanceOf() (*maintenancepb.Schedule, *maintenancepb.ClusterStatus) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.schedule == nil {
		return new(maintenancepb.Schedule), new(maintenancepb.ClusterStatus)
	}
	return v.schedule, v.maintenance
}

// maintenanceSeen is what of it the sender of a request may see.
func (m *Master) maintenanceSeen(ctx context.Context) (*maintenancepb.Schedule, *maintenancepb.ClusterStatus) {
	schedule, status := m.View.maintenanceOf()
	principal := principalOf(ctx)
	if !m.ACLs.AllowsAny(principal, acl.GetMaintenanceSchedule) {
		schedule = new(maintenancepb.Schedule)
	}
	if !m.ACLs.AllowsAny(principal, acl.GetMaintenanceStatus) {
		status = new(maintenancepb.ClusterStatus)
	}
	return schedule, status
}

// maintain answers the calls about maintenance; nil for others.
func (m *Master) maintain(ctx context.Context, call *masterpb.Call) (answerer, error) {
	principal := principalOf(ctx)
	name := call.GetType().String()
	schedule, status := m.maintenanceSeen(ctx)
	switch call.GetType() {
	case masterpb.Call_GET_MAINTENANCE_SCHEDULE:
		return message(&masterpb.Response{
			Type:                   masterpb.Response_GET_MAINTENANCE_SCHEDULE.Enum(),
			GetMaintenanceSchedule: &masterpb.Response_GetMaintenanceSchedule{Schedule: schedule},
		}), nil
	case masterpb.Call_GET_MAINTENANCE_STATUS:
		return message(&masterpb.Response{
			Type:                 masterpb.Response_GET_MAINTENANCE_STATUS.Enum(),
			GetMaintenanceStatus: &masterpb.Response_GetMaintenanceStatus{Status: status},
		}), nil
	case masterpb.Call_UPDATE_MAINTENANCE_SCHEDULE:
		if call.UpdateMaintenanceSchedule == nil {
			return nil, missing(name, "update_maintenance_schedule")
		}
		return done, m.Operator.UpdateMaintenanceSchedule(ctx, principal, call.UpdateMaintenanceSchedule.GetSchedule())
	case masterpb.Call_START_MAINTENANCE:
		if call.StartMaintenance == nil {
			return nil, missing(name, "start_maintenance")
		}
		return done, m.Operator.StartMaintenance(ctx, principal, call.StartMaintenance.GetMachines())
	case masterpb.Call_STOP_MAINTENANCE:
		if call.StopMaintenance == nil {
			return nil, missing(name, "stop_maintenance")
		}
		return done, m.Operator.StopMaintenance(ctx, principal, call.StopMaintenance.GetMachines())
	}
	return nil, nil
}

// maintenanceRoutes adds the endpoints of maintenance.
// https://mesos.apache.org/documentation/latest/maintenance/
func (m *Master) maintenanceRoutes(paths *mux) {
	serve := func(path, realm string, handler http.HandlerFunc) {
		paths.handle(path, m.in(realm, requireRecovered(m.Leadership, handler)))
	}
	serve("/maintenance/schedule", m.readwrite, m.maintenanceSchedule)
	serve("/maintenance/status", m.readonly, m.maintenanceStatus)
	serve("/machine/down", m.readwrite, m.machineDown)
	serve("/machine/up", m.readwrite, m.machineUp)
}

// maintenanceSchedule serves /maintenance/schedule: GET shows it, POST replaces it.
func (m *Master) maintenanceSchedule(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	if r.Method != http.MethodPost {
		schedule, _ := m.maintenanceSeen(r.Context())
		writeJSON(w, r, func(emit func([]byte)) { emit(appendBare(nil, schedule)) })
		return
	}
	schedule := new(maintenancepb.Schedule)
	body, err := readBody(w, r)
	if err == nil {
		err = wire.UnmarshalJSON(body, schedule)
	}
	if err == nil {
		err = m.Operator.UpdateMaintenanceSchedule(r.Context(), principalOf(r.Context()), schedule)
	}
	if err != nil {
		refuse(w, err)
	}
}

func (m *Master) maintenanceStatus(w http.ResponseWriter, r *http.Request) {
	if allow(w, r, http.MethodGet, http.MethodHead) {
		_, status := m.maintenanceSeen(r.Context())
		writeJSON(w, r, func(emit func([]byte)) { emit(appendBare(nil, status)) })
	}
}

func (m *Master) machineDown(w http.ResponseWriter, r *http.Request) {
	m.machines(w, r, m.Operator.StartMaintenance)
}

func (m *Master) machineUp(w http.ResponseWriter, r *http.Request) {
	m.machines(w, r, m.Operator.StopMaintenance)
}

// machines serves a POST with a JSON array of machines.
func (m *Master) machines(w http.ResponseWriter, r *http.Request, do func(context.Context, string, []*mesospb.MachineID) error) {
	if !allow(w, r, http.MethodPost) {
		return
	}
	ids, err := readMachines(w, r)
	if err == nil {
		err = do(r.Context(), principalOf(r.Context()), ids)
	}
	if err != nil {
		refuse(w, err)
	}
}

func readMachines(w http.ResponseWriter, r *http.Request) ([]*mesospb.MachineID, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "machines: the body is not a JSON array: %w", err)
	}
	ids := make([]*mesospb.MachineID, len(list))
	for i, text := range list {
		ids[i] = new(mesospb.MachineID)
		if err := wire.UnmarshalJSON(text, ids[i]); err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "machines: entry %d: %w", i, err)
		}
	}
	return ids, nil
}
