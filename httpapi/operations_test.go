package httpapi

import (
	"net/url"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const cpusJSON = `{"name":"cpus","type":"SCALAR","scalar":{"value":2}}`

func TestOperatorsChangeResources(t *testing.T) {
	const api = "/api/v1"
	call := func(name, fields string) string {
		return `{"type":"` + name + `","` + strings.ToLower(name) + `":{` + fields + `}}`
	}
	for _, test := range []struct {
		body   string
		status int
		want   string // the operation
	}{
		{call("RESERVE_RESOURCES", `"agent_id":{"value":"A"},"resources":[`+cpusJSON+`],"source":[`+cpusJSON+`]`), 202,
			`{"type":"RESERVE","reserve":{"source":[` + cpusJSON + `],"resources":[` + cpusJSON + `]}}`},
		{call("UNRESERVE_RESOURCES", `"agent_id":{"value":"A"},"resources":[`+cpusJSON+`]`), 202,
			`{"type":"UNRESERVE","unreserve":{"resources":[` + cpusJSON + `]}}`},
		{call("CREATE_VOLUMES", `"agent_id":{"value":"A"},"volumes":[`+cpusJSON+`]`), 202,
			`{"type":"CREATE","create":{"volumes":[` + cpusJSON + `]}}`},
		{call("DESTROY_VOLUMES", `"agent_id":{"value":"A"},"volumes":[`+cpusJSON+`]`), 202,
			`{"type":"DESTROY","destroy":{"volumes":[` + cpusJSON + `]}}`},
		{call("GROW_VOLUME", `"agent_id":{"value":"A"},"volume":`+cpusJSON+`,"addition":`+cpusJSON), 202,
			`{"type":"GROW_VOLUME","grow_volume":{"volume":` + cpusJSON + `,"addition":` + cpusJSON + `}}`},
		{call("SHRINK_VOLUME", `"agent_id":{"value":"A"},"volume":`+cpusJSON+`,"subtract":{"value":1}`), 202,
			`{"type":"SHRINK_VOLUME","shrink_volume":{"volume":` + cpusJSON + `,"subtract":{"value":1}}}`},
		{call("UNRESERVE_RESOURCES", `"agent_id":{"value":"B"},"resources":[]`), 409, ""},
		{call("GROW_VOLUME", `"volume":`+cpusJSON+`,"addition":`+cpusJSON), 400, ""},
		{`{"type":"RESERVE_RESOURCES"}`, 400, ""},
	} {
		config, _ := leader()
		operator := new(fakeOperator)
		config.Operator = operator
		answer := ask(NewMaster(config), "POST", api, test.body)
		if answer.Code != test.status {
			t.Errorf("%s: %d %s", test.body, answer.Code, answer.Body)
		}
		if test.want == "" {
			continue
		}
		want := new(mesospb.Offer_Operation)
		if err := wire.UnmarshalJSON([]byte(test.want), want); err != nil {
			t.Fatal(err)
		}
		if !operator.operation.EqualVT(want) {
			t.Errorf("%s: the backend was asked for %v", test.body, operator.operation)
		}
	}
}

func TestOperatorsChangeResourcesByForms(t *testing.T) {
	// covers: ReservationEndpointsTest.NoSlaveId
	// covers: ReservationEndpointsTest.NoResources
	// covers: PersistentVolumeEndpointsTest.NoSlaveId
	// covers: PersistentVolumeEndpointsTest.NoVolumes
	list := url.QueryEscape("[" + cpusJSON + "]")
	for _, test := range []struct {
		method, path, body string
		status             int
		asked              string
	}{
		{"POST", "/reserve", "slaveId=A&resources=" + list, 202, "operation RESERVE"},
		{"POST", "/master/reserve", "slaveId=A&source=" + list + "&resources=" + list, 202, "operation RESERVE"},
		{"POST", "/unreserve", "slaveId=A&resources=" + list, 202, "operation UNRESERVE"},
		{"POST", "/create-volumes", "slaveId=A&volumes=" + list, 202, "operation CREATE"},
		{"POST", "/destroy-volumes", "slaveId=A&volumes=" + list, 202, "operation DESTROY"},
		{"POST", "/reserve", "slaveId=B&resources=" + list, 409, ""},
		{"POST", "/reserve", "resources=" + list, 400, ""},
		{"POST", "/unreserve", "resources=" + list, 400, ""},
		{"POST", "/create-volumes", "volumes=" + list, 400, ""},
		{"POST", "/destroy-volumes", "volumes=" + list, 400, ""},
		{"POST", "/reserve", "slaveId=A", 400, ""},
		{"POST", "/unreserve", "slaveId=A", 400, ""},
		{"POST", "/create-volumes", "slaveId=A", 400, ""},
		{"POST", "/destroy-volumes", "slaveId=A", 400, ""},
		{"POST", "/reserve", "slaveId=A&resources=" + url.QueryEscape(cpusJSON), 400, ""},
		{"POST", "/reserve", "slaveId=A&resources=[3]", 400, ""},
		{"POST", "/reserve", "slaveId=A&source=x&resources=" + list, 400, ""},
		{"POST", "/reserve", "%zz", 400, ""},
		{"GET", "/reserve", "", 405, ""},
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

func TestOperationsAreShown(t *testing.T) {
	// covers: MasterAPITest.GetOperations
	config, _ := leader()
	operation := func(id string) *mesospb.Operation {
		return &mesospb.Operation{
			Uuid: &mesospb.UUID{Value: []byte(id)}, Info: reserveOf(nil, nil),
			LatestStatus: &mesospb.OperationStatus{State: mesospb.OperationState_OPERATION_PENDING.Enum()},
		}
	}
	config.View.PutOperation(operation("one"))
	config.View.PutOperation(operation("two"))
	config.View.DropOperation("one")
	answer := ask(NewMaster(config), "POST", "/api/v1", `{"type":"GET_OPERATIONS"}`)
	response := new(masterpb.Response)
	if err := wire.UnmarshalJSON(answer.Body.Bytes(), response); err != nil {
		t.Fatal(err)
	}
	if got := response.GetGetOperations().GetOperations(); len(got) != 1 || !got[0].EqualVT(operation("two")) {
		t.Errorf("operations are %v", got)
	}
	config.View.Reset()
	if got := config.View.operationList(); len(got) > 0 {
		t.Errorf("operations of the term before are %v", got)
	}
}
