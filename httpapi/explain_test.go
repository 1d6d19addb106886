package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fakeExplainer explains role a.
type fakeExplainer struct{ err error }

func (f fakeExplainer) Explain(_ context.Context, framework mesos.FrameworkID, _ string, _ mesos.AgentID) ([]allocation.Explanation, error) {
	return []allocation.Explanation{{Framework: framework, Role: "a", Agents: 1}}, f.err
}

func putFramework(v *MasterView, id string, completed bool, roles ...string) {
	v.PutFramework(&masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: &mesospb.FrameworkInfo{
			User: proto.String("root"), Name: proto.String("framework " + id), Id: &mesospb.FrameworkID{Value: &id}, Roles: roles,
			Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
		},
		Active: proto.Bool(true), Connected: proto.Bool(true),
	}, completed)
}

func putOffer(v *MasterView, framework, id, role, text string) {
	v.PutOffer(&mesospb.Offer{
		Id: &mesospb.OfferID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: &framework},
		AgentId: &mesospb.AgentID{Value: proto.String("S0")}, Hostname: proto.String("h"),
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: &role},
		Resources:      convert.ToWire(resources.MustParse(text).Allocate(role)),
	})
}

func explainable() *Master {
	config, _ := leader()
	config.Explainer = fakeExplainer{}
	putFramework(config.View, "F", false, "a", "b")
	putFramework(config.View, "N", false)
	putFramework(config.View, "E", true, "a")
	return &config
}

func TestExplanationSaysWhatTheMasterKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := explainable()
		report := func() *allocation.Report {
			t.Helper()
			r, err := m.report(t.Context(), "F", "", "")
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		says := func(r *allocation.Report, rule, sentence string) {
			t.Helper()
			if len(r.Reasons) != 1 || r.Reasons[0].Rule != rule || r.Reasons[0].Sentence != sentence || r.Reasons[0].Advice == "" {
				t.Errorf("got %+v, want rule %s: %s", r.Reasons, rule, sentence)
			}
		}
		says(report(), allocation.RuleNoAgents, "no agents are registered, so there is nothing to offer")

		info := &mesospb.AgentInfo{Id: &mesospb.AgentID{Value: proto.String("S0")}, Hostname: proto.String("h")}
		m.View.PutRecoveredAgent(info)
		says(report(), allocation.RuleRecovering, "1 agent known to the master has not come back since it leads")
		if _, err := m.report(t.Context(), "F", "", "S0"); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("an agent that is not back yet: %v", err)
		}

		m.View.PutAgent(&masterpb.Response_GetAgents_Agent{AgentInfo: info, Active: proto.Bool(true)})
		putOffer(m.View, "F", "O0", "a", "cpus:1;mem:32")
		time.Sleep(90 * time.Second)
		putOffer(m.View, "F", "O1", "b", "cpus:2")
		r := report()
		says(r, allocation.RuleUnanswered, "2 offers of 1 agent (cpus:3; mem:32) have not been answered, the oldest for 1m30s")
		if r.Agents != 1 || r.Offers.OldestSeconds != 90 || r.Name != "framework F" || !r.Connected || len(r.Roles) != 1 {
			t.Errorf("report is %+v", r)
		}
		r, err := m.report(t.Context(), "F", "b", "S0")
		if err != nil || r.Offers.Offers != 1 || r.Offers.Resources.Get("cpus") != 2000 {
			t.Errorf("offers of one role: %+v, %v", r, err)
		}
	})
}

func TestExplanationOfAFrameworkWithoutRoles(t *testing.T) {
	m := explainable()
	r, err := m.report(t.Context(), "N", "", "")
	if err != nil || len(r.Reasons) != 2 || r.Reasons[0].Rule != allocation.RuleNoRole || len(r.Roles) != 0 {
		t.Errorf("report is %+v, %v", r, err)
	}
}

func TestExplainEndpoint(t *testing.T) {
	m := explainable()
	server := serve(t, NewMaster(*m))
	answer, err := http.Get(server.URL + "/mesosctl/explain?framework=F&role=a")
	if err != nil {
		t.Fatal(err)
	}
	body := text(t, answer)
	answer.Body.Close()
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v", answer.Status, body, err)
	}
	for _, name := range []string{"framework_id", "name", "connected", "active", "agents", "offers", "reasons", "roles"} {
		if fields[name] == nil {
			t.Errorf("there is no %s in %s", name, body)
		}
	}
	for _, test := range []wrong{
		{name: "no framework", method: http.MethodGet, path: "/mesosctl/explain", status: 400, says: "?framework=ID"},
		{name: "unknown framework", method: http.MethodGet, path: "/mesosctl/explain?framework=X", status: 404, says: "no framework X"},
		{name: "ended framework", method: http.MethodGet, path: "/mesosctl/explain?framework=E", status: 404, says: "has ended"},
		{name: "unknown agent", method: http.MethodGet, path: "/mesosctl/explain?framework=F&agent=X", status: 404, says: "no agent X"},
		{name: "other role", method: http.MethodGet, path: "/mesosctl/explain?framework=F&role=c", status: 404, says: "its roles: a, b"},
		{name: "method", path: "/mesosctl/explain", status: 405, says: "takes GET"},
	} {
		test.run(t, server.URL)
	}
	m.Explainer = fakeExplainer{mesos.Errorf(mesos.Unsupported, "explain: this allocator can't be asked")}
	wrong{
		name: "silent allocator", method: http.MethodGet, path: "/mesosctl/explain?framework=F", status: 501, says: "can't be asked",
	}.run(t, serve(t, NewMaster(*m)).URL)
	m.Leadership = &fakeLeadership{leader: masterInfo("leader.example")}
	const path = "/mesosctl/explain?framework=F&role=a"
	w := httptest.NewRecorder()
	NewMaster(*m).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if at := w.Header().Get("Location"); w.Code != http.StatusTemporaryRedirect || at != "//leader.example:5050"+path {
		t.Errorf("a standby answers %d, to %s", w.Code, at)
	}
}
