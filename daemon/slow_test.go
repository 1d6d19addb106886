//go:build !windows

package daemon

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mesosctl/mesosctl/httpapi"
)

// What becomes of a stream that nobody reads is tested in package httpapi.
func TestAnOperatorSeesThatASchedulerWasTooSlow(t *testing.T) {
	l := startLocal(t)
	slow, lively := subscribe(t, l.Master()), subscribe(t, l.Master())
	metric := func(name string) float64 {
		t.Helper()
		resp, err := http.Get("http://" + l.Master() + "/metrics/snapshot")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var metrics map[string]float64
		if err := json.NewDecoder(resp.Body).Decode(&metrics); err != nil {
			t.Fatal(err)
		}
		value, ok := metrics[name]
		if !ok {
			t.Fatalf("there is no metric %s", name)
		}
		return value
	}
	const name = "master/scheduler_event_stream_slow_disconnections"
	if n := metric(name); n != 0 {
		t.Errorf("%s is %v", name, n)
	}
	l.master.term.Load().StreamClosed(slow.stream, httpapi.ErrSlow)
	if n := metric(name); n != 1 {
		t.Errorf("%s is %v", name, n)
	}
	if n := metric("master/frameworks_disconnected"); n != 1 {
		t.Errorf("%v frameworks are disconnected", n)
	}
	if n := metric("master/frameworks_connected"); n != 1 || lively.id == nil {
		t.Errorf("%v frameworks are connected", n)
	}
}
