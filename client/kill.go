package client

import (
	"context"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const killPath = "/mesosctl/kill"

// KillTask asks the leading master to end a task as if its framework had asked for
// that: it has the grace period of its kill policy, or grace if that is not nil, and
// its framework hears of TASK_KILLED. Errors are of kind mesos.NotFound if there is
// no such task, mesos.Conflict if it has ended, and mesos.Unsupported if the master
// is one of Apache Mesos, which does not do that for operators: see EndTask.
func (c *Client) KillTask(ctx context.Context, framework mesos.FrameworkID, task mesos.TaskID, grace *time.Duration) error {
	if err := c.config.mayChange("killing a task"); err != nil {
		return err
	}
	form := url.Values{"framework": {string(framework)}, "task": {string(task)}}
	if grace != nil {
		form.Set("grace_period", mesos.FormatDuration(*grace))
	}
	response, err := c.send(ctx, request{
		method: http.MethodPost, path: killPath, body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		if isBare(err, mesos.NotFound, http.StatusNotFound) {
			return mesos.Errorf(mesos.Unsupported, "the master at %s does not kill tasks for operators: it is not one of mesosctl", c.Leader())
		}
		return err
	}
	discard(response)
	return nil
}

// EndTask is KillTask that knows what to do with Apache Mesos: there the agent sends
// SIGTERM to the task's container. Its framework then hears how that ended, which
// is TASK_FAILED for most, and nobody enforces a grace period.
func (c *Client) EndTask(ctx context.Context, agent *Agent, task *mesospb.Task, grace *time.Duration) error {
	err := c.KillTask(ctx, mesos.FrameworkID(task.GetFrameworkId().GetValue()), mesos.TaskID(task.GetTaskId().GetValue()), grace)
	if mesos.KindOf(err) != mesos.Unsupported {
		return err
	}
	for i := len(task.GetStatuses()) - 1; i >= 0; i-- {
		if id := task.GetStatuses()[i].GetContainerStatus().GetContainerId(); id != nil {
			return agent.KillContainer(ctx, id, syscall.SIGTERM)
		}
	}
	return mesos.Errorf(mesos.Unsupported, "%w; nor is the task's container known", err)
}

// KillContainer sends a signal to the first process of a container. An error of
// kind mesos.NotFound means that there is no such container any more.
// See https://mesos.apache.org/documentation/latest/operator-http-api/#kill_container.
func (a *Agent) KillContainer(ctx context.Context, id *mesospb.ContainerID, signal syscall.Signal) error {
	number := int32(signal)
	_, err := a.Call(ctx, &agentpb.Call{
		Type:          agentpb.Call_KILL_CONTAINER.Enum(),
		KillContainer: &agentpb.Call_KillContainer{ContainerId: id, Signal: &number},
	})
	return err
}
