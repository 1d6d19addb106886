package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// container is one line of /containers.
type container struct {
	id     mesos.ContainerID
	info   *mesospb.ExecutorInfo // nil of one that is no executor's
	status *mesospb.ContainerStatus
	usage  *mesospb.ResourceStatistics
}

// selection is which containers are asked for; what is empty selects all.
type selection struct {
	container, framework, executor string
	nested, standalone             bool // also these
}

// measure returns the containers that run and that were selected.
func (a *Agent) measure(ctx context.Context, which selection) []container {
	s, sees := a.View.snapshot(), a.sightOf(ctx)
	executors, visible := map[mesos.ContainerID]bool{}, map[mesos.ContainerID]bool{}
	var list []container
	for _, e := range s.running() {
		executors[e.Container] = true
		if !sees.container(e.Info, s.frameworkOf(e.Info)) {
			continue
		}
		visible[e.Container] = true
		if which.selects(e.ExecutorRecord) {
			list = append(list, container{id: e.Container, info: e.Info, status: e.Status, usage: a.usage(ctx, e.Container)})
		}
	}
	if !which.nested && !which.standalone {
		return list
	}
	seesStandalone := a.ACLs.AllowsAny(principalOf(ctx), acl.ViewStandaloneContainer)
	for _, c := range a.Containers.List() {
		nested := c.ID.Parent() != ""
		switch {
		case executors[c.ID], nested && !which.nested, !nested && !which.standalone:
		case c.Standalone && !seesStandalone, !c.Standalone && !visible[c.ID.Root()]:
		default:
			status, err := a.Containers.Status(c.ID)
			if err != nil {
				continue // it has ended meanwhile
			}
			list = append(list, container{id: c.ID, status: status, usage: a.usage(ctx, c.ID)})
		}
	}
	return list
}

func (w *selection) selects(e *ExecutorRecord) bool {
	return (w.container == "" || w.container == string(e.Container)) &&
		(w.framework == "" || w.framework == e.Info.GetFrameworkId().GetValue()) &&
		(w.executor == "" || w.executor == e.Info.GetExecutorId().GetValue())
}

func (a *Agent) usage(ctx context.Context, id mesos.ContainerID) *mesospb.ResourceStatistics {
	usage, err := a.Containers.Usage(ctx, id)
	if err != nil {
		return nil
	}
	return usage
}

// containers serves /containers: all of executors, that of ?container_id=, those of
// ?framework_id=, or that of a framework's ?executor_id=.
func (a *Agent) containers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	which := selection{
		container: query.Get("container_id"), framework: query.Get("framework_id"), executor: query.Get("executor_id"),
	}
	if which.container != "" && which.framework+which.executor != "" || which.executor != "" && which.framework == "" {
		refuse(w, mesos.Errorf(mesos.Invalid, "ask for a container_id, for a framework_id, or for an executor_id with its framework_id"))
		return
	}
	a.writeContainers(w, r, which, true)
}

// statistics serves /monitor/statistics.
func (a *Agent) statistics(w http.ResponseWriter, r *http.Request) {
	a.writeContainers(w, r, selection{}, false)
}

func (a *Agent) writeContainers(w http.ResponseWriter, r *http.Request, which selection, full bool) {
	list := a.measure(r.Context(), which)
	writeJSON(w, r, func(emit func([]byte)) {
		dst := []byte("[")
		for _, c := range list {
			if full || c.usage != nil {
				dst = append(c.append(append(comma(dst), '{'), full), '}')
			}
		}
		emit(append(dst, ']'))
	})
}

func (c *container) append(dst []byte, full bool) []byte {
	if full {
		dst = appendString(dst, "container_id", string(c.id))
	}
	dst = appendString(dst, "executor_id", c.info.GetExecutorId().GetValue())
	dst = appendString(dst, "executor_name", c.info.GetName())
	dst = appendString(dst, "framework_id", c.info.GetFrameworkId().GetValue())
	dst = appendString(dst, "source", c.info.GetSource())
	if c.usage != nil {
		dst = appendMessage(dst, "statistics", c.usage)
	}
	if full && c.status != nil {
		dst = appendMessage(dst, "status", c.status)
	}
	return dst
}

func (a *Agent) getContainers(ctx context.Context, call *agentpb.Call_GetContainers) *agentpb.Response_GetContainers {
	answer := new(agentpb.Response_GetContainers)
	for _, c := range a.measure(ctx, selection{nested: call.GetShowNested(), standalone: call.GetShowStandalone()}) {
		line := &agentpb.Response_GetContainers_Container{
			ContainerId: convert.ContainerIDToWire(c.id), ContainerStatus: c.status, ResourceStatistics: c.usage,
		}
		if c.info != nil {
			line.FrameworkId, line.ExecutorId, line.ExecutorName = c.info.FrameworkId, c.info.ExecutorId, c.info.Name
		}
		answer.Containers = append(answer.Containers, line)
	}
	return answer
}

// containerizerDebug serves /containerizer/debug: what the containerizer has begun
// and not finished.
func (a *Agent) containerizerDebug(w http.ResponseWriter, r *http.Request) {
	pending := a.Containers.Pending()
	writeJSON(w, r, func(emit func([]byte)) {
		dst := append(appendKey([]byte("{"), "pending"), '[')
		for _, p := range pending {
			dst = appendString(append(comma(dst), '{'), "operation", p.Operation)
			dst = append(appendKey(dst, "args"), '{')
			dst = append(appendString(dst, "containerId", string(p.Container)), "}}"...)
		}
		emit(append(dst, "]}"...))
	})
}
