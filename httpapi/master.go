package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// Master is what a master's HTTP server is made of.
type Master struct {
	Daemon
	// Info is this master, as frameworks and tools see it in the current term:
	// the IDs that the term assigns begin with its ID.
	Info func() *mesospb.MasterInfo
	// Elected is when the current term of this master began; zero outside of one.
	Elected    func() time.Time
	Leadership Leadership
	Scheduler  SchedulerBackend
	Operator   MasterBackend
	Explainer  Explainer
	Control    Control
	View       *MasterView
	// Registry reads the masters' registry; nil: it can't be shown.
	Registry func(ctx context.Context) (RegistryContents, error)
	// Roles are the only ones that frameworks may have; nil means any.
	Roles map[string]bool
	// Unreachable is how many agents are unreachable.
	Unreachable func(ctx context.Context) int
	// Healthy reports whether this master can do all of its work, for GET_HEALTH;
	// nil means always. /health answers as long as the process serves.
	Healthy func() bool
	// Heartbeat is the interval of the operator event stream's heartbeats, and
	// MaxSubscribers how many may read it; 0 means Mesos's 15 seconds and 1,000.
	Heartbeat      time.Duration
	MaxSubscribers int
}

// MasterBackend decides about operators' calls that change something. Errors
// are answered with the status of their kind and their text.
type MasterBackend interface {
	Teardown(ctx context.Context, principal, frameworkID string) error
	// KillTask ends a task as if its framework had asked for that; a nil grace is the
	// task's own.
	KillTask(ctx context.Context, principal string, framework mesos.FrameworkID, task mesos.TaskID, grace *time.Duration) error
	// Operate does an operation on an agent's resources that has no ID.
	Operate(ctx context.Context, principal, agent string, operation *mesospb.Offer_Operation) error
	UpdateWeights(ctx context.Context, principal string, weights []*mesospb.WeightInfo) error
	UpdateQuota(ctx context.Context, principal string, force bool, configs []*quotapb.QuotaConfig) error
	SetQuota(ctx context.Context, principal string, quota *quotapb.QuotaRequest) error
	RemoveQuota(ctx context.Context, principal, role string) error
	UpkeepBackend
}

// NewMaster returns the server of a master's endpoints, all of them also below
// /master.
func NewMaster(m Master) http.Handler {
	m.readonly, m.readwrite = authn.MasterReadonly, authn.MasterReadwrite
	paths := newMux("/master")
	m.routes(paths)
	decided := func(realm string, h http.Handler) http.Handler { return m.in(realm, requireRecovered(m.Leadership, h)) }
	paths.handle("/api/v1/scheduler", decided(authn.MasterScheduler, schedulerAPI(m.Scheduler)))
	paths.handle("/api/v1", decided(m.readwrite, http.HandlerFunc(m.api)))
	m.stateRoutes(paths)
	paths.handle("/teardown", decided(m.readwrite, http.HandlerFunc(m.teardown)))
	paths.handle("/weights", decided(m.readwrite, http.HandlerFunc(m.weights)))
	paths.handle("/quota", decided(m.readwrite, http.HandlerFunc(m.quota)))
	paths.handleBelow("/quota/", decided(m.readwrite, http.HandlerFunc(m.quotaOf)))
	m.operationRoutes(func(path string, h http.HandlerFunc) { paths.handle(path, decided(m.readwrite, h)) })
	m.maintenanceRoutes(paths)
	m.registrarRoutes(paths)
	paths.handle("/mesosctl/explain", decided(m.readonly, http.HandlerFunc(m.explain)))
	paths.handle("/mesosctl/kill", decided(m.readwrite, http.HandlerFunc(m.kill)))
	paths.handle("/mesosctl/names", decided(m.readonly, http.HandlerFunc(m.names)))
	paths.handle("/mesosctl/members", m.membersHandler())
	paths.handle("/mesosctl/registry", decided(m.readwrite, http.HandlerFunc(m.registry)))
	paths.handle("/redirect", http.HandlerFunc(m.redirect))
	return compressed(paths)
}

// redirect sends a client to the leader's root.
func (m *Master) redirect(w http.ResponseWriter, r *http.Request) {
	if allow(w, r, http.MethodGet, http.MethodHead) {
		redirect(w, m.Leadership.Leader(), "")
	}
}
