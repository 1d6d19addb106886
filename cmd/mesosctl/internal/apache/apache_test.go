package apache

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/resourceproviderpb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func TestTheTableIsOfWhatThereIs(t *testing.T) {
	there := map[protoreflect.FullName]bool{}
	var visit func(messages protoreflect.MessageDescriptors)
	enums := func(list protoreflect.EnumDescriptors) {
		for i := range list.Len() {
			for j := range list.Get(i).Values().Len() {
				there[list.Get(i).FullName().Append(list.Get(i).Values().Get(j).Name())] = true
			}
		}
	}
	visit = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			m := messages.Get(i)
			for j := range m.Fields().Len() {
				there[m.Fields().Get(j).FullName()] = true
			}
			enums(m.Enums())
			visit(m.Messages())
		}
	}
	for _, f := range []protoreflect.FileDescriptor{
		mesospb.File_mesos_v1_mesos_proto, masterpb.File_mesos_v1_master_master_proto, agentpb.File_mesos_v1_agent_agent_proto,
		schedulerpb.File_mesos_v1_scheduler_scheduler_proto, executorpb.File_mesos_v1_executor_executor_proto,
		quotapb.File_mesos_v1_quota_quota_proto, resourceproviderpb.File_mesos_v1_resource_provider_resource_provider_proto,
	} {
		enums(f.Enums())
		visit(f.Messages())
	}
	for name, version := range table {
		if !there[name] || version < 6 || version > 11 {
			t.Errorf("%s, of %s, is nothing that there is", name, version)
		}
	}
}

func TestWhatAnOlderVersionHasNot(t *testing.T) {
	message := func() *masterpb.Response_GetAgents_Agent {
		return &masterpb.Response_GetAgents_Agent{
			Active: proto.Bool(true), Deactivated: proto.Bool(true),
			DrainInfo: &mesospb.DrainInfo{State: mesospb.DrainState_DRAINING.Enum(), Config: &mesospb.DrainConfig{}},
			Capabilities: []*mesospb.AgentInfo_Capability{
				{Type: mesospb.AgentInfo_Capability_MULTI_ROLE.Enum()}, {Type: mesospb.AgentInfo_Capability_AGENT_DRAINING.Enum()},
			},
		}
	}
	old, recent := message(), message()
	Version(5).forget(old.ProtoReflect())
	if old.DrainInfo != nil || old.Deactivated != nil || !old.GetActive() || len(old.Capabilities) != 1 {
		t.Errorf("1.5 has %v", old)
	}
	Version(9).forget(recent.ProtoReflect())
	if !proto.Equal(recent, message()) {
		t.Errorf("1.9 has %v", recent)
	}
}

// heard is a master that keeps the calls that it is sent, and answers each alike.
func heard(t *testing.T, calls *[]string, answer string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*calls = append(*calls, string(body))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestCallsAndAnswersAreThoseOfTheVersion(t *testing.T) {
	var calls []string
	at := heard(t, &calls, `{"type":"GET_VERSION","get_version":{"version_info":{"version":"2.0.0"}}}`)
	server := httptest.NewServer(Master(5, at))
	t.Cleanup(server.Close)
	post := func(call string) (int, string) {
		response, err := http.Post(server.URL+"/api/v1", wire.JSON.String(), strings.NewReader(call))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	if status, body := post(`{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"A"}}}`); status != http.StatusBadRequest ||
		body != "Failed to validate master::Call: Expecting 'type' to be present" {
		t.Errorf("a later call: %d %s", status, body)
	}
	status, body := post(`{"type":"RESERVE_RESOURCES","reserve_resources":{"agent_id":{"value":"A"},"source":[{"name":"cpus","type":"SCALAR"}]},"more":1}`)
	if want := `{"type":"RESERVE_RESOURCES","reserve_resources":{"agent_id":{"value":"A"}}}`; !slices.Equal(calls, []string{want}) {
		t.Errorf("calls are %q", calls)
	}
	if status != http.StatusOK || !strings.Contains(body, `"version":"1.5.0"`) {
		t.Errorf("answer is %d %s", status, body)
	}
	if response, err := http.Get(server.URL + "/state"); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %v, %v", response, err)
	}
}

func TestAStandbyNamesTheLeader(t *testing.T) {
	w := httptest.NewRecorder()
	Standby("leader:5050").ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1", nil))
	if w.Code != http.StatusTemporaryRedirect || w.Header().Get("Location") != "//leader:5050/api/v1" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
}
