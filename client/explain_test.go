package client

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire"
)

func TestExplainAsksTheLeader(t *testing.T) {
	leader := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.RequestURI(); got != "/mesosctl/explain?agent=S+1&framework=F&role=a%2Fb" {
			t.Errorf("asked for %s", got)
		}
		if err := json.NewEncoder(w).Encode(allocation.Report{Framework: "F", Agents: 3}); err != nil {
			t.Error(err)
		}
	})
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+leader+r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := dial(t, Config{Masters: []string{standby}, MediaType: wire.Protobuf})
	report, err := c.Explain(t.Context(), "F", "a/b", "S 1")
	if err != nil || report.Framework != "F" || report.Agents != 3 {
		t.Errorf("report is %+v, %v", report, err)
	}
}

func TestExplainTellsAMasterThatCannotFromAFrameworkThatIsNot(t *testing.T) {
	for body, kind := range map[string]mesos.Kind{"": mesos.Unsupported, "404 Not Found.": mesos.Unsupported, "explain: there is no framework F": mesos.NotFound} {
		host := serve(t, aMaster(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(body))
		}))
		c := dial(t, Config{Masters: []string{host}, MediaType: wire.Protobuf})
		if _, err := c.Explain(t.Context(), "F", "", ""); mesos.KindOf(err) != kind {
			t.Errorf("answer %q: %v", body, err)
		}
	}
}
