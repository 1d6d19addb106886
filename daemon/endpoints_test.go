//go:build !windows

package daemon

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

func fetchJSON(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
}

func TestAFrameworkThatIsTornDownIsCompleted(t *testing.T) {
	// covers: MasterTest.UnregisteredFrameworksAfterTearDown
	l := startLocal(t)
	id := "framework1" // of an earlier master
	s := subscribeAs(t, l.Master(), &mesospb.FrameworkID{Value: &id})
	s.next(schedulerpb.Event_OFFERS)
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()})
	var page map[string]json.RawMessage
	fetchJSON(t, "http://"+l.Master()+"/state", &page)
	var completed []struct{ ID string }
	if err := json.Unmarshal(page["completed_frameworks"], &completed); err != nil || len(completed) != 1 || completed[0].ID != id {
		t.Errorf("completed are %s", page["completed_frameworks"])
	}
	for _, list := range []string{"frameworks", "unregistered_frameworks"} {
		if string(page[list]) != "[]" {
			t.Errorf("%s are %s", list, page[list])
		}
	}
}

func TestJSONThatIsNoCallIsRefused(t *testing.T) {
	// covers: SchedulerHttpApiTest.ValidJsonButInvalidProtobuf
	l := startLocal(t)
	resp, err := http.Post("http://"+l.Master()+"/api/v1/scheduler", "application/json", strings.NewReader(`{"string": "valid_json"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if why, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(why), "type: missing") {
		t.Errorf("%s: %s, %v", resp.Status, why, err)
	}
}
