package convert

import "github.com/mesosctl/mesosctl/wire/mesospb"

// The users by which access to tasks and executors is authorized: each may name
// one, and otherwise is run as the framework's.
// https://mesos.apache.org/documentation/latest/authorization/

// UserOfTaskInfo is the user that a task to be launched runs as.
func UserOfTaskInfo(task *mesospb.TaskInfo, framework *mesospb.FrameworkInfo) string {
	switch {
	case task.GetCommand().GetUser() != "":
		return task.GetCommand().GetUser()
	case task.GetExecutor().GetCommand().GetUser() != "":
		return task.GetExecutor().GetCommand().GetUser()
	}
	return framework.GetUser()
}

// UserOfTask is the user that a task runs as.
func UserOfTask(task *mesospb.Task, framework *mesospb.FrameworkInfo) string {
	if task.User != nil {
		return task.GetUser()
	}
	return framework.GetUser()
}

// UserOfExecutor is the user that an executor runs as.
func UserOfExecutor(executor *mesospb.ExecutorInfo, framework *mesospb.FrameworkInfo) string {
	if user := executor.GetCommand().GetUser(); user != "" {
		return user
	}
	return framework.GetUser()
}
