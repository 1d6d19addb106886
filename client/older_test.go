package client

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Versions of Apache Mesos that don't know the type of a call take it for one without
// a type.
func TestACallThatAnOlderVersionLacksIsAskedForOnce(t *testing.T) {
	for name, refusal := range map[string]func(http.ResponseWriter){
		"unknown": func(w http.ResponseWriter) {
			http.Error(w, "Failed to validate master::Call: Expecting 'type' to be present", http.StatusBadRequest)
		},
		"not implemented": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotImplemented) },
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == operatorPath {
					calls.Add(1)
					refusal(w)
				}
			})
			c := dial(t, Config{Masters: []string{host}, MediaType: wire.Protobuf, Suspicious: true})
			_, err := c.Call(t.Context(), &masterpb.Call{Type: masterpb.Call_DRAIN_AGENT.Enum()})
			if mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "has no call DRAIN_AGENT: it is of an older Apache Mesos") {
				t.Errorf("master: %v", err)
			}
			_, err = c.Agent(host).Call(t.Context(), &agentpb.Call{Type: agentpb.Call_GET_OPERATIONS.Enum()})
			if mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "has no call GET_OPERATIONS") {
				t.Errorf("agent: %v", err)
			}
			if calls.Load() != 2 {
				t.Errorf("%d calls were made", calls.Load())
			}
		})
	}
}
