package httpapi

import (
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Agent is what an agent's HTTP server is made of.
type Agent struct {
	Daemon
	Executor ExecutorBackend
	// Recovered reports whether the agent has read its checkpoints.
	Recovered func() bool
	View      *AgentView
	// Containers runs containers for others than frameworks, and measures all.
	Containers Containers
	// Images has container images; nil: there are none.
	Images Images
	// HeartbeatInterval is how often a client that is attached to a container hears
	// that its connection is well; 0: never.
	HeartbeatInterval time.Duration
	// PID is how Mesos names the agent: slave(1)@ip:port.
	PID string
	// Capabilities are what the agent can do, as it registers.
	Capabilities []*mesospb.AgentInfo_Capability
}

// NewAgent returns the server of an agent's endpoints, all of them also below
// /slave(1).
func NewAgent(a Agent) http.Handler {
	a.readonly, a.readwrite = authn.AgentReadonly, authn.AgentReadwrite
	paths := newMux("/slave(1)")
	a.routes(paths)
	ready := func(realm string, h http.Handler) http.Handler { return a.in(realm, a.requireRecovered(h)) }
	paths.handle("/api/v1/executor", ready(authn.AgentExecutor, executorAPI(a.Executor)))
	paths.handle("/api/v1", ready(a.readwrite, http.HandlerFunc(a.api)))
	paths.handle("/state", ready(a.readonly, http.HandlerFunc(a.state)))
	paths.handle("/containers", ready(a.readonly, a.authorized("/containers", http.HandlerFunc(a.containers))))
	paths.handle("/containerizer/debug",
		ready(a.readonly, a.authorized("/containerizer/debug", http.HandlerFunc(a.containerizerDebug))))
	paths.handle("/monitor/statistics",
		ready(a.readonly, a.authorized("/monitor/statistics", http.HandlerFunc(a.statistics))))
	paths.handle("/mesosctl/images", ready(a.readonly, a.authorized("/containers", http.HandlerFunc(a.images))))
	return compressed(paths)
}

func (a *Agent) requireRecovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.Recovered() {
			refuse(w, mesos.Errorf(mesos.Unavailable, "the agent has not finished its recovery"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
