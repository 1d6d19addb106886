package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ask sends a request to a handler without a network.
func ask(h http.Handler, method, target string, body ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, strings.NewReader(strings.Join(body, "")))
	if len(body) > 0 {
		request.Header.Set("Content-Type", jsonType)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

func TestAStandbySendsClientsToTheLeader(t *testing.T) {
	config, _ := leader()
	leadership := &fakeLeadership{leader: masterInfo("leader.example")}
	config.Leadership = leadership
	master := NewMaster(config)
	for _, test := range []struct {
		method, path, location string
	}{
		{"POST", "/api/v1/scheduler", "//leader.example:5050/api/v1/scheduler"},
		{"POST", "/master/api/v1/scheduler", "//leader.example:5050/master/api/v1/scheduler"},
		{"POST", "/api/v1", "//leader.example:5050/api/v1"},
		{"GET", "/state?jsonp=f", "//leader.example:5050/state?jsonp=f"},
		{"GET", "/master/tasks?limit=1", "//leader.example:5050/master/tasks?limit=1"},
		{"GET", "/slaves", "//leader.example:5050/slaves"},
		{"GET", "/redirect", "//leader.example:5050"},
		{"GET", "/master/redirect", "//leader.example:5050"},
	} {
		answer := ask(master, test.method, test.path)
		if answer.Code != http.StatusTemporaryRedirect || answer.Header().Get("Location") != test.location {
			t.Errorf("%s: %d, Location %q", test.path, answer.Code, answer.Header().Get("Location"))
		}
	}
	if answer := ask(master, "GET", "/redirect/state"); answer.Code != http.StatusNotFound {
		t.Errorf("/redirect/state: %d", answer.Code)
	}
	for _, path := range []string{"/health", "/version", "/flags", "/metrics/snapshot", "/files/debug", "/master/health"} {
		if answer := ask(master, "GET", path); answer.Code != http.StatusOK {
			t.Errorf("a standby answers %s with %d", path, answer.Code)
		}
	}

	leadership.leader = nil
	for _, path := range []string{"/state", "/redirect"} {
		if answer := ask(master, "GET", path); answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s without a leader: %d", path, answer.Code)
		}
	}
	leadership.leading = true
	for _, path := range []string{"/api/v1/scheduler", "/api/v1"} {
		if answer := ask(master, "POST", path); answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s during recovery: %d", path, answer.Code)
		}
	}
}

func TestAnAgentThatRecoversAsksToComeAgain(t *testing.T) {
	// covers: SlaveTest.StateEndpointUnavailableDuringRecovery
	agent := NewAgent(Agent{Daemon: daemon(), Executor: new(fakeExecutor), Recovered: func() bool { return false }, View: NewAgentView()})
	for method, path := range map[string]string{"POST": "/api/v1/executor", "GET": "/state"} {
		if answer := ask(agent, method, path); answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	if answer := ask(agent, "GET", "/health"); answer.Code != http.StatusOK {
		t.Errorf("/health: %d", answer.Code)
	}
}

func TestHealthHasNoBody(t *testing.T) {
	config, _ := leader()
	for _, method := range []string{"GET", "HEAD"} {
		if answer := ask(NewMaster(config), method, "/health"); answer.Code != http.StatusOK || answer.Body.Len() != 0 {
			t.Errorf("%s: %d %q", method, answer.Code, answer.Body)
		}
	}
}

func TestTheAddressOfAMaster(t *testing.T) {
	ip, host, port := "10.0.0.7", "m.example", uint32(5050)
	for want, info := range map[string]*mesospb.MasterInfo{
		"m.example:5050": {Hostname: &host, Port: &port, Address: &mesospb.Address{Ip: &ip}},
		"10.0.0.7:5050":  {Port: &port, Address: &mesospb.Address{Ip: &ip}},
	} {
		if got := Address(info); got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}

func TestFlagsVersionAndMetrics(t *testing.T) {
	config, _ := leader()
	master := NewMaster(config)
	for path, want := range map[string]string{
		"/flags":                          `{"flags":{"cluster":"test","ip":"127.0.0.1","port":"5050"}}`,
		"/flags?jsonp=a.b":                `a.b({"flags":{"cluster":"test","ip":"127.0.0.1","port":"5050"}});`,
		"/metrics/snapshot":               `{"master/elected":1.0,"system/load_1min":0.5}`,
		"/metrics/snapshot?timeout=5secs": `{"master/elected":1.0,"system/load_1min":0.5}`,
		"/version":                        `{"version":"1.11.0","build_date":"2026-11-21 00:00:00 UTC","build_time":1795289312.0,"build_user":"x","git_sha":"abc"}`,
	} {
		answer := ask(master, "GET", path)
		if answer.Body.String() != want {
			t.Errorf("%s: %s", path, answer.Body)
		}
		contentType := jsonType
		if strings.Contains(path, "jsonp") {
			contentType = "text/javascript"
		}
		if got := answer.Header().Get("Content-Type"); got != contentType {
			t.Errorf("%s: Content-Type %q", path, got)
		}
	}
}
