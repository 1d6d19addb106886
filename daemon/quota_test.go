//go:build !windows

package daemon

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// ask makes a request of a master and returns the answer's body; the status must be as wanted.
func ask(t *testing.T, method, url, body string, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s %s: %s %s (%v)", method, url, body, resp.Status, text, err)
	}
	return string(text)
}

const (
	setQuota   = `{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"*","limits":{"cpus":{"value":%v},"mem":{"value":%v}}}]}}`
	setWeights = `{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"eng","weight":2.5}]}}`
)

func TestQuotaIsEnforcedExplainedAndSurvivesTheMaster(t *testing.T) {
	// covers: MasterQuotaTest.RescindOffersEnforcingLimits
	// covers: MasterQuotaTest.RecoverQuotaEmptyCluster
	// covers: DynamicWeightsTest.RecoveredWeightsFromRegistry
	cfg := localConfig(t)
	cfg.Master.AllocationInterval = 100 * time.Millisecond
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := subscribe(t, l.Master())
	offered := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()
	api := "http://" + l.Master() + "/api/v1"
	ask(t, http.MethodPost, api, setWeights, http.StatusOK)
	ask(t, http.MethodPost, api, fmt.Sprintf(setQuota, 0, 0), http.StatusOK)
	if gone := s.next(schedulerpb.Event_RESCIND).GetRescind().GetOfferId().GetValue(); gone != offered[0].GetId().GetValue() {
		t.Errorf("%s was rescinded, %s was offered", gone, offered[0].GetId().GetValue())
	}

	c, err := client.New(client.Config{Masters: []string{l.Master()}, MediaType: wire.Protobuf})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	report, err := c.Explain(t.Context(), mesos.FrameworkID(s.id.GetValue()), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if reasons := report.Roles[0].Reasons; len(reasons) == 0 || reasons[0].Sentence != "role * is at its quota limit: 0 of 0 cpus, 0 of 0 mem" {
		t.Errorf("reasons are %+v", reasons)
	}
	ask(t, http.MethodPost, api, fmt.Sprintf(setQuota, 1.5, 256), http.StatusOK)
	offer := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	for _, r := range offer.GetResources() {
		if r.GetName() == "cpus" && r.GetScalar().GetValue() != 1.5 {
			t.Errorf("with 1.5 cpus of quota it is offered %v", offer)
		}
	}

	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = StartLocal(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	endpoint := "http://" + l.Master()
	if got := ask(t, http.MethodGet, endpoint+"/weights", "", http.StatusOK); got != `[{"weight":2.5,"role":"eng"}]` {
		t.Errorf("weights of the new master: %s", got)
	}
	if got := ask(t, http.MethodGet, endpoint+"/quota", "", http.StatusOK); !strings.Contains(got, `"limits":{"cpus":{"value":1.5},"mem":{"value":256.0}}`) {
		t.Errorf("quota of the new master: %s", got)
	}
}

func TestQuotaAndWeightsByCallsOfOperators(t *testing.T) {
	// covers: MasterAPITest.UpdateWeights
	// covers: MasterAPITest.SetQuota
	// covers: MasterAPITest.RemoveQuota
	cfg := localConfig(t)
	cfg.Master.Weights = map[string]float64{"role": 2}
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	api := "http://" + l.Master() + "/api/v1"
	const getWeights, getQuota = `{"type":"GET_WEIGHTS"}`, `{"type":"GET_QUOTA"}`
	for _, step := range []struct {
		call   string
		status int
		says   string
	}{
		{getWeights, 200, `[{"weight":2.0,"role":"role"}]`},
		{`{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"role","weight":4}]}}`, 200, ""},
		{getWeights, 200, `[{"weight":4.0,"role":"role"}]`},
		{`{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"role","weight":0}]}}`, 400, "0 is not a positive number"},
		{`{"type":"SET_QUOTA","set_quota":{"quota_request":{"force":true,"role":"role","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}}}`, 200, ""},
		{getQuota, 200, `"configs":[{"role":"role","guarantees":{"cpus":{"value":1.0}},"limits":{"cpus":{"value":1.0}}}]`},
		{`{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"role","guarantees":{"cpus":{"value":1000}}}]}}`, 400, "force skips this check"},
		{`{"type":"REMOVE_QUOTA","remove_quota":{"role":"role"}}`, 200, ""},
		{getQuota, 200, `"status":{}`},
		{`{"type":"REMOVE_QUOTA","remove_quota":{"role":"role"}}`, 400, "has none"},
	} {
		if got := ask(t, http.MethodPost, api, step.call, step.status); !strings.Contains(got, step.says) {
			t.Errorf("%s: %s", step.call, got)
		}
	}
}
