package exec

import (
	"net"
	"strconv"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// defaultExecutorID names the executor of a task group.
const defaultExecutorID = "default-executor"

// sandbox is the virtual path of a task's sandbox at its agent. A command task's
// executor has the ID of its task; a task of a group has a sandbox within its
// executor's.
// See https://mesos.apache.org/documentation/latest/sandbox/.
func (m *Machine) sandbox(j *job, status *mesospb.TaskStatus) string {
	task := status.GetTaskId().GetValue()
	executor := task
	for i := range j.tasks {
		if info := m.spec.Tasks[i]; j.tasks[i].id == task && info.GetExecutor() != nil {
			executor = info.GetExecutor().GetExecutorId().GetValue()
		}
	}
	if m.spec.Group {
		executor = defaultExecutorID + m.suffix(j)
	}
	path := "/frameworks/" + m.frameworkID + "/executors/" + executor + "/runs/latest"
	if !m.spec.Group {
		return path
	}
	if id := status.GetContainerStatus().GetContainerId(); id.GetParent() != nil {
		return path + "/containers/" + id.GetValue()
	}
	return path + "/tasks/" + task
}

// agentAddress is where the agent of an offer listens.
func agentAddress(offer *mesospb.Offer) string {
	address := offer.GetUrl().GetAddress()
	host, port := address.GetIp(), int(address.GetPort())
	if host == "" {
		host = address.GetHostname()
	}
	if host == "" {
		host = offer.GetHostname()
	}
	if port == 0 {
		port = 5051 // a Mesos agent's, unless told otherwise
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
