package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// stateRoutes adds the endpoints that show the cluster, which only the leader knows.
func (m *Master) stateRoutes(paths *mux) {
	for path, handler := range map[string]http.HandlerFunc{
		"/state":         m.state,
		"/state-summary": m.stateSummary,
		"/frameworks":    m.frameworks,
		"/slaves":        m.slaves,
		"/tasks":         m.tasks,
		"/roles":         m.roles,
	} {
		paths.handle(path, m.in(m.readonly, RequireLeader(m.Leadership, handler)))
	}
}

func (m *Master) state(w http.ResponseWriter, r *http.Request) {
	s := m.snapshot(r.Context())
	writeJSON(w, r, func(emit func([]byte)) {
		emit(m.appendSelf(r.Context(), []byte("{"), &s))
		emit([]byte(`,"slaves":`))
		emitList(emit, s.agents, (*agentRecord).encoded)
		emit([]byte(`,"recovered_slaves":`))
		emitList(emit, s.recovered, (*agentRecord).encoded)
		emit([]byte(`,"frameworks":`))
		emitFrameworks(emit, s.frameworks)
		emit([]byte(`,"completed_frameworks":`))
		emitFrameworks(emit, s.completed)
		emit([]byte(`,"orphan_tasks":[],"unregistered_frameworks":[]}`))
	})
}

// appendSelf appends what /state tells of the master itself.
func (m *Master) appendSelf(ctx context.Context, dst []byte, s *masterSnapshot) []byte {
	dst = m.appendBuild(dst)
	if elected := m.Elected(); !elected.IsZero() {
		dst = appendDouble(dst, "elected_time", seconds(elected))
	}
	dst = appendString(dst, "id", m.Info().GetId())
	dst = appendString(dst, "pid", m.Info().GetPid())
	dst = appendString(dst, "hostname", m.Info().GetHostname())
	dst = appendNames(dst, "capabilities", capabilities(m.Info().GetCapabilities()))
	active := 0
	for _, record := range s.agents {
		if record.agent.GetActive() {
			active++
		}
	}
	dst = appendDouble(dst, "activated_slaves", float64(active))
	dst = appendDouble(dst, "deactivated_slaves", float64(len(s.agents)-active))
	dst = appendDouble(dst, "unreachable_slaves", float64(m.Unreachable(ctx)))
	dst = appendDomain(dst, m.Info().GetDomain())
	if leader := m.Leadership.Leader(); leader != nil {
		dst = appendString(dst, "leader", leader.GetPid())
		dst = append(appendKey(dst, "leader_info"), '{')
		dst = append(appendMaster(dst, leader), '}')
	}
	if m.ACLs.AllowsAny(principalOf(ctx), acl.ViewFlags) {
		dst = m.appendFlags(m.appendSetFlags(dst, "cluster", "log_dir", "external_log_file"))
	}
	return dst
}

// emitList emits records as an array.
func emitList[R any](emit func([]byte), list []*R, encoded func(*R) []byte) {
	emit([]byte("["))
	for i, record := range list {
		if i > 0 {
			emit(separator)
		}
		emit(encoded(record))
	}
	emit([]byte("]"))
}

var separator = []byte(",")

func (r *taskRecord) encoded() []byte {
	return r.legacy.get(func(dst []byte) []byte { return append(appendTask(append(dst, '{'), r.task), '}') })
}

func (r *agentRecord) encoded() []byte {
	return r.legacy.get(func(dst []byte) []byte {
		dst = append(dst, '{')
		if r.agent == nil {
			return append(appendAgentInfo(dst, r.info), '}')
		}
		whole := r.agent
		if r.whole != nil {
			whole = r.whole
		}
		return append(appendAgent(dst, r.agent, whole), '}')
	})
}

func (r *executorRecord) encoded() []byte {
	return r.legacy.get(func(dst []byte) []byte {
		dst = appendExecutorInfo(append(dst, '{'), r.info)
		return append(appendString(dst, "slave_id", string(r.agent)), '}')
	})
}

func (r *offerRecord) encoded() []byte { return append(appendOffer([]byte("{"), r.offer), '}') }

func emitFrameworks(emit func([]byte), frameworks []frameworkSnapshot) {
	emit([]byte("["))
	for i := range frameworks {
		if i > 0 {
			emit(separator)
		}
		emitFramework(emit, &frameworks[i])
	}
	emit([]byte("]"))
}

func emitFramework(emit func([]byte), f *frameworkSnapshot) {
	emit(f.legacy.get(func(dst []byte) []byte { return appendFramework(append(dst, '{'), f.framework) }))
	emit([]byte(`,"tasks":`))
	emitList(emit, f.tasks[TaskActive], (*taskRecord).encoded)
	emit([]byte(`,"unreachable_tasks":`))
	emitList(emit, f.tasks[TaskUnreachable], (*taskRecord).encoded)
	emit([]byte(`,"completed_tasks":`))
	emitList(emit, f.tasks[TaskCompleted], (*taskRecord).encoded)
	emit([]byte(`,"offers":`))
	emitList(emit, f.offers, (*offerRecord).encoded)
	emit([]byte(`,"executors":`))
	emitList(emit, f.executors, (*executorRecord).encoded)
	emit([]byte("}"))
}

// frameworks serves /frameworks, of one with ?framework_id=.
func (m *Master) frameworks(w http.ResponseWriter, r *http.Request) {
	s := m.snapshot(r.Context())
	want := r.URL.Query().Get("framework_id")
	writeJSON(w, r, func(emit func([]byte)) {
		emit([]byte(`{"frameworks":`))
		emitFrameworks(emit, selectFrameworks(s.frameworks, want))
		emit([]byte(`,"completed_frameworks":`))
		emitFrameworks(emit, selectFrameworks(s.completed, want))
		emit([]byte(`,"unregistered_frameworks":[]}`))
	})
}

func selectFrameworks(list []frameworkSnapshot, id string) []frameworkSnapshot {
	if id == "" {
		return list
	}
	for i := range list {
		if list[i].framework.GetFrameworkInfo().GetId().GetValue() == id {
			return list[i : i+1]
		}
	}
	return nil
}

// slaves serves /slaves, of one with ?slave_id=.
func (m *Master) slaves(w http.ResponseWriter, r *http.Request) {
	s := m.snapshot(r.Context())
	want := r.URL.Query().Get("slave_id")
	writeJSON(w, r, func(emit func([]byte)) {
		emit([]byte(`{"slaves":`))
		emitList(emit, selectAgents(s.agents, want), (*agentRecord).full)
		emit([]byte(`,"recovered_slaves":`))
		emitList(emit, selectAgents(s.recovered, want), (*agentRecord).encoded)
		emit([]byte("}"))
	})
}

func selectAgents(list []*agentRecord, id string) []*agentRecord {
	if id == "" {
		return list
	}
	for i, record := range list {
		if record.info.GetId().GetValue() == id {
			return list[i : i+1]
		}
	}
	return nil
}

// full is what /slaves shows of an agent: beside the totals the resources
// themselves.
func (r *agentRecord) full() []byte {
	reserved, unreserved := reservations(r.agent.GetTotalResources())
	summary := r.encoded()
	dst := append(make([]byte, 0, 2*len(summary)), summary[:len(summary)-1]...)
	dst = appendReservedFull(dst, "reserved_resources_full", reserved)
	dst = appendMessages(dst, "unreserved_resources_full", convert.Endpoint(unreserved))
	dst = appendMessages(dst, "used_resources_full", convert.Endpoint(r.agent.GetAllocatedResources()))
	dst = appendMessages(dst, "offered_resources_full", convert.Endpoint(r.agent.GetOfferedResources()))
	return append(dst, '}')
}
