package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/authentication/
// https://mesos.apache.org/documentation/latest/authorization/

// asking are realms that know ann, bob and ops; each secret is the principal's
// name twice.
func asking(t *testing.T, names ...string) authn.Realms {
	t.Helper()
	realms := authn.Realms{}
	for _, name := range names {
		a, err := authn.New(name, authn.Basic{Credentials: authn.Credentials{"ann": "annann", "bob": "bobbob", "ops": "opsops"}})
		if err != nil {
			t.Fatal(err)
		}
		realms[name] = a
	}
	return realms
}

func aclsOf(t *testing.T, text string) *acl.ACLs {
	t.Helper()
	a, err := acl.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// askAs sends a request as somebody; "" says nothing of that, and a name with a
// "!" gets its secret wrong.
func askAs(h http.Handler, who, method, path string, body ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(strings.Join(body, "")))
	if method == http.MethodPost && strings.Contains(path, "/api/v1") {
		r.Header.Set("Content-Type", jsonType)
		r.Header.Set("Accept", jsonType)
	}
	if who != "" {
		name := strings.TrimSuffix(who, "!")
		r.SetBasicAuth(who, name+name)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// asksWho checks that an endpoint lets in those only who prove who they are.
func asksWho(t *testing.T, h http.Handler, realm, method, path string) {
	t.Helper()
	for _, who := range []string{"", "ann!", "eve"} {
		got := askAs(h, who, method, path, "{}")
		if got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") != `Basic realm="`+realm+`"` {
			t.Errorf("%s %s as %q: %d, %q", method, path, who, got.Code, got.Header().Get("WWW-Authenticate"))
		}
	}
	if got := askAs(h, "ann", method, path, "{}"); got.Code == http.StatusUnauthorized {
		t.Errorf("%s %s as ann: %d", method, path, got.Code)
	}
}

func TestAMasterAsksWhoSendsRequests(t *testing.T) {
	// covers: MasterTest.EndpointsBadAuthentication
	// covers: RoleTest.EndpointBadAuthentication
	// covers: MasterMaintenanceTest.EndpointsBadAuthentication
	// covers: MetricsTest.MasterAuthenticationEnabled
	// covers: FilesTest.AuthenticationTest
	// covers: DynamicWeightsTest.UnauthenticatedQueryWeightRequest
	// covers: DynamicWeightsTest.UnauthenticatedUpdateWeightRequest
	// covers: MasterQuotaTest.UnauthenticatedQuotaRequest
	// covers: TeardownTest.BadCredentials
	// covers: TeardownTest.NoHeader
	// covers: ReservationEndpointsTest.BadCredentials
	// covers: ReservationEndpointsTest.NoHeader
	// covers: PersistentVolumeEndpointsTest.BadCredentials
	// covers: PersistentVolumeEndpointsTest.NoHeader
	m, _ := leader()
	m.Realms = asking(t, authn.MasterReadonly, authn.MasterReadwrite, authn.MasterScheduler)
	h := NewMaster(m)
	for _, path := range []string{
		"/state", "/state-summary", "/frameworks", "/slaves", "/tasks", "/roles", "/flags", "/metrics/snapshot", "/maintenance/status",
		"/files/browse", "/files/read", "/files/download", "/files/debug", "/mesosctl/explain", "/mesosctl/names",
	} {
		asksWho(t, h, authn.MasterReadonly, "GET", path)
		asksWho(t, h, authn.MasterReadonly, "GET", "/master"+path)
	}
	for _, request := range []string{
		"GET /weights", "PUT /weights", "GET /quota", "POST /quota", "DELETE /quota/dev", "POST /teardown", "POST /api/v1",
		"GET /maintenance/schedule", "POST /maintenance/schedule", "POST /machine/down", "POST /machine/up",
		"POST /reserve", "POST /unreserve", "POST /create-volumes", "POST /destroy-volumes",
	} {
		method, path, _ := strings.Cut(request, " ")
		asksWho(t, h, authn.MasterReadwrite, method, path)
	}
	asksWho(t, h, authn.MasterScheduler, "POST", "/api/v1/scheduler")
	for _, path := range []string{"/health", "/version", "/redirect"} { // open to everybody
		if got := askAs(h, "", "GET", path); got.Code == http.StatusUnauthorized {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// kept is a registry of which there is a backup.
type kept struct{ Control }

func (kept) Backup(context.Context) ([]byte, error) { return []byte("all of it"), nil }

// A backup tells everything that the masters keep.
func TestTheRegistryIsForThoseWhoSayWhoTheyAre(t *testing.T) {
	// covers: RegistrarTest.Authentication
	m, _ := leader()
	m.Control, m.Realms = kept{}, asking(t, authn.MasterReadwrite)
	h := NewMaster(m)
	asksWho(t, h, authn.MasterReadwrite, "GET", "/mesosctl/registry")
	for who, want := range map[string]string{"ann": "all of it", "eve": ""} {
		if got := askAs(h, who, "GET", "/mesosctl/registry"); (got.Body.String() == "all of it") != (want != "") {
			t.Errorf("%s is told %q", who, got.Body)
		}
	}
}

func TestAnACLIsNoProofOfWhoAsks(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.GoodCreateAndDestroyACLBadCredential
	m, _ := leader()
	operator := new(fakeOperator)
	m.Operator, m.Realms = operator, asking(t, authn.MasterReadwrite)
	m.ACLs = aclsOf(t, `{"create_volumes": [{"principals": {"values": ["eve", "ann"]}, "roles": {"type": "ANY"}}],
		"destroy_volumes": [{"principals": {"values": ["eve", "ann"]}, "creator_principals": {"type": "ANY"}}]}`)
	h := NewMaster(m)
	body := "slaveId=A&volumes=" + url.QueryEscape("["+cpusJSON+"]")
	for _, path := range []string{"/create-volumes", "/destroy-volumes"} {
		asksWho(t, h, authn.MasterReadwrite, "POST", path)
		if got := askAs(h, "eve", "POST", path, body); got.Code != http.StatusUnauthorized || operator.asked != "" {
			t.Errorf("%s as eve: %d, and the backend was asked for %q", path, got.Code, operator.asked)
		}
	}
	if got := askAs(h, "ann", "POST", "/create-volumes", body); got.Code != http.StatusAccepted || operator.asked != "operation CREATE" {
		t.Errorf("as ann: %d, and the backend was asked for %q", got.Code, operator.asked)
	}
}

func TestAStandbyAsksBeforeItRedirects(t *testing.T) {
	m, _ := leader()
	m.Leadership = &fakeLeadership{leader: masterInfo("leader.example")}
	m.Realms = asking(t, authn.MasterReadonly)
	h := NewMaster(m)
	asksWho(t, h, authn.MasterReadonly, "GET", "/state")
	if got := askAs(h, "ann", "GET", "/state"); got.Code != http.StatusTemporaryRedirect {
		t.Errorf("as ann: %d", got.Code)
	}
}

func TestRealmsAreSwitchedOnOneByOne(t *testing.T) {
	// covers: MasterTest.ReadonlyEndpointsNoAuthentication
	// covers: MasterTest.ReadwriteEndpointsNoAuthentication
	for realm, want := range map[string][2]int{
		authn.MasterReadwrite: {http.StatusOK, http.StatusUnauthorized},
		authn.MasterReadonly:  {http.StatusUnauthorized, http.StatusOK},
	} {
		m, _ := leader()
		m.Realms = asking(t, realm)
		h := NewMaster(m)
		if got := [2]int{askAs(h, "", "GET", "/state").Code, askAs(h, "", "GET", "/quota").Code}; got != want {
			t.Errorf("with %s, /state and /quota are answered %v", realm, got)
		}
	}
}

func TestAnAgentAsksWhoSendsRequests(t *testing.T) {
	// covers: SlaveTest.HTTPEndpointsBadAuthentication
	// covers: SlaveTest.StatisticsEndpointAuthentication
	// covers: MetricsTest.AgentAuthenticationEnabled
	// covers: SlaveTest.HTTPExecutorBadAuthentication
	a, _ := anAgent()
	a.Realms = asking(t, authn.AgentReadonly, authn.AgentReadwrite, authn.AgentExecutor)
	h := NewAgent(a)
	for _, path := range []string{
		"/state", "/flags", "/containers", "/monitor/statistics", "/metrics/snapshot", "/files/browse", "/files/read", "/files/download", "/files/debug",
	} {
		asksWho(t, h, authn.AgentReadonly, "GET", path)
		asksWho(t, h, authn.AgentReadonly, "GET", "/slave(1)"+path)
	}
	asksWho(t, h, authn.AgentReadwrite, "POST", "/api/v1")
	asksWho(t, h, authn.AgentExecutor, "POST", "/api/v1/executor")
	if got := askAs(h, "", "GET", "/health"); got.Code != http.StatusOK {
		t.Errorf("/health: %d", got.Code)
	}
	// covers: SlaveTest.ReadonlyHTTPEndpointsNoAuthentication
	open, _ := anAgent()
	open.Realms = asking(t, authn.AgentReadwrite)
	if got := askAs(NewAgent(open), "", "GET", "/state"); got.Code != http.StatusOK {
		t.Errorf("/state of an agent that does not ask readers: %d", got.Code)
	}
}

// principals are a backend that remembers who asked.
type principals struct {
	fakeOperator
	*fakeScheduler
	asked []string
}

func (p *principals) Teardown(_ context.Context, principal, _ string) error {
	p.asked = append(p.asked, "teardown by "+principal)
	return nil
}

func (p *principals) UpdateWeights(_ context.Context, principal string, _ []*mesospb.WeightInfo) error {
	p.asked = append(p.asked, "weights by "+principal)
	return nil
}

func (p *principals) SetQuota(_ context.Context, principal string, _ *quotapb.QuotaRequest) error {
	p.asked = append(p.asked, "quota by "+principal)
	return nil
}

func (p *principals) RemoveQuota(_ context.Context, principal, _ string) error {
	p.asked = append(p.asked, "no quota by "+principal)
	return nil
}

func (p *principals) Call(_ context.Context, principal, _ string, call *schedulerpb.Call) error {
	p.asked = append(p.asked, call.GetType().String()+" by "+principal)
	return nil
}

func TestBackendsHearWhoAsks(t *testing.T) {
	p := &principals{fakeScheduler: newFakeScheduler()}
	m, _ := leader()
	m.Operator, m.Scheduler = p, p
	m.Realms = asking(t, authn.MasterReadwrite, authn.MasterScheduler)
	h := NewMaster(m)
	for _, request := range []string{
		"POST /teardown frameworkId=F", `POST /api/v1 {"type":"TEARDOWN","teardown":{"framework_id":{"value":"F"}}}`,
		`PUT /weights [{"role":"dev","weight":2}]`, `POST /quota {"role":"dev","guarantee":[]}`, "DELETE /quota/dev",
		`POST /api/v1/scheduler {"type":"REVIVE","framework_id":{"value":"F"}}`,
		`POST /api/v1/scheduler {"type":"UPDATE_FRAMEWORK","framework_id":{"value":"F"},"update_framework":{"framework_info":{"user":"u","name":"n"}}}`,
	} {
		parts := strings.SplitN(request, " ", 3)
		body := append(parts, "")[2]
		want := http.StatusOK
		if strings.Contains(body, "REVIVE") {
			want = http.StatusAccepted // what comes of it is told in events
		}
		if got := askAs(h, "ann", parts[0], parts[1], body); got.Code != want {
			t.Errorf("%s: %d %s", request, got.Code, got.Body)
		}
	}
	want := []string{
		"teardown by ann", "teardown by ann", "weights by ann", "quota by ann", "no quota by ann", "REVIVE by ann", "UPDATE_FRAMEWORK by ann",
	}
	if !slices.Equal(p.asked, want) {
		t.Errorf("asked %q", p.asked)
	}
}

func TestTeardownNamesAFramework(t *testing.T) {
	// covers: TeardownTest.NoFrameworkId
	m, _ := leader()
	h := NewMaster(m)
	for _, test := range []struct {
		method, body string
		want         int
	}{
		{"POST", "frameworkId=F", http.StatusOK}, {"POST", "", http.StatusBadRequest}, {"POST", "framework=F", http.StatusBadRequest},
		{"POST", "frameworkId=%zz", http.StatusBadRequest}, {"GET", "", http.StatusMethodNotAllowed},
	} {
		if got := askAs(h, "", test.method, "/teardown", test.body); got.Code != test.want {
			t.Errorf("%s %q: %d %s", test.method, test.body, got.Code, got.Body)
		}
	}
}

// restrictive is lists by which ann sees what user "root" runs and the role ads,
// bob what user "bob" runs, ops all, and others nothing.
const restrictive = `{"permissive": false,
	"view_frameworks": [{"principals": {"values": ["ann"]}, "users": {"values": ["root"]}}, {"principals": {"values": ["ops", "bob"]}, "users": {"type": "ANY"}}],
	"view_tasks": [{"principals": {"values": ["ann"]}, "users": {"values": ["root"]}}, {"principals": {"values": ["ops"]}, "users": {"type": "ANY"}},
		{"principals": {"values": ["bob"]}, "users": {"values": ["bob"]}}],
	"view_executors": [{"principals": {"values": ["ann"]}, "users": {"values": ["root"]}}, {"principals": {"values": ["ops"]}, "users": {"type": "ANY"}},
		{"principals": {"values": ["bob"]}, "users": {"values": ["bob"]}}],
	"view_containers": [{"principals": {"values": ["ops"]}, "users": {"type": "ANY"}}],
	"view_roles": [{"principals": {"values": ["ann"]}, "roles": {"values": ["*", "ads"]}}, {"principals": {"values": ["bob"]}, "roles": {"values": ["*"]}},
		{"principals": {"values": ["ops"]}, "roles": {"type": "ANY"}}],
	"get_quotas": [{"principals": {"values": ["ops"]}, "roles": {"values": ["dev"]}}],
	"get_maintenance_schedules": [{"principals": {"values": ["ops"]}, "machines": {"type": "ANY"}}],
	"get_endpoints": [{"principals": {"values": ["ops"]}, "paths": {"values": ["/metrics/snapshot", "/containers", "/monitor/statistics"]}}],
	"view_flags": [{"principals": {"values": ["ops"]}, "flags": {"type": "ANY"}}]}`

// watched is a master with the framework F of root, its task of bob and its
// executors, the completed framework G, and the framework H of bob.
func watched(t *testing.T) (http.Handler, *MasterView) {
	m, _ := leader()
	m.Realms = asking(t, authn.MasterReadonly, authn.MasterReadwrite)
	m.ACLs = aclsOf(t, restrictive)
	cluster(m.View)
	h := frameworkRecordOf("H", true, "*")
	h.FrameworkInfo.User = new("bob")
	m.View.PutFramework(h, false)
	m.View.PutTask(task("H", "M-S0", "h", mesospb.TaskState_TASK_RUNNING, 200), TaskActive)
	of := task("F", "M-S0", "bobs", mesospb.TaskState_TASK_RUNNING, 300)
	of.User = new("bob")
	m.View.PutTask(of, TaskActive)
	for _, user := range []string{"root", "bob"} {
		m.View.PutExecutor("M-S0", &mesospb.ExecutorInfo{
			ExecutorId: &mesospb.ExecutorID{Value: new("of-" + user)}, FrameworkId: frameworkID("F"), Command: &mesospb.CommandInfo{User: &user},
		})
	}
	m.View.PutWeight("ads", 2)
	m.View.PutWeight("dev", 3)
	m.View.PutQuota("dev", &quotapb.QuotaConfig{Role: new("dev")})
	m.View.PutQuota("ads", &quotapb.QuotaConfig{Role: new("ads")})
	return NewMaster(m), m.View
}

// decoded is an answer's JSON: an array's elements, or one object.
func decoded(t *testing.T, answer *httptest.ResponseRecorder) []any {
	t.Helper()
	var value any
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatalf("%d, %v: %s", answer.Code, err, answer.Body)
	}
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// below is the elements of a list that each of some objects has.
func below(objects []any, key string) (elements []any) {
	for _, element := range objects {
		list, _ := element.(object)[key].([]any)
		elements = append(elements, list...)
	}
	return elements
}

// sent is the events that were sent on a stream that nobody reads.
func sent(t *testing.T, s *Stream) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var text strings.Builder
	for _, event := range s.queue {
		text.Write(encode(t, wire.JSON, event))
	}
	return text.String()
}

// seen is the values of a field in an answer, at whatever depth below a list.
func seen(t *testing.T, h http.Handler, who, path, list, field string) string {
	t.Helper()
	answer := askAs(h, who, "GET", path)
	if answer.Code != http.StatusOK {
		t.Fatalf("%s as %s: %d %s", path, who, answer.Code, answer.Body)
	}
	value := decoded(t, answer)
	var found []string
	for _, key := range strings.Split(list, ".") {
		value = below(value, key)
	}
	for _, element := range value {
		if text, ok := element.(object)[field].(string); ok {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func TestReadersSeeWhatTheyMay(t *testing.T) {
	h, _ := watched(t)
	for _, test := range []struct{ path, list, field, ann, bob, ops, nobody string }{
		// covers: MasterAuthorizerTest.FilterStateEndpoint
		{"/state", "frameworks", "id", "F", "F H", "F H", ""},
		{"/state", "completed_frameworks", "id", "G", "G", "G", ""},
		{"/state", "frameworks.tasks", "id", "t0 t1 t2", "bobs h", "bobs h t0 t1 t2", ""},
		{"/state", "completed_frameworks.completed_tasks", "id", "old", "", "old", ""},
		{"/state", "frameworks.executors", "executor_id", "of-root", "of-bob", "of-bob of-root", ""},
		// covers: MasterAuthorizerTest.FilterStateSummaryEndpoint
		{"/state-summary", "frameworks", "id", "F", "F H", "F H", ""},
		// covers: MasterAuthorizerTest.FilterFrameworksEndpoint
		{"/frameworks", "frameworks", "id", "F", "F H", "F H", ""},
		{"/frameworks", "frameworks.tasks", "id", "t0 t1 t2", "bobs h", "bobs h t0 t1 t2", ""},
		{"/frameworks", "frameworks.executors", "executor_id", "of-root", "of-bob", "of-bob of-root", ""},
		// covers: MasterAuthorizerTest.FilterTasksEndpoint
		{"/tasks", "tasks", "id", "old t0 t1 t2", "bobs h", "bobs h old t0 t1 t2", ""},
		// covers: MasterAuthorizerTest.FilterRolesEndpoint
		{"/roles", "roles", "name", "* ads", "*", "* ads dev", ""},
	} {
		for who, want := range map[string]string{"ann": test.ann, "bob": test.bob, "ops": test.ops} {
			if got := seen(t, h, who, test.path, test.list, test.field); got != want {
				t.Errorf("%s: of %s, %s sees %q, want %q", test.path, test.list, who, got, want)
			}
		}
	}
}

func TestReservationsAreShownToThoseWhoMaySeeTheRole(t *testing.T) {
	// covers: MasterTest.SlavesEndpointFiltering
	h, _ := watched(t)
	for who, want := range map[string]string{"ann": "ads", "bob": "", "ops": "ads"} {
		for _, path := range []string{"/state", "/slaves", "/state-summary"} {
			agents := below([]any{decoded(t, askAs(h, who, "GET", path))[0]}, "slaves")
			reserved := agents[0].(object)["reserved_resources"].(object)
			if _, shown := reserved["ads"]; shown != (want == "ads") {
				t.Errorf("%s: %s sees %v", path, who, reserved)
			}
			if all := agents[0].(object)["resources"].(object)["cpus"]; all != 3.5 { // totals count what is hidden
				t.Errorf("%s: %s sees %v cpus in all", path, who, all)
			}
		}
		answer := callAs(t, h, who, "GET_AGENTS")
		hidden := !slices.ContainsFunc(answer.GetGetAgents().GetAgents()[0].GetTotalResources(), func(r *mesospb.Resource) bool {
			return reservedFor(r) == "ads"
		})
		if hidden == (want == "ads") {
			t.Errorf("GET_AGENTS: %s, hidden %v", who, hidden)
		}
	}
}

// callAs is the answer to an operator's call without arguments.
func callAs(t *testing.T, h http.Handler, who, name string) *masterpb.Response {
	t.Helper()
	answer := askAs(h, who, "POST", "/api/v1", `{"type":"`+name+`"}`)
	if answer.Code != http.StatusOK {
		t.Fatalf("%s as %s: %d %s", name, who, answer.Code, answer.Body)
	}
	response := new(masterpb.Response)
	if err := wire.UnmarshalJSON(answer.Body.Bytes(), response); err != nil {
		t.Fatal(err)
	}
	return response
}

func TestCallsShowWhatMayBeSeen(t *testing.T) {
	h, _ := watched(t)
	for who, want := range map[string][6]int{
		//        frameworks, tasks, executors, roles, weights, quotas
		"ann": {1, 3, 1, 2, 1, 0},
		"bob": {2, 2, 1, 1, 0, 0},
		"ops": {2, 5, 2, 3, 2, 1},
	} {
		state := callAs(t, h, who, "GET_STATE").GetGetState()
		got := [6]int{
			len(callAs(t, h, who, "GET_FRAMEWORKS").GetGetFrameworks().GetFrameworks()),
			len(callAs(t, h, who, "GET_TASKS").GetGetTasks().GetTasks()),
			len(callAs(t, h, who, "GET_EXECUTORS").GetGetExecutors().GetExecutors()),
			len(callAs(t, h, who, "GET_ROLES").GetGetRoles().GetRoles()),
			len(callAs(t, h, who, "GET_WEIGHTS").GetGetWeights().GetWeightInfos()),
			len(callAs(t, h, who, "GET_QUOTA").GetGetQuota().GetStatus().GetConfigs()),
		}
		if got != want {
			t.Errorf("%s sees %v, want %v", who, got, want)
		}
		if len(state.GetGetFrameworks().GetFrameworks()) != want[0] || len(state.GetGetTasks().GetTasks()) != want[1] ||
			len(state.GetGetExecutors().GetExecutors()) != want[2] {
			t.Errorf("GET_STATE: %s sees %v", who, state)
		}
	}
}

func TestFlagsAndEndpointsAreForThoseWhoMay(t *testing.T) {
	// covers: MasterAuthorizerTest.ViewFlags
	// covers: MetricsTest.MasterAuthorizationEnabled
	h, _ := watched(t)
	for who, want := range map[string]int{"ann": http.StatusForbidden, "ops": http.StatusOK} {
		for _, path := range []string{"/flags", "/metrics/snapshot"} {
			if got := askAs(h, who, "GET", path); got.Code != want {
				t.Errorf("%s as %s: %d", path, who, got.Code)
			}
		}
		if got := askAs(h, who, "POST", "/api/v1", `{"type":"GET_FLAGS"}`); got.Code != want {
			t.Errorf("GET_FLAGS as %s: %d", who, got.Code)
		}
		state := decoded(t, askAs(h, who, "GET", "/state"))[0].(object)
		if _, shown := state["flags"]; shown != (want == http.StatusOK) {
			t.Errorf("/state as %s: flags shown %v", who, shown)
		}
		if _, shown := state["cluster"]; shown != (want == http.StatusOK) {
			t.Errorf("/state as %s: cluster shown %v", who, shown)
		}
	}
}

func TestWeightsAreShownAndSetByThoseWhoMay(t *testing.T) {
	// covers: DynamicWeightsTest.AuthorizedGetWeightsRequest
	h, _ := watched(t)
	for who, want := range map[string]string{"ann": "ads", "bob": "", "ops": "ads dev"} {
		var roles []string
		for _, weight := range decoded(t, askAs(h, who, "GET", "/weights")) {
			roles = append(roles, weight.(object)["role"].(string))
		}
		if got := strings.Join(roles, " "); got != want {
			t.Errorf("%s sees the weights of %q, want %q", who, got, want)
		}
	}
}

func TestAnAgentsReadersSeeWhatTheyMay(t *testing.T) {
	// covers: SlaveAuthorizerTest.FilterStateEndpoint
	// covers: SlaveAuthorizerTest.ViewFlags
	// covers: SlaveEndpointTest.AuthorizedRequest
	// covers: SlaveEndpointTest.UnauthorizedRequest
	// covers: MetricsTest.AgentAuthorizationEnabled
	a, view := anAgent()
	a.Realms, a.ACLs = asking(t, authn.AgentReadonly, authn.AgentReadwrite), aclsOf(t, restrictive)
	other := frameworkRecordOf("H", true, "*").FrameworkInfo
	other.User = new("bob")
	view.PutFramework(other, false)
	view.PutExecutor(&ExecutorRecord{Container: "c3", Info: &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: new("bobs")}, FrameworkId: frameworkID("H"),
	}})
	h := NewAgent(a)
	for _, test := range []struct{ list, field, ann, bob, ops string }{
		{"frameworks", "id", "F", "F H", "F H"}, {"completed_frameworks", "id", "G", "G", "G"},
		{"frameworks.executors", "id", "E", "bobs", "E bobs"}, {"frameworks.executors.tasks", "id", "t1", "", "t1"},
	} {
		for who, want := range map[string]string{"ann": test.ann, "bob": test.bob, "ops": test.ops} {
			if got := seen(t, h, who, "/state", test.list, test.field); got != want {
				t.Errorf("of %s, %s sees %q, want %q", test.list, who, got, want)
			}
		}
	}
	for who, want := range map[string]int{"ann": http.StatusForbidden, "ops": http.StatusOK} {
		for _, path := range []string{"/flags", "/containers", "/monitor/statistics", "/metrics/snapshot"} {
			if got := askAs(h, who, "GET", path); got.Code != want {
				t.Errorf("%s as %s: %d", path, who, got.Code)
			}
		}
		state := decoded(t, askAs(h, who, "GET", "/state"))[0].(object)
		if _, shown := state["flags"]; shown != (want == http.StatusOK) {
			t.Errorf("/state as %s: flags shown %v", who, shown)
		}
	}
	for who, want := range map[string]bool{"ann": true, "bob": false} {
		state := decoded(t, askAs(h, who, "GET", "/state"))[0].(object)
		for _, field := range []string{"reserved_resources", "reserved_resources_full"} {
			if _, shown := state[field].(object)["ads"]; shown != want {
				t.Errorf("%s of %s: role shown %v", field, who, shown)
			}
		}
	}
	if got := len(decoded(t, askAs(h, "ops", "GET", "/containers"))); got != 2 {
		t.Errorf("ops sees %d containers", got)
	}
}

func TestAnAgentsOperationsAreForThoseWhoMaySeeTheRole(t *testing.T) {
	// covers: AgentAPITest.GetOperations
	a, view := anAgent()
	a.Realms, a.ACLs = asking(t, authn.AgentReadwrite), aclsOf(t, restrictive)
	mine, err := resources.MustParse("cpus:1").PushReservation(resources.Reservation{Dynamic: true, Role: "ads"})
	if err != nil {
		t.Fatal(err)
	}
	uuid := []byte("0123456789abcdef")
	view.PutOperation(&mesospb.Operation{
		Uuid: &mesospb.UUID{Value: uuid}, FrameworkId: frameworkID("F"), AgentId: agentID("M-S0"),
		Info:         unreserveOf(convert.ToWire(mine)),
		LatestStatus: &mesospb.OperationStatus{State: mesospb.OperationState_OPERATION_PENDING.Enum()},
	})
	h := NewAgent(a)
	count := func(who string) int {
		answer := new(agentpb.Response)
		if err := wire.UnmarshalJSON(askAs(h, who, "POST", "/api/v1", `{"type":"GET_OPERATIONS"}`).Body.Bytes(), answer); err != nil {
			t.Fatal(err)
		}
		return len(answer.GetGetOperations().GetOperations())
	}
	for who, want := range map[string]int{"ann": 1, "bob": 0} {
		if got := count(who); got != want {
			t.Errorf("%s sees %d operations", who, got)
		}
	}
	view.DropOperation([16]byte(uuid))
	if got := count("ann"); got != 0 {
		t.Errorf("%d operations are there for ever", got)
	}
}

func TestWithoutACLsEverythingIsShown(t *testing.T) {
	// covers: SlaveEndpointTest.NoAuthorizer
	a, _ := anAgent()
	a.Realms = asking(t, authn.AgentReadonly)
	h := NewAgent(a)
	for _, path := range []string{"/flags", "/containers", "/monitor/statistics", "/metrics/snapshot", "/state"} {
		if got := askAs(h, "ann", "GET", path); got.Code != http.StatusOK {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestEventStreamsTellWhatMayBeSeen(t *testing.T) {
	// covers: MasterAPITest.EventAuthorizationFiltering
	view := NewMasterView()
	cluster(view)
	acls := aclsOf(t, restrictive)
	streams := map[string]*Stream{}
	for _, who := range []string{"ann", "ops"} {
		streams[who] = newStream(wire.JSON, func(string, error) {}, nil)
		view.subscribe(streams[who], sight{acls, who}, defaultHeartbeat, 10)
	}
	h := frameworkRecordOf("H", true, "ads")
	h.FrameworkInfo.User = new("bob")
	view.PutFramework(h, false)
	view.PutTask(task("H", "M-S0", "secret", mesospb.TaskState_TASK_STAGING, 1), TaskActive)
	view.PutTask(task("H", "M-S0", "secret", mesospb.TaskState_TASK_RUNNING, 2), TaskActive)
	view.PutTask(task("F", "M-S0", "open", mesospb.TaskState_TASK_STAGING, 1), TaskActive)
	view.DropFramework("H")
	for who, want := range map[string]bool{"ann": false, "ops": true} {
		text := sent(t, streams[who])
		for _, word := range []string{`"secret"`, `"nH"`, "FRAMEWORK_ADDED", "FRAMEWORK_REMOVED"} {
			if got := strings.Contains(text, word); got != want {
				t.Errorf("%s is told of %s: %v", who, word, got)
			}
		}
		if !strings.Contains(text, `"open"`) {
			t.Errorf("%s is not told of what may be seen", who)
		}
	}
}

func TestExplanationsAreForThoseWhoMaySeeTheFramework(t *testing.T) {
	m, _ := leader()
	m.ACLs = aclsOf(t, restrictive)
	m.Realms = asking(t, authn.MasterReadonly)
	cluster(m.View)
	h := NewMaster(m)
	if got := askAs(h, "bob", "GET", "/mesosctl/explain?framework=X"); got.Code != http.StatusNotFound {
		t.Errorf("as bob: %d", got.Code)
	}
	m.ACLs = aclsOf(t, `{"view_frameworks": [{"principals": {"type": "ANY"}, "users": {"type": "NONE"}}]}`)
	if got := askAs(NewMaster(m), "bob", "GET", "/mesosctl/explain?framework=F"); got.Code != http.StatusNotFound {
		t.Errorf("of a framework that is not to be seen: %d %s", got.Code, got.Body)
	}
}
