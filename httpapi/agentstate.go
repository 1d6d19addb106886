package httpapi

import (
	"net"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// state serves the agent's /state.
func (a *Agent) state(w http.ResponseWriter, r *http.Request) {
	s, sees := a.snapshot(r.Context()), a.sightOf(r.Context())
	writeJSON(w, r, func(emit func([]byte)) {
		dst := a.appendBuild([]byte("{"))
		dst = appendString(dst, "id", s.agent.GetId().GetValue())
		dst = appendString(dst, "pid", a.PID)
		dst = appendString(dst, "hostname", s.agent.GetHostname())
		dst = appendNames(dst, "capabilities", capabilities(a.Capabilities))
		dst = appendDomain(dst, s.agent.GetDomain())
		dst = appendAgentResources(dst, &s, sees)
		dst = append(appendKey(dst, "resource_providers"), "[]"...)
		dst = appendAttributes(dst, "attributes", s.agent.GetAttributes())
		if s.drain != nil {
			dst = appendMessage(dst, "drain_config", s.drain)
		}
		if s.drainSince != nil {
			dst = appendTime(dst, "estimated_drain_start_time_seconds", s.drainSince)
		}
		if host, _, err := net.SplitHostPort(s.master); err == nil {
			dst = appendString(dst, "master_hostname", host)
		}
		if a.ACLs.AllowsAny(principalOf(r.Context()), acl.ViewFlags) {
			dst = a.appendFlags(a.appendSetFlags(dst, "log_dir", "external_log_file"))
		}
		emit(append(dst, `,"frameworks":`...))
		emitAgentFrameworks(emit, s.frameworks)
		emit([]byte(`,"completed_frameworks":`))
		emitAgentFrameworks(emit, s.completed)
		emit([]byte("}"))
	})
}

// appendAgentResources appends what the agent has: totals of all of it, and of
// what is reserved those roles that may be seen.
func appendAgentResources(dst []byte, s *agentSnapshot, sees sight) []byte {
	all := s.total
	if all == nil {
		all = s.agent.GetResources()
	}
	reserved, unreserved := reservations(all)
	reserved = sees.reservations(reserved)
	dst = appendResources(dst, "resources", all)
	dst = appendReserved(dst, "reserved_resources", reserved)
	dst = appendResources(dst, "unreserved_resources", unreserved)
	dst = appendReservedFull(dst, "reserved_resources_full", reserved)
	dst = appendMessages(dst, "unreserved_resources_full", convert.Endpoint(unreserved))
	reserved, unreserved = reservations(s.inUse)
	dst = appendReserved(dst, "reserved_resources_allocated", sees.reservations(reserved))
	return appendResources(dst, "unreserved_resources_allocated", unreserved)
}

func emitAgentFrameworks(emit func([]byte), frameworks []agentFrameworkSnapshot) {
	emit([]byte("["))
	for i := range frameworks {
		if i > 0 {
			emit(separator)
		}
		f := &frameworks[i]
		emit(append(appendAgentFramework([]byte("{"), f.info), `,"executors":`...))
		emitAgentExecutors(emit, f.executors)
		emit([]byte(`,"completed_executors":`))
		emitAgentExecutors(emit, f.completed)
		emit([]byte("}"))
	}
	emit([]byte("]"))
}

func appendAgentFramework(dst []byte, info *mesospb.FrameworkInfo) []byte {
	dst = appendString(dst, "id", info.GetId().GetValue())
	dst = appendString(dst, "name", info.GetName())
	dst = appendString(dst, "user", info.GetUser())
	dst = appendDouble(dst, "failover_timeout", info.GetFailoverTimeout())
	dst = appendBool(dst, "checkpoint", info.GetCheckpoint())
	dst = appendString(dst, "hostname", info.GetHostname())
	if info.Principal != nil {
		dst = appendString(dst, "principal", info.GetPrincipal())
	}
	return appendRoles(dst, info)
}

func emitAgentExecutors(emit func([]byte), executors []agentExecutorSnapshot) {
	emit([]byte("["))
	for i := range executors {
		if i > 0 {
			emit(separator)
		}
		e := &executors[i]
		emit(append(appendAgentExecutor([]byte("{"), e.ExecutorRecord), `,"tasks":`...))
		emitList(emit, e.tasks[TaskLaunched], (*agentTask).encoded)
		emit([]byte(`,"queued_tasks":`))
		emitList(emit, e.tasks[TaskQueued], (*agentTask).encodedInfo)
		emit([]byte(`,"completed_tasks":`))
		ended := append(e.tasks[TaskAcknowledged], e.tasks[TaskTerminated]...)
		emitList(emit, ended, (*agentTask).encoded)
		emit([]byte("}"))
	}
	emit([]byte("]"))
}

func appendAgentExecutor(dst []byte, e *ExecutorRecord) []byte {
	dst = appendString(dst, "id", e.Info.GetExecutorId().GetValue())
	dst = appendString(dst, "name", e.Info.GetName())
	dst = appendString(dst, "source", e.Info.GetSource())
	dst = appendString(dst, "container", string(e.Container))
	dst = appendString(dst, "directory", e.Sandbox)
	dst = appendResources(dst, "resources", e.Resources)
	dst = appendRole(dst, e.Info.GetResources())
	return appendExecutorKind(dst, e.Info)
}

func (t *agentTask) encoded() []byte {
	return t.legacy.get(func(dst []byte) []byte { return append(appendTask(append(dst, '{'), t.task), '}') })
}

// encodedInfo is what is shown of a queued task.
func (t *agentTask) encodedInfo() []byte {
	if t.info == nil {
		return t.encoded()
	}
	return t.legacy.get(func(dst []byte) []byte { return append(appendTaskInfo(append(dst, '{'), t.info), '}') })
}

func appendTaskInfo(dst []byte, t *mesospb.TaskInfo) []byte {
	dst = appendString(dst, "id", t.GetTaskId().GetValue())
	dst = appendString(dst, "name", t.GetName())
	dst = appendString(dst, "slave_id", t.GetAgentId().GetValue())
	dst = appendResources(dst, "resources", t.GetResources())
	dst = appendRole(dst, t.GetResources())
	if t.Command != nil {
		dst = append(appendCommand(append(appendKey(dst, "command"), '{'), t.Command), '}')
	}
	if t.Executor != nil {
		dst = appendString(dst, "executor_id", t.GetExecutor().GetExecutorId().GetValue())
	}
	if t.Discovery != nil {
		dst = appendMessage(dst, "discovery", t.Discovery)
	}
	return dst
}
