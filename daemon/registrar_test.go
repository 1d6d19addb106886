//go:build !windows

package daemon

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestTheRegistryIsShownAsMesosShowsIt(t *testing.T) {
	l := startOperating(t, t.TempDir())
	defer l.Close()
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := "http://" + l.Master() + "/api/v1"
	id := agentsOf(t, l.Master())[0].GetAgentInfo().GetId().GetValue()
	for _, call := range []string{
		`{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"dev","weight":2.5}]}}`,
		`{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"dev","limits":{"cpus":{"value":7}}}]}}`,
		`{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[{
			"machine_ids":[{"hostname":"a"},{"hostname":"B"}],"unavailability":{"start":{"nanoseconds":17000000000}}}]}}}`,
		`{"type":"START_MAINTENANCE","start_maintenance":{"machines":[{"hostname":"b"}]}}`,
		`{"type":"DEACTIVATE_AGENT","deactivate_agent":{"agent_id":{"value":"` + id + `"}}}`,
	} {
		ask(t, http.MethodPost, api, call, http.StatusOK)
	}
	text := ask(t, http.MethodGet, "http://"+l.Master()+"/registrar(1)/registry", "", http.StatusOK)
	for _, says := range []string{
		`"master":{"info":{"id":"`, `"slaves":{"slaves":[{"info":{`, `"id":{"value":"` + id + `"}`, `"deactivated":true`,
		`"unreachable":{"slaves":[]},"gone":{"slaves":[]}`,
		`{"info":{"id":{"hostname":"a"},"mode":"DRAINING","unavailability":{"start":{"nanoseconds":17000000000}}}}`,
		`"mode":"DOWN"`, `"schedules":[{"windows":[`,
		`"quota_configs":[{"role":"dev","limits":{"cpus":{"value":7.0}}}]`, `"weights":[{"info":{"weight":2.5,"role":"dev"}}]`,
	} {
		if !strings.Contains(text, says) {
			t.Errorf("it does not say %s: %s", says, text)
		}
	}
	ask(t, http.MethodPost, api, fmt.Sprintf(`{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":%q}}}`, id), http.StatusOK)
	text = ask(t, http.MethodGet, "http://"+l.Master()+"/registrar(1)/registry", "", http.StatusOK)
	if !strings.Contains(text, `"gone":{"slaves":[{"id":{"value":"`+id) || !strings.Contains(text, `"slaves":{"slaves":[]}`) {
		t.Errorf("an agent that is gone: %s", text)
	}
}
