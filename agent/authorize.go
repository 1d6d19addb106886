package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// mayRun: by the agent's own ACLs, a framework needs the users that its tasks run
// as. The master asks its ACLs before that.
// https://mesos.apache.org/documentation/latest/authorization/
func (a *Agent) mayRun(f *framework, l *launch) error {
	if a.config.ACLs == nil {
		return nil
	}
	principal := f.info.GetPrincipal()
	for _, task := range l.message.GetTasks() {
		if user := convert.UserOfTaskInfo(task, f.info); !a.config.ACLs.Allows(principal, acl.RunTask, user) {
			return mesos.Errorf(mesos.Forbidden, "Not authorized: principal %q may not run task %q as user %q on this agent",
				principal, task.GetTaskId().GetValue(), user)
		}
	}
	return nil
}

// refuseLaunch ends tasks that may not run here.
func (a *Agent) refuseLaunch(f *framework, l *launch, err error) {
	reason := mesospb.TaskStatus_REASON_TASK_UNAUTHORIZED
	if l.message.GetTaskGroup() {
		reason = mesospb.TaskStatus_REASON_TASK_GROUP_UNAUTHORIZED
	}
	for _, task := range l.message.GetTasks() {
		id := mesos.TaskID(task.GetTaskId().GetValue())
		a.log(logWarn, "task refused", "task", string(id), "framework", string(f.id), "error", err)
		a.deliver(a.stream(f.id, id), a.status(id, l.id, mesos.TaskError, reason, err.Error()))
	}
}
