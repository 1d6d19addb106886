package httpapi

import (
	"net/http"
	"testing"

	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestUpkeepIsForTheBackendToDo(t *testing.T) {
	// covers: MasterAPITest.StartAndStopMaintenance
	const api = "/api/v1"
	const schedule = `{"windows":[{"machine_ids":[{"hostname":"a1"}],"unavailability":{"start":{"nanoseconds":1}}}]}`
	for _, test := range []struct {
		method, path, body string
		status             int
		asked              string
	}{
		{"POST", api, `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":` + schedule + `}}`, 200, "schedule of 1 windows"},
		{"POST", api, `{"type":"START_MAINTENANCE","start_maintenance":{"machines":[{"hostname":"a1"}]}}`, 200, "down a1"},
		{"POST", api, `{"type":"STOP_MAINTENANCE","stop_maintenance":{"machines":[{"hostname":"a1"}]}}`, 200, "up a1"},
		{"POST", api, `{"type":"UPDATE_MAINTENANCE_SCHEDULE"}`, 400, ""},
		{"POST", api, `{"type":"START_MAINTENANCE"}`, 400, ""},
		{"POST", api, `{"type":"STOP_MAINTENANCE"}`, 400, ""},
		{"POST", "/maintenance/schedule", schedule, 200, "schedule of 1 windows"},
		{"POST", "/master/maintenance/schedule", `{}`, 200, "schedule of 0 windows"},
		{"POST", "/maintenance/schedule", `{"windows":[{"machine_ids":[{"hostname":"a1"}]}]}`, 400, ""},
		{"POST", "/maintenance/schedule", `[`, 400, ""},
		{"PUT", "/maintenance/schedule", schedule, 405, ""},
		{"POST", "/maintenance/status", ``, 405, ""},
		{"POST", "/machine/down", `[{"hostname":"a1"}]`, 200, "down a1"},
		{"POST", "/master/machine/up", `[{"hostname":"a1"}]`, 200, "up a1"},
		{"POST", "/machine/down", `[]`, 400, ""},
		{"POST", "/machine/down", `[1]`, 400, ""},
		{"POST", "/machine/up", `{"hostname":"a1"}`, 400, ""},
		{"GET", "/machine/up", ``, 405, ""},
		{"POST", api, `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"A"}}}`, 200, "drain A, mark gone false"},
		{"POST", api, `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"A"},"max_grace_period":{"seconds":600},"mark_gone":true}}`,
			200, "drain A, mark gone true, within 10m0s"},
		{"POST", api, `{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"A"},"max_grace_period":{"seconds":1,"nanos":-1}}}`, 400, ""},
		{"POST", api, `{"type":"DRAIN_AGENT"}`, 400, ""},
		{"POST", api, `{"type":"DEACTIVATE_AGENT","deactivate_agent":{"agent_id":{"value":"A"}}}`, 200, "deactivate A"},
		{"POST", api, `{"type":"DEACTIVATE_AGENT"}`, 400, ""},
		{"POST", api, `{"type":"REACTIVATE_AGENT","reactivate_agent":{"agent_id":{"value":"A"}}}`, 200, "reactivate A"},
		{"POST", api, `{"type":"REACTIVATE_AGENT"}`, 400, ""},
		{"POST", api, `{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":"A"}}}`, 200, "gone A"},
		{"POST", api, `{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":"B"}}}`, 404, ""},
		{"POST", api, `{"type":"MARK_AGENT_GONE"}`, 400, ""},
	} {
		config, _ := leader()
		operator := new(fakeOperator)
		config.Operator = operator
		answer := ask(NewMaster(config), test.method, test.path, test.body)
		if answer.Code != test.status || operator.asked != test.asked {
			t.Errorf("%s %s %s: %d %s, and the backend was asked for %q", test.method, test.path, test.body,
				answer.Code, answer.Body, operator.asked)
		}
	}
}

func TestMaintenanceIsShown(t *testing.T) {
	// covers: MasterAPITest.GetMaintenanceStatus
	// covers: MasterAPITest.UpdateAndGetMaintenanceSchedule
	config, _ := leader()
	master := NewMaster(config)
	show := func(schedule, status string) {
		t.Helper()
		const api = "/api/v1"
		for _, test := range []struct{ method, path, body, want string }{
			{http.MethodGet, "/maintenance/schedule", "", schedule},
			{http.MethodGet, "/master/maintenance/status", "", status},
			{http.MethodPost, api, `{"type":"GET_MAINTENANCE_SCHEDULE"}`,
				`{"type":"GET_MAINTENANCE_SCHEDULE","get_maintenance_schedule":{"schedule":` + schedule + `}}`},
			{http.MethodPost, api, `{"type":"GET_MAINTENANCE_STATUS"}`,
				`{"type":"GET_MAINTENANCE_STATUS","get_maintenance_status":{"status":` + status + `}}`},
		} {
			if got := ask(master, test.method, test.path, test.body).Body.String(); got != test.want {
				t.Errorf("%s %s %s:\n got %s\nwant %s", test.method, test.path, test.body, got, test.want)
			}
		}
	}
	show(`{}`, `{}`)
	a1, a2 := &mesospb.MachineID{Hostname: new("A1"), Ip: new("10.0.0.1")}, &mesospb.MachineID{Ip: new("10.0.0.2")}
	config.View.PutMaintenance(
		&maintenancepb.Schedule{Windows: []*maintenancepb.Window{{
			MachineIds:     []*mesospb.MachineID{a1, a2},
			Unavailability: &mesospb.Unavailability{Start: &mesospb.TimeInfo{Nanoseconds: new(int64(5))}},
		}}},
		&maintenancepb.ClusterStatus{
			DrainingMachines: []*maintenancepb.ClusterStatus_DrainingMachine{{Id: a1, Statuses: []*allocatorpb.InverseOfferStatus{{
				Status: allocatorpb.InverseOfferStatus_ACCEPT.Enum(), FrameworkId: &mesospb.FrameworkID{Value: new("F")},
				Timestamp: &mesospb.TimeInfo{Nanoseconds: new(int64(7))},
			}}}},
			DownMachines: []*mesospb.MachineID{a2},
		})
	show(`{"windows":[{"machine_ids":[{"hostname":"A1","ip":"10.0.0.1"},{"ip":"10.0.0.2"}],"unavailability":{"start":{"nanoseconds":5}}}]}`,
		`{"draining_machines":[{"id":{"hostname":"A1","ip":"10.0.0.1"},"statuses":[{"status":"ACCEPT","framework_id":{"value":"F"},`+
			`"timestamp":{"nanoseconds":7}}]}],"down_machines":[{"ip":"10.0.0.2"}]}`)
}
