package httpapi

import (
	"context"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A sight is what one reader may see. That of a daemon without ACLs sees all.
// https://mesos.apache.org/documentation/latest/authorization/
type sight struct {
	acls      *acl.ACLs
	principal string
}

// sightOf is the sight of whoever sent the request of a context.
func (d *Daemon) sightOf(ctx context.Context) sight { return sight{d.ACLs, principalOf(ctx)} }

func (s sight) framework(info *mesospb.FrameworkInfo) bool {
	return s.acls.Allows(s.principal, acl.ViewFramework, info.GetUser())
}

func (s sight) task(task *mesospb.Task, framework *mesospb.FrameworkInfo) bool {
	return s.acls == nil || s.acls.Allows(s.principal, acl.ViewTask, convert.UserOfTask(task, framework))
}

func (s sight) executor(info *mesospb.ExecutorInfo, framework *mesospb.FrameworkInfo) bool {
	return s.acls == nil || s.acls.Allows(s.principal, acl.ViewExecutor, convert.UserOfExecutor(info, framework))
}

func (s sight) role(name string) bool { return s.acls.Allows(s.principal, acl.ViewRole, name) }

// resource reports whether a reader may see every role that a resource is
// reserved or allocated to.
func (s sight) resource(r *mesospb.Resource) bool {
	if s.acls == nil {
		return true
	}
	if name := r.GetRole(); name != "" && name != mesos.AnyRole && !s.role(name) {
		return false
	}
	if r.AllocationInfo != nil && !s.role(r.GetAllocationInfo().GetRole()) {
		return false
	}
	return !slices.ContainsFunc(r.GetReservations(), func(layer *mesospb.Resource_ReservationInfo) bool {
		return !s.role(layer.GetRole())
	})
}

// resources is what of some resources may be seen: the same slice if that is all.
func (s sight) resources(list []*mesospb.Resource) []*mesospb.Resource {
	hidden := func(r *mesospb.Resource) bool { return !s.resource(r) }
	if s.acls == nil || !slices.ContainsFunc(list, hidden) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), hidden)
}

// agent is what may be seen of a registered agent, the same message if that is all.
func (s sight) agent(a *masterpb.Response_GetAgents_Agent) *masterpb.Response_GetAgents_Agent {
	if s.acls == nil {
		return a
	}
	info, total := s.agentInfo(a.GetAgentInfo()), s.resources(a.TotalResources)
	allocated, offered := s.resources(a.AllocatedResources), s.resources(a.OfferedResources)
	if info == a.AgentInfo && len(total) == len(a.TotalResources) && len(allocated) == len(a.AllocatedResources) &&
		len(offered) == len(a.OfferedResources) {
		return a
	}
	seen := a.CloneVT()
	seen.AgentInfo, seen.TotalResources, seen.AllocatedResources, seen.OfferedResources = info, total, allocated, offered
	return seen
}

// frameworkRecord is what may be seen of a framework that may be seen, the same
// message if that is all.
func (s sight) frameworkRecord(f *masterpb.Response_GetFrameworks_Framework) *masterpb.Response_GetFrameworks_Framework {
	if s.acls == nil {
		return f
	}
	allocated, offered := s.resources(f.AllocatedResources), s.resources(f.OfferedResources)
	if len(allocated) == len(f.AllocatedResources) && len(offered) == len(f.OfferedResources) {
		return f
	}
	seen := f.CloneVT()
	seen.AllocatedResources, seen.OfferedResources = allocated, offered
	return seen
}

// agentInfo is what may be seen of what an agent says of itself.
func (s sight) agentInfo(info *mesospb.AgentInfo) *mesospb.AgentInfo {
	list := s.resources(info.GetResources())
	if len(list) == len(info.GetResources()) {
		return info
	}
	seen := info.CloneVT()
	seen.Resources = list
	return seen
}

// limit leaves in a snapshot what may be seen of it.
func (s sight) limit(all *masterSnapshot) {
	if s.acls == nil {
		return
	}
	for i, record := range all.agents {
		all.agents[i] = record.seenBy(s)
	}
	for i, record := range all.recovered {
		all.recovered[i] = record.seenBy(s)
	}
	all.frameworks = s.frameworks(all.frameworks)
	all.completed = s.frameworks(all.completed)
}

// seenBy is what may be seen of an agent, the same record if that is all.
func (r *agentRecord) seenBy(s sight) *agentRecord {
	if r.agent == nil {
		if info := s.agentInfo(r.info); info != r.info {
			return &agentRecord{info: info}
		}
		return r
	}
	if agent := s.agent(r.agent); agent != r.agent {
		return &agentRecord{agent: agent, info: agent.AgentInfo, whole: r.agent}
	}
	return r
}

func (s sight) frameworks(list []frameworkSnapshot) []frameworkSnapshot {
	list = slices.DeleteFunc(list, func(f frameworkSnapshot) bool { return !s.framework(f.framework.GetFrameworkInfo()) })
	for i := range list {
		f := &list[i]
		info := f.framework.GetFrameworkInfo()
		for kind := range f.tasks {
			f.tasks[kind] = slices.DeleteFunc(f.tasks[kind], func(r *taskRecord) bool { return !s.task(r.task, info) })
		}
		f.executors = slices.DeleteFunc(f.executors, func(r *executorRecord) bool { return !s.executor(r.info, info) })
	}
	return list
}

// snapshot is what the sender of a request may see of the cluster.
func (m *Master) snapshot(ctx context.Context) masterSnapshot {
	s := m.View.snapshot()
	m.sightOf(ctx).limit(&s)
	return s
}
