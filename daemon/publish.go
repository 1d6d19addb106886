package daemon

import (
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/master"
)

// publish shows readers what the master's core has published.
func (t *term) publish(effects []master.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case master.PutAgent:
			t.view.PutAgent(e.Agent)
		case master.DropAgent:
			t.view.DropAgent(e.ID)
		case master.PutRecoveredAgent:
			t.view.PutRecoveredAgent(e.Agent)
		case master.DropRecoveredAgent:
			t.view.DropAgent(e.ID)
		case master.PutFramework:
			t.view.PutFramework(e.Framework, e.Completed)
		case master.DropFramework:
			t.view.DropFramework(e.ID)
		case master.PutTask:
			t.view.PutTask(e.Task, httpapi.TaskList(e.List))
		case master.DropTask:
			t.view.DropTask(e.Framework, e.Agent, e.Task)
		case master.PutExecutor:
			t.view.PutExecutor(e.Agent, e.Executor)
		case master.DropExecutor:
			t.view.DropExecutor(e.Framework, e.Agent, e.Executor)
		case master.PutOffer:
			t.view.PutOffer(e.Offer)
		case master.DropOffer:
			t.view.DropOffer(e.Framework, e.Offer)
		case master.PutOperation:
			t.view.PutOperation(e.Operation)
		case master.DropOperation:
			t.view.DropOperation(e.UUID)
		case master.PutWeight:
			t.view.PutWeight(e.Role, e.Weight)
		case master.PutMaintenance:
			t.view.PutMaintenance(e.Schedule, e.Status)
		case master.PutQuota:
			t.view.PutQuota(e.Role, e.Config)
		}
	}
}
