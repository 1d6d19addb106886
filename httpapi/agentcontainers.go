package httpapi

import (
	"context"
	"net/http"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ContainerSource measures containers.
type ContainerSource interface {
	// Usage returns a container's statistics, or nil if there are none. Its
	// errors only leave the container without statistics.
	Usage(ctx context.Context, container mesos.ContainerID) (*mesospb.ResourceStatistics, error)
}

// container is one line of /containers.
type container struct {
	record *ExecutorRecord
	usage  *mesospb.ResourceStatistics
}

// measure returns the containers that run, of one executor's container if id is
// not empty.
func (a *Agent) measure(ctx context.Context, id string) []container {
	s, sees := a.View.snapshot(), a.sightOf(ctx)
	var list []container
	for _, e := range s.running() {
		if !sees.container(e.Info, s.frameworkOf(e.Info)) {
			continue
		}
		if id != "" && id != string(e.Container) {
			continue
		}
		c := container{record: e.ExecutorRecord}
		if a.Containers != nil {
			if usage, err := a.Containers.Usage(ctx, e.Container); err == nil {
				c.usage = usage
			}
		}
		list = append(list, c)
	}
	return list
}

// containers serves /containers, of one with ?container_id=.
func (a *Agent) containers(w http.ResponseWriter, r *http.Request) {
	a.writeContainers(w, r, true)
}

// statistics serves /monitor/statistics.
func (a *Agent) statistics(w http.ResponseWriter, r *http.Request) {
	a.writeContainers(w, r, false)
}

func (a *Agent) writeContainers(w http.ResponseWriter, r *http.Request, full bool) {
	list := a.measure(r.Context(), r.URL.Query().Get("container_id"))
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
	info := c.record.Info
	if full {
		dst = appendString(dst, "container_id", string(c.record.Container))
	}
	dst = appendString(dst, "executor_id", info.GetExecutorId().GetValue())
	dst = appendString(dst, "executor_name", info.GetName())
	dst = appendString(dst, "framework_id", info.GetFrameworkId().GetValue())
	dst = appendString(dst, "source", info.GetSource())
	if c.usage != nil {
		dst = appendMessage(dst, "statistics", c.usage)
	}
	if full && c.record.Status != nil {
		dst = appendMessage(dst, "status", c.record.Status)
	}
	return dst
}

func (a *Agent) getContainers(ctx context.Context) *agentpb.Response_GetContainers {
	answer := new(agentpb.Response_GetContainers)
	for _, c := range a.measure(ctx, "") {
		id := string(c.record.Container)
		answer.Containers = append(answer.Containers, &agentpb.Response_GetContainers_Container{
			FrameworkId: c.record.Info.FrameworkId, ExecutorId: c.record.Info.ExecutorId,
			ExecutorName: c.record.Info.Name, ContainerId: &mesospb.ContainerID{Value: &id},
			ContainerStatus: c.record.Status, ResourceStatistics: c.usage,
		})
	}
	return answer
}
