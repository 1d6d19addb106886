//go:build !windows

package daemon

import (
	"context"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// handler serves everything on the agent's port.
func (a *Agent) handler() http.Handler {
	return httpapi.NewAgent(httpapi.Agent{
		Daemon: httpapi.Daemon{
			Version: versionInfo(a.cfg.Version),
			Flags:   a.cfg.Flags,
			Metrics: a.metrics,
			Started: a.started,
			Files:   a.files,
			Realms:  a.realms,
			ACLs:    a.cfg.ACLs,
			Log:     a.cfg.verbosity(),
		},
		Executor:          executorAPI{a},
		Recovered:         func() bool { return true }, // it serves once it has recovered
		View:              a.view,
		Containers:        containerAPI{a},
		Images:            a.imageAPI(),
		HeartbeatInterval: a.cfg.HeartbeatInterval,
		PID:               "slave(1)@" + a.address.String(),
		Capabilities:      machine.Capabilities(),
	})
}

// metrics collects what the core counts and what the machine is.
func (a *Agent) metrics(ctx context.Context) []httpapi.Metric {
	metrics := append(systemMetrics(), a.imagePulls.metrics()...)
	for _, counted := range []map[string]float64{a.containers.Metrics(), a.fetcherMetrics()} {
		for name, value := range counted {
			metrics = append(metrics, httpapi.Metric{Name: name, Value: value})
		}
	}
	var counted agent.Metrics
	if !a.loop.Inspect(ctx, func() { counted = a.core.Metrics() }) {
		return metrics
	}
	for name, value := range counted.Values(time.Now()) {
		metrics = append(metrics, httpapi.Metric{Name: name, Value: value})
	}
	return metrics
}

// nowRegistered notes that the agent has an ID that a master knows.
func (a *Agent) nowRegistered(id string) {
	if err := a.workDir.Latest("slaves", id); err != nil {
		a.log.Warn("people won't find this agent's sandboxes as the latest", "error", err)
	}
	close(a.registered)
}

// publish shows readers what the core has published.
func (a *Agent) publish(effects []agent.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case agent.PutAgent:
			a.view.PutAgent(e.Agent, e.Master)
			if e.Master != "" {
				a.firstTime.Do(func() { a.nowRegistered(e.Agent.GetId().GetValue()) })
			}
		case agent.PutDrain:
			a.view.PutDrain(e.Config, e.Since)
		case agent.PutResources:
			a.view.PutResources(e.Total)
		case agent.PutOperation:
			a.view.PutOperation(e.Operation)
		case agent.DropOperation:
			a.view.DropOperation(e.Operation)
		case agent.PutFramework:
			a.view.PutFramework(e.Framework, e.Completed)
		case agent.DropFramework:
			a.view.DropFramework(e.ID)
			a.sandboxes.dropFramework(e.ID)
		case agent.PutExecutor:
			record := httpapi.ExecutorRecord(*e.Executor)
			a.view.PutExecutor(&record)
		case agent.DropExecutor:
			a.view.DropExecutor(e.Framework, e.Container)
			a.sandboxes.drop(e.Container)
		case agent.PutTask:
			a.view.PutTask(e.Container, httpapi.AgentTaskList(e.List), e.Task, e.Info)
			var has []*mesospb.Resource
			if e.List == agent.TaskLaunched {
				has = e.Task.GetResources()
			}
			a.sandboxes.showTask(e.Container, e.Task.GetTaskId(), has)
		case agent.DropTask:
			a.view.DropTask(e.Container, e.Task)
		}
	}
}
