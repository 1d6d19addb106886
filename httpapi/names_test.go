package httpapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestNamesAreThoseThatBeginSo(t *testing.T) {
	config, _ := leader()
	for i := range 12 {
		config.View.PutAgent(registeredAgent(fmt.Sprintf("m-S%d", i)))
	}
	putFramework(config.View, "m-0000", false, "a")
	putFramework(config.View, "m-0001", true, "a")
	config.View.PutTask(task("m-0000", "m-S0", "web-1", mesospb.TaskState_TASK_RUNNING, 1), TaskActive)
	config.View.PutTask(task("m-0000", "m-S0", "old-1", mesospb.TaskState_TASK_FINISHED, 1), TaskCompleted)
	h := NewMaster(config)
	for query, want := range map[string]string{
		"kind=agents&prefix=S1":         "m-S1 m-S10 m-S11",
		"kind=agents&prefix=S1&limit=2": "m-S1 m-S10",
		"kind=agents&prefix=m-S2":       "m-S2",
		"kind=agents&prefix=x":          "",
		"kind=frameworks":               "m-0000",
		"kind=tasks":                    "web-1 old-1",
		"kind=tasks&prefix=o":           "old-1",
		"kind=roles":                    "a ads",
	} {
		got := ""
		for i, n := range fetch[[]mesos.Named](t, h, "/mesosctl/names?"+query) {
			if i > 0 {
				got += " "
			}
			got += n.ID
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"kind=moons", "kind=agents&limit=0", "kind=agents&limit=x"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/mesosctl/names?"+query, nil))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// A shell waits for the answer at every press of a key.
func BenchmarkNamesOfALargeCluster(b *testing.B) {
	config, _ := leader()
	for i := range 20_000 {
		config.View.PutAgent(registeredAgent(fmt.Sprintf("m-S%d", i)))
	}
	putFramework(config.View, "m-0000", false, "a")
	for i := range 200_000 {
		config.View.PutTask(task("m-0000", "m-S0", fmt.Sprintf("t-%d", i), mesospb.TaskState_TASK_RUNNING, 1), TaskActive)
	}
	h := NewMaster(config)
	for _, query := range []string{"kind=agents&prefix=S1999", "kind=tasks&prefix=t-19999", "kind=agents&prefix=none", "kind=tasks&prefix=none"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/mesosctl/names?"+query, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("%d: %s", w.Code, w.Body)
				}
			}
		})
	}
}
