package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func have(text string) []*mesospb.Resource { return convert.ToWire(resources.MustParse(text)) }

// allocated are resources that a role was given.
func allocated(role, text string) []*mesospb.Resource {
	list := have(text)
	for _, r := range list {
		r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: &role}
	}
	return list
}

func frameworkID(id string) *mesospb.FrameworkID { return &mesospb.FrameworkID{Value: &id} }
func agentID(id string) *mesospb.AgentID         { return &mesospb.AgentID{Value: &id} }

func at(seconds float64) *mesospb.TimeInfo {
	return &mesospb.TimeInfo{Nanoseconds: proto.Int64(int64(seconds * 1e9))}
}

func agentInfo(id string) *mesospb.AgentInfo {
	return &mesospb.AgentInfo{
		Id: agentID(id), Hostname: proto.String(id + ".example"), Port: proto.Int32(5051),
		Resources: have("cpus:2;mem:1024;disk:4096;ports:[31000-32000];cpus(ads):1.5"),
		Attributes: []*mesospb.Attribute{
			{Name: proto.String("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: proto.String("r1")}},
			{Name: proto.String("level"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(3)}},
		},
	}
}

func registeredAgent(id string) *masterpb.Response_GetAgents_Agent {
	info := agentInfo(id)
	return &masterpb.Response_GetAgents_Agent{
		AgentInfo: info, Active: proto.Bool(true), Deactivated: proto.Bool(false), Version: proto.String("1.11.0"),
		Pid: proto.String("slave(1)@10.0.0.2:5051"), RegisteredTime: at(1795292439.5),
		TotalResources: info.Resources, AllocatedResources: allocated("*", "cpus:1;mem:640"),
		Capabilities: []*mesospb.AgentInfo_Capability{{Type: mesospb.AgentInfo_Capability_MULTI_ROLE.Enum()}},
	}
}

func frameworkRecordOf(id string, connected bool, roles ...string) *masterpb.Response_GetFrameworks_Framework {
	info := &mesospb.FrameworkInfo{
		Id: frameworkID(id), Name: proto.String("n" + id), User: proto.String("root"), Hostname: proto.String("h"),
		WebuiUrl: proto.String(""), Principal: proto.String("p"),
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()}},
	}
	if len(roles) > 0 {
		info.Roles = roles
		info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()})
	}
	f := &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: info, Active: &connected, Connected: &connected, Recovered: proto.Bool(false),
		RegisteredTime: at(1795292505.126067),
	}
	if connected {
		f.AllocatedResources = allocated("*", "cpus:1;mem:640")
	}
	return f
}

func status(state mesospb.TaskState, seconds float64) *mesospb.TaskStatus {
	return &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: proto.String("x")}, State: &state, Timestamp: &seconds,
		ContainerStatus: &mesospb.ContainerStatus{
			ContainerId: &mesospb.ContainerID{Value: proto.String("c")}, ExecutorPid: proto.Uint32(7),
			NetworkInfos: []*mesospb.NetworkInfo{{IpAddresses: []*mesospb.NetworkInfo_IPAddress{{
				Protocol: mesospb.NetworkInfo_IPv4.Enum(), IpAddress: proto.String("127.0.0.1"),
			}}}},
		},
	}
}

func task(framework, agent, id string, state mesospb.TaskState, seconds float64) *mesospb.Task {
	return &mesospb.Task{
		Name: proto.String("n" + id), TaskId: &mesospb.TaskID{Value: &id}, FrameworkId: frameworkID(framework),
		AgentId: agentID(agent), State: &state, Resources: allocated("*", "cpus:0.05;mem:32"),
		Statuses: []*mesospb.TaskStatus{status(mesospb.TaskState_TASK_STARTING, seconds), status(state, seconds+1)},
	}
}

// cluster fills a view: two agents, a framework that runs and one that ended.
func cluster(v *MasterView) {
	v.PutAgent(registeredAgent("M-S0"))
	v.PutAgent(registeredAgent("M-S1"))
	v.PutFramework(frameworkRecordOf("F", true, "*", "ads"), false)
	v.PutFramework(frameworkRecordOf("G", true), false)
	for i := range 3 {
		v.PutTask(task("F", "M-S0", fmt.Sprint("t", i), mesospb.TaskState_TASK_RUNNING, float64(100+i)), TaskActive)
	}
	v.PutTask(task("G", "M-S1", "old", mesospb.TaskState_TASK_RUNNING, 50), TaskActive)
	v.PutTask(task("G", "M-S1", "old", mesospb.TaskState_TASK_FINISHED, 50), TaskCompleted)
	v.PutFramework(frameworkRecordOf("G", false), true)
}

// shape is the set of paths in JSON with their types.
func shape(value any, path string, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		into[path+" object"] = true
		for key, element := range value {
			shape(element, path+"."+key, into)
		}
	case []any:
		into[path+" array"] = true
		for _, element := range value {
			shape(element, path+"[]", into)
		}
	case bool:
		into[path+" bool"] = true
	case float64:
		into[path+" number"] = true
	case string:
		into[path+" string"] = true
	}
}

// checkShape fails if an answer lacks a field that Mesos's has. The shapes in
// testdata are those of the answers of a real cluster.
func checkShape(t *testing.T, h http.Handler, path, golden string) {
	t.Helper()
	answer := ask(h, "GET", path)
	var value any
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, answer.Body)
	}
	got := make(map[string]bool)
	shape(value, "", got)
	want, err := os.ReadFile("testdata/shapes/" + golden + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(want)) {
		if line = strings.TrimSpace(line); !got[line] {
			t.Errorf("%s lacks %s", path, line)
		}
	}
}

// fetch decodes what a path answers.
func fetch[T any](t *testing.T, h http.Handler, path string) T {
	t.Helper()
	var value T
	answer := ask(h, "GET", path)
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, answer.Body)
	}
	return value
}

type object = map[string]any

// call sends an operator's call, is answered in both encodings, and returns the
// answer.
func call[R wire.Message](t *testing.T, h http.Handler, body string, answer R) R {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(body))
	request.Header.Set("Content-Type", jsonType)
	request.Header.Set("Accept", protobufType)
	protobuf := httptest.NewRecorder()
	h.ServeHTTP(protobuf, request)
	if err := wire.Unmarshal(protobuf.Body.Bytes(), answer); err != nil {
		t.Fatalf("%s: %d, %v", body, protobuf.Code, err)
	}
	other := proto.Clone(answer).(R)
	recorded := ask(h, "POST", "/api/v1", body)
	if recorded.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", body, recorded.Code, recorded.Body)
	}
	if err := wire.UnmarshalJSON(recorded.Body.Bytes(), answer); err != nil {
		t.Fatalf("%s: %v\n%s", body, err, recorded.Body)
	}
	if again := encode(t, wire.JSON, other); string(again) != recorded.Body.String() {
		t.Errorf("%s: the two encodings differ:\n%s\n%s", body, again, recorded.Body)
	}
	return answer
}
