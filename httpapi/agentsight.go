package httpapi

import (
	"context"
	"slices"

	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func (s sight) container(info *mesospb.ExecutorInfo, framework *mesospb.FrameworkInfo) bool {
	return s.acls == nil || s.acls.Allows(s.principal, acl.ViewContainer, convert.UserOfExecutor(info, framework))
}

func (s sight) reservations(list []reservation) []reservation {
	return slices.DeleteFunc(list, func(r reservation) bool { return !s.role(r.role) })
}

// snapshot is what the sender of a request may see of the agent.
func (a *Agent) snapshot(ctx context.Context) agentSnapshot {
	s := a.View.snapshot()
	s.inUse = s.allocated()
	if sees := a.sightOf(ctx); sees.acls != nil {
		s.frameworks = sees.agentFrameworks(s.frameworks)
		s.completed = sees.agentFrameworks(s.completed)
		s.operations = slices.DeleteFunc(s.operations, func(o *mesospb.Operation) bool { return !sees.operation(o) })
	}
	return s
}

func (s sight) agentFrameworks(list []agentFrameworkSnapshot) []agentFrameworkSnapshot {
	list = slices.DeleteFunc(list, func(f agentFrameworkSnapshot) bool { return !s.framework(f.info) })
	for i := range list {
		f := &list[i]
		f.executors, f.completed = s.agentExecutors(f.info, f.executors), s.agentExecutors(f.info, f.completed)
	}
	return list
}

func (s sight) agentExecutors(framework *mesospb.FrameworkInfo, list []agentExecutorSnapshot) []agentExecutorSnapshot {
	list = slices.DeleteFunc(list, func(e agentExecutorSnapshot) bool { return !s.executor(e.Info, framework) })
	for i := range list {
		for kind := range list[i].tasks {
			list[i].tasks[kind] = slices.DeleteFunc(list[i].tasks[kind], func(t *agentTask) bool { return !s.task(t.task, framework) })
		}
	}
	return list
}
