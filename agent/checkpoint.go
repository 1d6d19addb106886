package agent

import (
	"encoding/hex"
	"fmt"
	"path"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
)

// The checkpoints lie where Mesos has them; paths are relative to
// <work_dir>/meta, the sandboxes' to <work_dir>. A "latest" file holds the name
// of the newest of its siblings. See
// https://mesos.apache.org/documentation/latest/agent-recovery/.
//
//	boot_id
//	resources/resources_and_operations.state
//	slaves/latest
//	slaves/<agent>/slave.info
//	slaves/<agent>/drain_config
//	slaves/<agent>/operations/<operation>/operation.updates
//	slaves/<agent>/frameworks/<framework>/framework.info
//	  .../executors/<executor>/executor.info
//	  .../executors/<executor>/executor_generated_for_command_task
//	  .../executors/<executor>/runs/latest
//	  .../runs/<container>/{http.marker,executor.sentinel,pids/forked.pid}
//	  .../runs/<container>/tasks/<task>/{task.info,task.group,task.kill,task.updates}

// bootPath is the checkpoint of which boot of the machine an agent ran in.
const bootPath = "boot_id"

// LatestPath is the checkpoint that holds the ID of the agent that ran last.
const LatestPath = "slaves/latest"

// InfoPath is the checkpoint of an agent's AgentInfo.
func InfoPath(id mesos.AgentID) string { return path.Join(agentPath(id), "slave.info") }

func agentPath(id mesos.AgentID) string { return path.Join("slaves", string(id)) }

func frameworkPath(a mesos.AgentID, f mesos.FrameworkID) string {
	return path.Join(agentPath(a), "frameworks", string(f))
}

func executorPath(a mesos.AgentID, e *executor) string {
	return path.Join(frameworkPath(a, e.framework.id), "executors", string(e.id))
}

func runPath(a mesos.AgentID, e *executor) string {
	return path.Join(executorPath(a, e), "runs", string(e.container))
}

func taskPath(a mesos.AgentID, e *executor, t mesos.TaskID) string {
	return path.Join(runPath(a, e), "tasks", string(t))
}

func updatesPath(a mesos.AgentID, e *executor, t mesos.TaskID) string {
	return path.Join(taskPath(a, e, t), "task.updates")
}

// message is a wire message that can be written down.
type message interface{ MarshalVT() ([]byte, error) }

func (a *Agent) write(path string, m message) {
	a.emit(Checkpoint{Path: path, Value: encode(m)})
}

// encode writes a message that has been decoded, or made here, before: every
// required field is set.
func encode(m message) []byte {
	data, err := m.MarshalVT()
	if err != nil {
		panic(fmt.Sprintf("agent: checkpoint of %T: %v", m, err))
	}
	return append([]byte{}, data...) // not nil: that would remove the file
}

// forget removes checkpoints that nobody needs any more.
func (a *Agent) forget(path string) { a.emit(Checkpoint{Path: path}) }

// checkpointAgent writes down who this agent is, if that changed, so that it
// comes back as the same one.
func (a *Agent) checkpointAgent() {
	if a.saved.EqualVT(a.info) {
		return
	}
	a.saved = a.info
	a.write(InfoPath(a.id), a.info)
	a.emit(Checkpoint{Path: LatestPath, Value: []byte(a.id)})
}

func (a *Agent) checkpointFramework(f *framework) {
	a.write(path.Join(frameworkPath(a.id, f.id), "framework.info"), f.info)
}

func (a *Agent) checkpointExecutor(e *executor) {
	a.write(path.Join(executorPath(a.id, e), "executor.info"), convert.WithoutSecrets(e.info))
	generated := "0"
	if e.command {
		generated = "1"
	}
	a.emit(Checkpoint{Path: path.Join(executorPath(a.id, e), "executor_generated_for_command_task"), Value: []byte(generated)})
	a.emit(Checkpoint{Path: path.Join(executorPath(a.id, e), "runs/latest"), Value: []byte(e.container)})
}

func (a *Agent) checkpointPid(e *executor) {
	a.emit(Checkpoint{Path: path.Join(runPath(a.id, e), "pids/forked.pid"), Value: strconv.AppendInt(nil, int64(e.pid), 10)})
}

// checkpointSubscription notes that an executor subscribed over HTTP.
func (a *Agent) checkpointSubscription(e *executor) {
	a.emit(Checkpoint{Path: path.Join(runPath(a.id, e), "http.marker"), Value: []byte{}})
}

// checkpointEnd notes that a run is over and needs no recovery.
func (a *Agent) checkpointEnd(e *executor) {
	a.emit(Checkpoint{Path: path.Join(runPath(a.id, e), "executor.sentinel"), Value: []byte{}})
}

// checkpointTask writes a task down. Those of a group name its first one.
func (a *Agent) checkpointTask(t *task) {
	if t.group != nil {
		a.emit(Checkpoint{Path: path.Join(taskPath(a.id, t.executor, t.id), "task.group"), Value: []byte(t.group[0].id)})
	}
	a.write(path.Join(taskPath(a.id, t.executor, t.id), "task.info"), convert.WithoutSecrets(t.info))
}

// checkpointKill notes that a task of a built-in executor is to be killed: its
// executor is in this process, and the one that goes on after a restart must know.
func (a *Agent) checkpointKill(t *task, m *linkpb.KillTask) {
	if t.executor.checkpoint && t.executor.builtin() {
		a.write(path.Join(taskPath(a.id, t.executor, t.id), "task.kill"), m)
	}
}

// checkpointFall notes that a task's end is that of its group: the default
// executor kills the others, and after a restart must go on with that.
func (a *Agent) checkpointFall(t *task) {
	for _, other := range t.group {
		if other.list == TaskLaunched {
			a.checkpointKill(other, &linkpb.KillTask{FrameworkId: other.executor.framework.info.Id, TaskId: other.record.TaskId})
		}
	}
}

// formatUUID writes a UUID as text.
func formatUUID(id uuid) string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
