package daemon

import (
	"context"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// handler serves everything on the master's port. Requests reach the term that
// is under way, if this master leads.
func (m *Master) handler() http.Handler {
	api := httpapi.NewMaster(httpapi.Master{
		Daemon: httpapi.Daemon{
			Version: versionInfo(m.cfg.Version),
			Flags:   m.cfg.Flags,
			Metrics: m.metrics, MetricGroups: m.frameworkMetrics,
			Started: m.started,
			Files:   httpapi.NewFiles(),
			Realms:  m.realms,
			ACLs:    m.cfg.ACLs,
			Log:     m.cfg.verbosity(),
		},
		Info:       m.candidate.Load,
		Elected:    m.elected,
		Leadership: leadership{m},
		Scheduler:  schedulerAPI{m},
		Operator:   operatorAPI{m},
		Explainer:  explainerAPI{m},
		Control:    control{m},
		View:       m.view,
		Roles:      m.cfg.Roles,
		Registry:   m.registryContents,

		MaxSubscribers: m.cfg.MaxEventStreamSubscribers,

		Unreachable: m.unreachable,
		Healthy:     m.healthy,
	})
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle(link.HeraldPath, m.herald)
	mux.Handle(link.Path, httpapi.RequireLeader(leadership{m}, http.HandlerFunc(m.acceptAgent)))
	return mux
}

// acceptAgent turns an agent's request into its link.
func (m *Master) acceptAgent(w http.ResponseWriter, r *http.Request) {
	principal, ok := m.agentPrincipal(w, r)
	if !ok {
		return
	}
	t := m.recovered(r.Context())
	if t == nil {
		http.Error(w, "this master has not finished its recovery", http.StatusServiceUnavailable)
		return
	}
	conn, err := link.Accept(w, r)
	if err != nil {
		m.log.Warn("agent connection refused", "address", r.RemoteAddr, "error", err)
		return
	}
	go t.serveLink(conn, principal)
}

// unreachable counts the unreachable agents.
func (m *Master) unreachable(ctx context.Context) (n int) {
	if t := m.term.Load(); t != nil {
		t.master.Inspect(ctx, func() { n = t.core.UnreachableAgents() })
	}
	return n
}

func (m *Master) elected() time.Time {
	if t := m.term.Load(); t != nil {
		return t.began
	}
	return time.Time{}
}

// leadership answers who leads.
type leadership struct{ *Master }

func (l leadership) Leading() bool { return l.leading.Load() }

func (l leadership) Recovered() bool { return l.term.Load() != nil }

// Leader is who leads as far as etcd has told. What it tells of this master's own
// terms may be old: a master that was deposed must not send clients to itself.
func (l leadership) Leader() *mesospb.MasterInfo {
	leader := l.leader.Load()
	if leader == nil || !l.Leading() && l.isSelf(leader) {
		return nil
	}
	return leader.Info
}

// schedulerAPI hands schedulers' calls to the term that is under way.
type schedulerAPI struct{ *Master }

func (s schedulerAPI) Subscribe(ctx context.Context, principal string, call *schedulerpb.Call, stream *httpapi.Stream) error {
	t := s.term.Load()
	if t == nil {
		return errDeposed
	}
	return t.Subscribe(ctx, principal, call, stream)
}

func (s schedulerAPI) Call(ctx context.Context, principal, stream string, call *schedulerpb.Call) error {
	t := s.term.Load()
	if t == nil {
		return errDeposed
	}
	return t.Call(ctx, principal, stream, call)
}

func (s schedulerAPI) StreamClosed(id string, cause error) {
	if t := s.term.Load(); t != nil {
		t.StreamClosed(id, cause)
	}
}

// operatorAPI hands operators' calls that change something to the term.
type operatorAPI struct{ *Master }

// ask hands the core the input that make makes of a request, and waits for the reply.
func (o operatorAPI) ask(ctx context.Context, make func(request master.RequestID) master.Input) error {
	t := o.term.Load()
	if t == nil {
		return errDeposed
	}
	return t.requests.ask(ctx, func(request uint64) bool { return t.master.PutWait(make(master.RequestID(request))) })
}

func (o operatorAPI) Teardown(ctx context.Context, principal, framework string) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.Teardown{Request: request, Principal: principal, Framework: framework}
	})
}

func (o operatorAPI) KillTask(
	ctx context.Context, principal string, framework mesos.FrameworkID, task mesos.TaskID, grace *time.Duration,
) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		in := master.Kill{Request: request, Principal: principal, Framework: framework, Task: task}
		if grace != nil {
			in.Policy = &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: new(grace.Nanoseconds())}}
		}
		return in
	})
}

func (o operatorAPI) Operate(ctx context.Context, principal, agent string, operation *mesospb.Offer_Operation) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.Operate{Request: request, Principal: principal, Agent: agent, Operation: operation}
	})
}

func (o operatorAPI) UpdateWeights(ctx context.Context, principal string, weights []*mesospb.WeightInfo) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.UpdateWeights{Request: request, Principal: principal, Weights: weights}
	})
}

func (o operatorAPI) UpdateQuota(ctx context.Context, principal string, force bool, configs []*quotapb.QuotaConfig) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.UpdateQuota{Request: request, Principal: principal, Force: force, Configs: configs}
	})
}

func (o operatorAPI) SetQuota(ctx context.Context, principal string, quota *quotapb.QuotaRequest) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.SetQuota{Request: request, Principal: principal, Quota: quota}
	})
}

func (o operatorAPI) RemoveQuota(ctx context.Context, principal, role string) error {
	return o.ask(ctx, func(request master.RequestID) master.Input {
		return master.RemoveQuota{Request: request, Principal: principal, Role: role}
	})
}
