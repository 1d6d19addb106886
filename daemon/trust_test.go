//go:build !windows

package daemon

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/authentication/

const secrets = `{"credentials": [{"principal": "ann", "secret": "annann"}, {"principal": "bob", "secret": "bobbob"},
	{"principal": "rack", "secret": "rackrack"}]}`

// file writes a file that only its owner may read.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// trusting is a cluster that asks everybody who they are; change makes it ask
// otherwise.
func trusting(t *testing.T, change func(*LocalConfig)) *Local {
	t.Helper()
	cfg := localConfig(t)
	m, a := &cfg.Master, &cfg.Agent
	m.Credentials, a.Credentials = file(t, secrets), file(t, secrets)
	m.AuthenticateReadonly, m.AuthenticateReadwrite, m.AuthenticateHTTPFrameworks, m.AuthenticateAgents = true, true, true, true
	a.AuthenticateReadonly, a.AuthenticateReadwrite = true, true
	a.Credential = file(t, `{"principal": "rack", "secret": "rackrack"}`)
	if change != nil {
		change(&cfg)
	}
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// as sends a request as somebody, whose secret is the name twice.
func as(t *testing.T, who, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if who != "" {
		req.SetBasicAuth(who, who+who)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func trySubscribe(t *testing.T, l *Local, who, principal, framework string) (*testScheduler, *http.Response) {
	t.Helper()
	info := &mesospb.FrameworkInfo{
		User: proto.String("root"), Name: proto.String("test"), FailoverTimeout: proto.Float64(600),
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()}},
	}
	if principal != "" {
		info.Principal = &principal
	}
	call := &schedulerpb.Call{Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info}}
	if framework != "" {
		info.Id = &mesospb.FrameworkID{Value: &framework}
		call.FrameworkId = info.Id
	}
	body, err := wire.Marshal(call)
	if err != nil {
		t.Fatal(err)
	}
	resp := as(t, who, http.MethodPost, "http://"+l.Master()+"/api/v1/scheduler", string(body),
		"Content-Type", "application/x-protobuf", "Accept", "application/x-protobuf")
	s := &testScheduler{t: t, client: http.DefaultClient, url: "http://" + l.Master() + "/api/v1/scheduler", stream: resp.Header.Get("Mesos-Stream-Id")}
	s.events = wire.NewRecordReader(resp.Body, 1<<20)
	return s, resp
}

// subscribed is a scheduler that was let in.
func subscribed(t *testing.T, l *Local, who, principal, framework string) *testScheduler {
	t.Helper()
	s, resp := trySubscribe(t, l, who, principal, framework)
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("SUBSCRIBE as %q: %s: %s", who, resp.Status, text)
	}
	s.id = s.next(schedulerpb.Event_SUBSCRIBED).GetSubscribed().GetFrameworkId()
	return s
}

func TestSchedulersSayWhoTheyAre(t *testing.T) {
	l := trusting(t, nil)
	// covers: AuthenticationTest.UnauthenticatedFramework
	// covers: SchedulerHttpApiTest.AuthenticationRequired
	for _, who := range []string{"", "eve"} {
		_, resp := trySubscribe(t, l, who, "", "")
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != `Basic realm="mesos-master-scheduler"` {
			t.Errorf("as %q: %s", who, resp.Status)
		}
	}
	// covers: AuthenticationTest.MismatchedFrameworkInfoPrincipal
	if _, resp := trySubscribe(t, l, "ann", "bob", ""); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("as ann for bob: %s", resp.Status)
	}
	// covers: AuthenticationTest.AuthenticatedFramework
	ann := subscribed(t, l, "ann", "ann", "")
	// covers: AuthenticationTest.UnspecifiedFrameworkInfoPrincipal
	subscribed(t, l, "bob", "", "")

	// covers: AuthenticationTest.RejectedSchedulerFailover
	for who, want := range map[string]int{"": http.StatusUnauthorized, "eve": http.StatusUnauthorized} {
		if _, resp := trySubscribe(t, l, who, "", ann.id.GetValue()); resp.StatusCode != want {
			t.Errorf("failover as %q: %s", who, resp.Status)
		}
	}
	thief, resp := trySubscribe(t, l, "bob", "", ann.id.GetValue())
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("failover as bob: %s", resp.Status)
	}
	if message := thief.next(schedulerpb.Event_ERROR).GetError().GetMessage(); !strings.Contains(message, "principal") {
		t.Errorf("bob is told %q", message)
	}
	revive, err := wire.Marshal(&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum(), FrameworkId: ann.id})
	if err != nil {
		t.Fatal(err)
	}
	calls := func(who string) *http.Response {
		return as(t, who, "POST", ann.url, string(revive), "Content-Type", "application/x-protobuf", "Mesos-Stream-Id", ann.stream)
	}
	status(t, http.StatusAccepted, calls("ann")) // the first is still subscribed
	status(t, http.StatusBadRequest, calls("bob"))
	status(t, http.StatusUnauthorized, calls(""))

	// covers: AuthenticationTest.SchedulerFailover
	subscribed(t, l, "ann", "ann", ann.id.GetValue())
	if message := ann.next(schedulerpb.Event_ERROR).GetError().GetMessage(); message != "Framework failed over" {
		t.Errorf("the first is told %q", message)
	}
}

func TestNobodyIsAskedUnlessToldTo(t *testing.T) {
	// covers: AuthenticationTest.DisableFrameworkAuthentication
	// covers: AuthenticationTest.DisableSlaveAuthentication
	l := trusting(t, func(cfg *LocalConfig) {
		cfg.Master.AuthenticateHTTPFrameworks, cfg.Master.AuthenticateAgents, cfg.Agent.Credential = false, false, ""
	})
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := subscribed(t, l, "", "ann", "")
	s.next(schedulerpb.Event_OFFERS)
}

func TestAgentsSayWhoTheyAre(t *testing.T) {
	// covers: AuthenticationTest.AuthenticatedSlave
	// covers: CredentialsTest.AuthenticatedSlave
	// covers: CredentialsTest.AuthenticatedSlaveJSON
	for _, credential := range []string{`{"principal": "rack", "secret": "rackrack"}`, "rack rackrack\n"} {
		l := trusting(t, func(cfg *LocalConfig) { cfg.Agent.Credential = file(t, credential) })
		if err := l.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// covers: AuthenticationTest.UnauthenticatedSlave
	for name, change := range map[string]func(*LocalConfig){
		"no credential": func(cfg *LocalConfig) { cfg.Agent.Credential = "" },
		"a wrong one":   func(cfg *LocalConfig) { cfg.Agent.Credential = file(t, "rack wrong") },
		"a wrong one that nobody needs": func(cfg *LocalConfig) {
			cfg.Agent.Credential, cfg.Master.AuthenticateAgents = file(t, "rack wrong"), false
		},
	} {
		l := trusting(t, change)
		ended := make(chan error, 1)
		go func() { ended <- l.agents[0].Wait() }()
		select {
		case err := <-ended:
			if mesos.KindOf(err) != mesos.Unauthenticated {
				t.Errorf("%s: the agent ended with %v", name, err)
			}
		case <-l.agents[0].Registered():
			t.Errorf("%s: the agent has registered", name)
		case <-time.After(30 * time.Second):
			t.Errorf("%s: the agent goes on", name)
		}
	}
}

func TestCredentialsThatCannotBeReadAreNamed(t *testing.T) {
	for says, change := range map[string]func(*LocalConfig){
		"--credentials":                           func(cfg *LocalConfig) { cfg.Master.Credentials = file(t, "{") },
		"--http_credentials":                      func(cfg *LocalConfig) { cfg.Agent.Credentials = file(t, "a b c") },
		"--credential: ":                          func(cfg *LocalConfig) { cfg.Agent.Credential = file(t, "{}") },
		"--authenticate_agents needs":             func(cfg *LocalConfig) { cfg.Master.AuthenticateAgents = true },
		"--authenticate_http_readonly needs":      func(cfg *LocalConfig) { cfg.Master.AuthenticateReadonly = true },
		"--authenticate_http_frameworks needs":    func(cfg *LocalConfig) { cfg.Master.AuthenticateHTTPFrameworks = true },
		"--authenticate_http_readwrite needs --h": func(cfg *LocalConfig) { cfg.Agent.AuthenticateReadwrite = true },
	} {
		cfg := localConfig(t)
		change(&cfg)
		l, err := StartLocal(t.Context(), cfg)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %s: %v", says, err)
		}
	}
}

// ruled is a cluster with ACLs.
func ruled(t *testing.T, master string) *Local {
	t.Helper()
	return trusting(t, func(cfg *LocalConfig) {
		var err error
		if cfg.Master.ACLs, err = acl.Parse([]byte(master)); err != nil {
			t.Fatal(err)
		}
	})
}

func status(t *testing.T, want int, resp *http.Response) {
	t.Helper()
	if resp.StatusCode != want {
		text, _ := io.ReadAll(resp.Body)
		t.Errorf("%s %s: %s, want %d: %s", resp.Request.Method, resp.Request.URL, resp.Status, want, text)
	}
}

func TestOperatorsTearDownWhatTheyMay(t *testing.T) {
	l := ruled(t, `{"teardown_frameworks": [{"principals": {"values": ["bob"]}, "framework_principals": {"values": ["ann"]}},
		{"principals": {"type": "ANY"}, "framework_principals": {"type": "NONE"}}]}`)
	s := subscribed(t, l, "ann", "ann", "")
	url, body := "http://"+l.Master()+"/master/teardown", "frameworkId="+s.id.GetValue()
	// covers: TeardownTest.BadACLs
	status(t, http.StatusForbidden, as(t, "ann", "POST", url, body))
	status(t, http.StatusUnauthorized, as(t, "", "POST", url, body))
	// covers: TeardownTest.GoodACLs
	// covers: TeardownTest.Success
	status(t, http.StatusOK, as(t, "bob", "POST", url, body))
	status(t, http.StatusBadRequest, as(t, "bob", "POST", url, body))
	var shown struct {
		Frameworks          []struct{ ID string }
		CompletedFrameworks []struct{ ID string } `json:"completed_frameworks"`
	}
	if err := json.NewDecoder(as(t, "ann", "GET", "http://"+l.Master()+"/master/frameworks", "").Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Frameworks) != 0 || len(shown.CompletedFrameworks) != 1 || shown.CompletedFrameworks[0].ID != s.id.GetValue() {
		t.Errorf("frameworks are %+v", shown)
	}
}

func TestOperatorsSetWeightsThatTheyMay(t *testing.T) {
	l := ruled(t, `{"permissive": false, "register_agents": [{"principals": {"type": "ANY"}, "agents": {"type": "ANY"}}],
		"update_weights": [{"principals": {"values": ["ann"]}, "roles": {"values": ["dev"]}}],
		"view_roles": [{"principals": {"type": "ANY"}, "roles": {"type": "ANY"}}]}`)
	url, body := "http://"+l.Master()+"/weights", `[{"role": "dev", "weight": 4}]`
	weights := func() string {
		text, err := io.ReadAll(as(t, "bob", "GET", url, "").Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	// covers: DynamicWeightsTest.UnauthorizedWeightUpdateRequest
	status(t, http.StatusForbidden, as(t, "bob", "PUT", url, body))
	if got := weights(); got != "[]" {
		t.Errorf("weights are %s", got)
	}
	// covers: DynamicWeightsTest.AuthorizedWeightUpdateRequest
	status(t, http.StatusOK, as(t, "ann", "PUT", url, body))
	if got := weights(); !strings.Contains(got, `"dev"`) || !strings.Contains(got, "4") {
		t.Errorf("weights are %s", got)
	}
}

func TestOperatorsSetQuotasThatTheyMay(t *testing.T) {
	// covers: MasterQuotaTest.AuthorizeGetUpdateQuotaRequests
	l := ruled(t, `{"update_quotas": [{"principals": {"values": ["ann"]}, "roles": {"values": ["dev"]}}, {"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}],
		"get_quotas": [{"principals": {"values": ["ann"]}, "roles": {"values": ["dev"]}}, {"principals": {"type": "ANY"}, "roles": {"type": "NONE"}}]}`)
	setAndRemoveQuota(t, l, "ann", "bob")
}

// setAndRemoveQuota has one who may not try it first.
func setAndRemoveQuota(t *testing.T, l *Local, may, mayNot string) {
	t.Helper()
	url := "http://" + l.Master() + "/quota"
	body := `{"role": "dev", "force": true, "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}`
	infos := func(who string) int {
		var shown struct{ Infos []struct{ Role string } }
		if err := json.NewDecoder(as(t, who, "GET", url, "").Body).Decode(&shown); err != nil {
			t.Fatal(err)
		}
		return len(shown.Infos)
	}
	if mayNot != "" {
		status(t, http.StatusForbidden, as(t, mayNot, "POST", url, body))
	}
	status(t, http.StatusOK, as(t, may, "POST", url, body))
	if got := infos(may); got != 1 {
		t.Errorf("%q sees %d quotas", may, got)
	}
	if mayNot != "" {
		if got := infos(mayNot); got != 0 {
			t.Errorf("%q sees %d quotas", mayNot, got)
		}
		status(t, http.StatusForbidden, as(t, mayNot, "DELETE", url+"/dev", ""))
	}
	status(t, http.StatusOK, as(t, may, "DELETE", url+"/dev", ""))
}

func TestWhoDidNotAuthenticateMayDoWhatAnybodyMay(t *testing.T) {
	for name, text := range map[string]string{
		// covers: MasterQuotaTest.AuthorizeGetUpdateQuotaRequestsWithoutPrincipal
		// covers: DynamicWeightsTest.AuthorizedUpdateWeightRequestWithoutPrincipal
		"anybody": `{"permissive": false, "register_agents": [{"principals": {"type": "ANY"}, "agents": {"type": "ANY"}}],
			"get_quotas": [{"principals": {"type": "ANY"}, "roles": {"values": ["dev"]}}], "update_quotas": [{"principals": {"type": "ANY"}, "roles": {"type": "ANY"}}],
			"update_weights": [{"principals": {"type": "ANY"}, "roles": {"values": ["dev"]}}], "view_roles": [{"principals": {"type": "ANY"}, "roles": {"type": "ANY"}}]}`,
		// covers: MasterQuotaTest.NoAuthenticationNoAuthorization
		"no rules": `{}`,
	} {
		l := trusting(t, func(cfg *LocalConfig) {
			var err error
			if cfg.Master.ACLs, err = acl.Parse([]byte(text)); err != nil {
				t.Fatal(err)
			}
			cfg.Master.AuthenticateReadonly, cfg.Master.AuthenticateReadwrite = false, false
		})
		setAndRemoveQuota(t, l, "", "")
		resp := as(t, "", "PUT", "http://"+l.Master()+"/weights", `[{"role": "dev", "weight": 4}]`)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: weights: %s", name, resp.Status)
		}
		text, err := io.ReadAll(as(t, "", "GET", "http://"+l.Master()+"/weights", "").Body)
		if err != nil || !bytes.Contains(text, []byte("dev")) {
			t.Errorf("%s: weights are %s, %v", name, text, err)
		}
	}
}

func TestSandboxesAreForThoseWhoMay(t *testing.T) {
	l := trusting(t, func(cfg *LocalConfig) {
		cfg.Master.AuthenticateHTTPFrameworks = false
		var err error
		cfg.Agent.ACLs, err = acl.Parse([]byte(`{"access_sandboxes": [{"principals": {"values": ["ann"]}, "users": {"values": ["root"]}},
			{"principals": {"type": "ANY"}, "users": {"type": "NONE"}}]}`))
		if err != nil {
			t.Fatal(err)
		}
	})
	s := subscribe(t, l.Master())
	s.accept("t", "echo hello; sleep 60")
	s.until("a sandbox", taskIs("t", mesospb.TaskState_TASK_RUNNING))
	path := "/frameworks/" + s.id.GetValue() + "/executors/t/runs/latest/stdout"
	for _, endpoint := range []string{"/files/read?offset=0&path=", "/files/download?path="} {
		url := "http://" + l.Agents()[0] + endpoint + path
		status(t, http.StatusOK, as(t, "ann", "GET", url, ""))
		status(t, http.StatusForbidden, as(t, "bob", "GET", url, ""))
		status(t, http.StatusUnauthorized, as(t, "", "GET", url, ""))
	}
}
