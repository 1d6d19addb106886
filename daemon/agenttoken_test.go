//go:build !windows

package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

const tokenKey = "the key of executors' tokens"

// bearer sends an agent a call in JSON with a token.
func bearer(t *testing.T, token, url, body string) (status int, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data := make([]byte, 1<<16)
	n, err := resp.Body.Read(data) // of a stream what comes first
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("WWW-Authenticate") + " " + string(data[:n])
}

// Executors that have to prove who they are can, with what they found in their
// environment, and with nothing else; nor can one speak for another, or touch
// another's containers.
func TestExecutorsProveWhoTheyAre(t *testing.T) {
	// covers: ExecutorAuthorizationTest.FailedSubscribe
	// covers: ExecutorAuthorizationTest.FailedApiCalls
	cfg := localConfig(t)
	a := &cfg.Agent
	a.TokenKey, a.AuthenticateExecutors = file(t, tokenKey), true
	a.Credentials, a.AuthenticateReadwrite = file(t, secrets), true
	l := startLocalAs(t, cfg)
	s := subscribe(t, l.Master())
	saw := filepath.Join(t.TempDir(), "environment")
	s.acceptTask(&mesospb.TaskInfo{
		Name: proto.String("t"), TaskId: &mesospb.TaskID{Value: proto.String("t")},
		Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32)},
		Executor: &mesospb.ExecutorInfo{
			ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")},
			Command:    &mesospb.CommandInfo{Value: proto.String("env > " + saw + ".new; mv " + saw + ".new " + saw + "; exec sleep 1000")},
		},
	})
	environment := map[string]string{}
	eventually(t, "the executor has written its environment", func() bool {
		data, err := os.ReadFile(saw)
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			environment[name] = value
		}
		return err == nil
	})
	token := environment["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"]
	tokens, err := authn.NewTokens([]byte(tokenKey))
	if err != nil {
		t.Fatal(err)
	}
	who, ok := tokens.Identify(token)
	if !ok || who.Claims["fid"] != s.id.GetValue() || who.Claims["eid"] != "E" {
		t.Fatalf("its token says %v", who)
	}
	container := who.Claims["cid"]
	another := tokens.Sign(map[string]string{"fid": s.id.GetValue(), "eid": "E", "cid": "another"})
	forged, err := authn.NewTokens([]byte("another key"))
	if err != nil {
		t.Fatal(err)
	}

	agent := "http://" + l.Agents()[0] + "/api/v1"
	call := func(what, rest string) string {
		return fmt.Sprintf(`{"type": %q, "framework_id": {"value": %q}, "executor_id": {"value": "E"}%s}`, what, s.id.GetValue(), rest)
	}
	for _, test := range []struct {
		name, token, path, body string
		want                    int
		says                    string
	}{
		{"no token", "", "/executor", call("SUBSCRIBE", `, "subscribe": {}`), 401, `Bearer realm="mesos-agent-executor"`},
		{"forged", forged.Sign(who.Claims), "/executor", call("SUBSCRIBE", `, "subscribe": {}`), 401, "mesos-agent-executor"},
		{"another's", another, "/executor", call("SUBSCRIBE", `, "subscribe": {}`), 403, `its token's claim "cid" is "another"`},
		{"its own", token, "/executor", call("SUBSCRIBE", `, "subscribe": {}`), 200, "SUBSCRIBED"},
		{"another's", another, "/executor", call("MESSAGE", `, "message": {"data": "eA=="}`), 403, "claim"},
		{"its own", token, "/executor", call("MESSAGE", `, "message": {"data": "eA=="}`), 202, ""},
		{
			"another's", another, "/executor", call("UPDATE", `, "update": {"status": {"task_id": {"value": "t"}, "state": "TASK_RUNNING",
				"source": "SOURCE_EXECUTOR", "uuid": "AAAAAAAAAAAAAAAAAAAAAA=="}}`), 403, "claim",
		},
		{"operator's", "", "", `{"type": "GET_VERSION"}`, 401, `Basic realm="mesos-agent-readwrite",Bearer`},
		{"its own", token, "", `{"type": "GET_VERSION"}`, 200, "version"},
		{"nested in another", another, "", nested("LAUNCH_NESTED_CONTAINER", container, `"command": {"value": "true"}`), 403, ""},
		{
			"session in another", another, "",
			nested("LAUNCH_NESTED_CONTAINER_SESSION", container, `"command": {"value": "true"}`), 403, "",
		},
		{"nested", token, "", nested("LAUNCH_NESTED_CONTAINER", container, `"command": {"value": "sleep 1000"}`), 200, ""},
		{"output of another's", another, "", nested("ATTACH_CONTAINER_OUTPUT", container, ""), 403, ""},
		{"kill another's", another, "", nested("KILL_NESTED_CONTAINER", container, ""), 403, ""},
		{"wait for another's", another, "", nested("WAIT_NESTED_CONTAINER", container, ""), 403, ""},
		{"kill its own", token, "", nested("KILL_NESTED_CONTAINER", container, ""), 200, ""},
		{"wait for its own", token, "", nested("WAIT_NESTED_CONTAINER", container, ""), 200, "exit_status"},
		{"remove another's", another, "", nested("REMOVE_NESTED_CONTAINER", container, ""), 403, ""},
	} {
		got, answer := bearer(t, test.token, agent+test.path, test.body)
		if got != test.want || !strings.Contains(answer, test.says) {
			t.Errorf("%s: %s\n%d %s, want %d %s", test.name, test.body, got, answer, test.want, test.says)
		}
	}
}

// Task groups run under the built-in executor, which need not prove anything.
func TestTaskGroupWhereExecutorsProveWhoTheyAre(t *testing.T) {
	// covers: ExecutorAuthorizationTest.RunTaskGroup
	cfg := localConfig(t)
	a := &cfg.Agent
	a.TokenKey, a.AuthenticateExecutors = file(t, tokenKey), true
	a.Credentials, a.AuthenticateReadwrite = file(t, secrets), true
	s := subscribe(t, startLocalAs(t, cfg).Master())
	offer := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	task := &mesospb.TaskInfo{
		Name: proto.String("t"), TaskId: &mesospb.TaskID{Value: proto.String("t")}, AgentId: offer.GetAgentId(),
		Command:   &mesospb.CommandInfo{Value: proto.String("true")},
		Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)},
	}
	s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACCEPT.Enum(),
		Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{offer.GetId()},
			Operations: []*mesospb.Offer_Operation{{
				Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
				LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
					Executor: &mesospb.ExecutorInfo{
						Type: mesospb.ExecutorInfo_DEFAULT.Enum(), ExecutorId: &mesospb.ExecutorID{Value: proto.String("E")},
						FrameworkId: s.id, Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)},
					},
					TaskGroup: &mesospb.TaskGroupInfo{Tasks: []*mesospb.TaskInfo{task}},
				},
			}},
		},
	})
	if status := s.ended(); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("status = %v", status)
	}
}

// nested is a call about a container in another.
func nested(kind, parent, more string) string {
	field := strings.ToLower(kind)
	if more != "" {
		more = ", " + more
	}
	body := fmt.Sprintf(`{"type": %q, %q: {"container_id": {"value": "inner", "parent": {"value": %q}}%s}}`, kind, field, parent, more)
	if !json.Valid([]byte(body)) {
		panic(body)
	}
	return body
}

// Tokens are given as soon as there is a key: an agent that comes to ask for them
// later takes those of executors that run.
func TestTokensAreGivenUnasked(t *testing.T) {
	key := file(t, tokenKey)
	before, after := AgentConfig{TokenKey: key}, AgentConfig{TokenKey: key, AuthenticateExecutors: true}
	before.Log, after.Log = testLog(t), testLog(t)
	tokens, err := before.tokens()
	if err != nil {
		t.Fatal(err)
	}
	token := (&Agent{tokens: tokens}).token()("F", "E", "C")
	if realms, err := before.realms(tokens); err != nil || realms[authn.AgentExecutor] != nil {
		t.Errorf("an agent that does not ask: %v, %v", realms, err)
	}
	if tokens, err = after.tokens(); err != nil {
		t.Fatal(err)
	}
	realms, err := after.realms(tokens)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if who, err := realms[authn.AgentExecutor].Authenticate(req); err != nil || who.Claims["cid"] != "C" {
		t.Errorf("the next agent: %v, %v", who, err)
	}
}

// An agent that comes to ask takes over executors that it did not ask before.
func TestExecutorsAreTakenOverByAnAgentThatAsks(t *testing.T) {
	// covers: SlaveTest.RestartSlaveRequireExecutorAuthentication
	l := startLocal(t)
	cfg := lasting(t, l)
	cfg.TokenKey, cfg.Credentials = file(t, tokenKey), file(t, secrets)
	_, stop := startLasting(t, cfg)
	s := subscribeFramework(t, l.Master(), podFramework(true))
	offer := s.has(resources.MustParse("cpus:3"))
	s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{podTask(offer, "t", "exec sleep 1000")})
	s.until("the task", taskIs("t", mesospb.TaskState_TASK_RUNNING))
	stop()

	cfg.AuthenticateExecutors, cfg.AuthenticateReadwrite, cfg.AuthenticateReadonly = true, true, true
	a, _ := startLasting(t, cfg)
	defer a.Close()
	eventually(t, "the agent is back", func() bool {
		_, body := get(t, "http://"+l.Master()+"/slaves")
		return strings.Contains(body, `"reregistered_time"`)
	})
	var containers []struct {
		Executor string `json:"executor_id"`
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/containers", a.address.port)
	if status := as(t, "", http.MethodGet, url, "").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("who does not say who it is gets %d", status)
	}
	resp := as(t, "ann", http.MethodGet, url, "")
	if err := json.NewDecoder(resp.Body).Decode(&containers); err != nil || len(containers) == 0 || containers[0].Executor != "pod" {
		t.Errorf("%s: %v, %v", resp.Status, containers, err)
	}
	// It is this executor that ends its task: it had not failed.
	s.kill("t")
	if status := s.ended(); status.GetState() != mesospb.TaskState_TASK_KILLED {
		t.Errorf("the task ended as %v", status)
	}
}

func TestTokensNeedAKey(t *testing.T) {
	empty := file(t, "")
	for name, bad := range map[string]AgentConfig{
		"--authenticate_http_executors needs --jwt_secret_key": {AuthenticateExecutors: true},
		"--jwt_secret_key: ":                         {TokenKey: "/nowhere/key"},
		"--jwt_secret_key: tokens: the key is empty": {TokenKey: empty},
	} {
		if _, err := bad.tokens(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
