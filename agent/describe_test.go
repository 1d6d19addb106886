package agent

import (
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// describe is an effect in one line of a story, or "" if it is not to be shown.
func (s *stage) describe(effect Effect) string {
	switch e := effect.(type) {
	case Connect:
		return "connect"
	case SendMaster:
		return "to master: " + s.toMaster(e.Message)
	case CloseLink:
		return "close link"
	case Reply:
		if e.Err != nil {
			return fmt.Sprintf("reply: %s (%s)", e.Err, kindName(mesos.KindOf(e.Err)))
		}
		return "reply: accepted"
	case SendExecutor:
		return fmt.Sprintf("to executor %s: %s", e.Stream, eventText(e.Event))
	case CloseExecutorStream:
		return fmt.Sprintf("close stream %s", e.Stream)
	case LaunchContainer:
		return s.launchText(e)
	case UpdateContainer:
		return fmt.Sprintf("update container %s: %s%s", short(e.Container), resourcesText(e.Resources), limitsText(e.Limits))
	case DestroyContainer:
		return "destroy container " + short(e.Container)
	case RecoverContainers:
		return s.recoverText(e)
	case ReleaseContainer:
		if s.show["releases"] {
			return "release container " + short(e.Container)
		}
	case ChangeVolumes:
		return changeText(e)
	case RetireDir:
		if s.show["garbage"] {
			return "retire " + shortPath(e.Path)
		}
	case RemoveDir:
		return "remove " + shortPath(e.Path)
	case Stopped:
		return fmt.Sprintf("stopped: %v", e.Err)
	case Checkpoint:
		if s.show["checkpoints"] {
			return checkpointText(e)
		}
	case Log:
		if s.show["logs"] && e.Level != logDebug {
			return "log: " + e.Message
		}
	default:
		if s.show["publications"] {
			return publicationText(e)
		}
	}
	return ""
}

func kindName(k mesos.Kind) string {
	return map[mesos.Kind]string{mesos.Invalid: "invalid", mesos.Forbidden: "forbidden", mesos.Unsupported: "unsupported"}[k]
}

// shortPath is a path whose container has a short name.
func shortPath(p string) string {
	if dir, id := path.Split(p); strings.HasSuffix(dir, "/runs/") {
		return dir + short(mesos.ContainerID(id))
	}
	return p
}

// longPath is the path that shortPath shortened.
func longPath(p string) string {
	if dir, number := path.Split(p); strings.HasSuffix(dir, "/runs/") {
		return dir + string(containerOf(strings.TrimPrefix(number, "c")))
	}
	return p
}

// short is the number that a container's UUID is.
func short(id mesos.ContainerID) string {
	text := strings.TrimLeft(string(id), "0-")
	var n int
	fmt.Sscanf(text, "%x", &n)
	return fmt.Sprint("c", n)
}

func shortUUID(id []byte) string { return fmt.Sprint("#", binary.BigEndian.Uint32(id[12:])) }

func stateName(s mesospb.TaskState) string { return strings.TrimPrefix(s.String(), "TASK_") }

func (s *stage) toMaster(m *linkpb.ToMaster) string {
	switch m := m.GetMessage().(type) {
	case *linkpb.ToMaster_Register:
		text := "register " + m.Register.GetAgentInfo().GetHostname()
		if m.Register.TotalResources != nil {
			text += " with " + resourcesText(m.Register.GetTotalResources())
		}
		return text
	case *linkpb.ToMaster_Reregister:
		return reregisterText(m.Reregister)
	case *linkpb.ToMaster_Unregister:
		return "unregister " + m.Unregister.GetAgentId().GetValue()
	case *linkpb.ToMaster_Pong:
		return "pong"
	case *linkpb.ToMaster_Recovering:
		return "recovering " + m.Recovering.GetAgentId().GetValue()
	case *linkpb.ToMaster_StatusUpdate:
		u := m.StatusUpdate
		text := fmt.Sprintf("update %s %s/%s", shortUUID(u.GetStatus().GetUuid()), u.GetFrameworkId().GetValue(),
			statusText(u.GetStatus()))
		if u.LatestState != nil && u.GetLatestState() != u.GetStatus().GetState() {
			text += " latest=" + stateName(u.GetLatestState())
		}
		return text
	case *linkpb.ToMaster_UpdateOperationStatus:
		return operationText(m.UpdateOperationStatus)
	case *linkpb.ToMaster_ExecutorMessage:
		return fmt.Sprintf("message of %s/%s: %s", m.ExecutorMessage.GetFrameworkId().GetValue(),
			m.ExecutorMessage.GetExecutorId().GetValue(), m.ExecutorMessage.GetData())
	case *linkpb.ToMaster_ExitedExecutor:
		status := "unknown"
		if m.ExitedExecutor.Status != nil {
			status = fmt.Sprint(m.ExitedExecutor.GetStatus())
		}
		return fmt.Sprintf("executor %s/%s exited, status %s", m.ExitedExecutor.GetFrameworkId().GetValue(),
			m.ExitedExecutor.GetExecutorId().GetValue(), status)
	}
	return fmt.Sprint(m)
}

func reregisterText(r *linkpb.Reregister) string {
	var b strings.Builder
	fmt.Fprintf(&b, "reregister %s", r.GetAgentInfo().GetId().GetValue())
	for _, f := range r.GetFrameworks() {
		fmt.Fprintf(&b, "\n  framework %s", f.GetId().GetValue())
	}
	for _, e := range r.GetExecutors() {
		fmt.Fprintf(&b, "\n  executor %s/%s in %s", e.GetExecutorInfo().GetFrameworkId().GetValue(),
			e.GetExecutorInfo().GetExecutorId().GetValue(), short(mesos.ContainerID(e.GetContainerId().GetValue())))
	}
	for _, t := range r.GetTasks() {
		fmt.Fprintf(&b, "\n  task %s/%s %s", t.GetFrameworkId().GetValue(), t.GetTaskId().GetValue(), stateName(t.GetState()))
		if t.StatusUpdateState != nil {
			fmt.Fprintf(&b, " (told %s %s)", stateName(t.GetStatusUpdateState()), shortUUID(t.GetStatusUpdateUuid()))
		}
	}
	for _, t := range r.GetCompletedTasks() {
		fmt.Fprintf(&b, "\n  completed %s/%s %s", t.GetFrameworkId().GetValue(), t.GetTaskId().GetValue(), stateName(t.GetState()))
	}
	for _, o := range r.GetOperations() {
		fmt.Fprintf(&b, "\n  operation %s %s", shortUUID(o.GetUuid().GetValue()), operationStateName(o.GetLatestStatus()))
	}
	if r.TotalResources != nil {
		fmt.Fprintf(&b, "\n  total %s", resourcesText(r.GetTotalResources()))
	}
	if d := r.DrainConfig; d != nil {
		fmt.Fprintf(&b, "\n  draining, mark_gone %v", d.GetMarkGone())
	}
	return b.String()
}

func operationStateName(s *mesospb.OperationStatus) string {
	return strings.TrimPrefix(s.GetState().String(), "OPERATION_")
}

func operationText(u *linkpb.UpdateOperationStatus) string {
	text := fmt.Sprintf("operation %s", shortUUID(u.GetOperationUuid().GetValue()))
	if u.FrameworkId != nil {
		text += " of " + u.GetFrameworkId().GetValue()
	}
	if id := u.GetStatus().GetOperationId(); id != nil {
		text += fmt.Sprintf(" (%s)", id.GetValue())
	}
	text += " " + operationStateName(u.GetStatus()) + " on " + u.GetStatus().GetAgentId().GetValue()
	if id := u.GetStatus().GetUuid(); id != nil {
		text += " " + shortUUID(id.GetValue())
	}
	if u.GetStatus().Message != nil {
		text += fmt.Sprintf(" %q", u.GetStatus().GetMessage())
	}
	if u.LatestStatus != nil && !u.GetLatestStatus().EqualVT(u.GetStatus()) {
		text += " latest=" + operationStateName(u.GetLatestStatus())
	}
	return text
}

func (s *stage) recoverText(e RecoverContainers) string {
	text := ""
	for _, c := range e.Containers {
		text += "\nre" + strings.TrimPrefix(s.launchText(c.LaunchContainer), "launch")
		for _, t := range c.Tasks {
			if t.Group != "" {
				text += fmt.Sprintf(", task %s of group %s", t.Info.GetTaskId().GetValue(), t.Group)
			}
			if t.Told != nil {
				text += ", told " + stateName(t.Told.GetState())
			}
			if t.Running != 0 {
				text += fmt.Sprintf(", running since %g", t.Running)
			}
		}
	}
	return strings.TrimPrefix(strings.ReplaceAll(text, "\nre container", "\nrecover container"), "\n")
}

func changeText(e ChangeVolumes) string {
	text := "change volumes for " + shortUUID(e.Operation[:]) + ":"
	for _, v := range e.Create {
		text += " create " + v.Root + "," + v.Path
	}
	for _, v := range e.Destroy {
		text += " destroy " + v.Root + "," + v.Path
	}
	return text
}

func statusText(s *mesospb.TaskStatus) string {
	text := s.GetTaskId().GetValue() + " " + stateName(s.GetState())
	if s.GetSource() == mesospb.TaskStatus_SOURCE_AGENT {
		text += " " + strings.TrimPrefix(s.GetReason().String(), "REASON_") + " by agent"
	} else if s.Reason != nil {
		text += " " + strings.TrimPrefix(s.GetReason().String(), "REASON_")
	}
	if s.Message != nil {
		text += fmt.Sprintf(" %q", s.GetMessage())
	}
	if c := s.GetContainerStatus(); c != nil {
		text += " in " + short(mesos.ContainerID(c.GetContainerId().GetValue())) + "@" +
			c.GetNetworkInfos()[0].GetIpAddresses()[0].GetIpAddress()
		if c.ExecutorPid != nil {
			text += fmt.Sprint(" pid ", c.GetExecutorPid())
		}
	}
	return text
}

func eventText(e *executorpb.Event) string {
	text := e.GetType().String()
	switch e.GetType() {
	case executorpb.Event_SUBSCRIBED:
		s := e.GetSubscribed()
		text += fmt.Sprintf(" %s/%s on %s in %s", s.GetFrameworkInfo().GetId().GetValue(),
			s.GetExecutorInfo().GetExecutorId().GetValue(), s.GetAgentInfo().GetId().GetValue(),
			short(mesos.ContainerID(s.GetContainerId().GetValue())))
	case executorpb.Event_LAUNCH:
		text += " " + e.GetLaunch().GetTask().GetTaskId().GetValue()
	case executorpb.Event_LAUNCH_GROUP:
		for _, t := range e.GetLaunchGroup().GetTaskGroup().GetTasks() {
			text += " " + t.GetTaskId().GetValue()
		}
	case executorpb.Event_KILL:
		text += " " + e.GetKill().GetTaskId().GetValue()
		if g := e.GetKill().GetKillPolicy().GetGracePeriod(); g != nil {
			text += fmt.Sprintf(" grace=%ds", g.GetNanoseconds()/1e9)
		}
	case executorpb.Event_ACKNOWLEDGED:
		text += " " + e.GetAcknowledged().GetTaskId().GetValue() + " " + shortUUID(e.GetAcknowledged().GetUuid())
	case executorpb.Event_MESSAGE:
		text += " " + string(e.GetMessage().GetData())
	}
	return text
}

func (s *stage) launchText(e LaunchContainer) string {
	kind := map[Builtin]string{BuiltinNone: "custom", BuiltinCommand: "command", BuiltinDefault: "default"}[e.Builtin]
	text := fmt.Sprintf("launch container %s: %s executor %s/%s as %s with %s%s", short(e.Container), kind,
		e.Framework.GetId().GetValue(), e.Executor.GetExecutorId().GetValue(), e.User,
		resourcesText(e.Executor.GetResources()), limitsText(e.Limits))
	if !s.show["launches"] {
		return text
	}
	text += fmt.Sprintf("\n  name %q\n  sandbox %s", e.Executor.GetName(), e.Sandbox)
	if e.Task != nil {
		text += "\n  task " + e.Task.GetTaskId().GetValue()
	}
	for _, v := range e.Environment {
		text += fmt.Sprintf("\n  %s=%s", v.Name, v.Value)
	}
	return text
}

func resourcesText(wire []*mesospb.Resource) string {
	r, err := convert.Resources(wire)
	if err != nil {
		return err.Error()
	}
	text := r.String()
	if text == "" {
		return "nothing"
	}
	return text
}

func limitsText(limits map[string]*mesospb.Value_Scalar) string {
	text := ""
	for _, name := range []string{"cpus", "mem"} {
		if l := limits[name]; l != nil {
			text += fmt.Sprintf(" %s<=%g", name, l.GetValue())
		}
	}
	return text
}

func checkpointText(e Checkpoint) string {
	switch {
	case e.Value == nil:
		return "forget " + e.Path
	case e.Append:
		return fmt.Sprintf("append %c to %s", e.Value[0], e.Path)
	case strings.HasSuffix(e.Path, "latest"):
		return fmt.Sprintf("checkpoint %s = %s", e.Path, e.Value)
	}
	return "checkpoint " + e.Path
}

func publicationText(effect Effect) string {
	switch e := effect.(type) {
	case PutFramework:
		if e.Completed {
			return "put framework " + e.Framework.GetId().GetValue() + " (completed)"
		}
		return "put framework " + e.Framework.GetId().GetValue()
	case DropFramework:
		return "drop framework " + string(e.ID)
	case PutAgent:
		return fmt.Sprintf("put agent %q, master %q", e.Agent.GetId().GetValue(), e.Master)
	case PutDrain:
		if e.Config == nil {
			return "put no drain"
		}
		begun := "by an earlier agent"
		if !e.Since.IsZero() {
			begun = fmt.Sprintf("at %d", e.Since.Unix())
		}
		return fmt.Sprintf("put drain of at most %ds, begun %s", e.Config.GetMaxGracePeriod().GetNanoseconds()/1e9, begun)
	case PutResources:
		return "put resources " + resourcesText(e.Total)
	case PutExecutor:
		text := fmt.Sprintf("put executor %s in %s: %s", e.Executor.Info.GetExecutorId().GetValue(),
			short(e.Executor.Container), resourcesText(e.Executor.Resources))
		if e.Executor.Ended {
			text += " (ended)"
		}
		return text
	case DropExecutor:
		return "drop executor in " + short(e.Container)
	case PutTask:
		list := map[TaskList]string{TaskQueued: "queued", TaskLaunched: "launched",
			TaskTerminated: "terminated", TaskCompleted: "completed"}[e.List]
		return fmt.Sprintf("put task %s: %s, %s", e.Task.GetTaskId().GetValue(), list, stateName(e.Task.GetState()))
	case DropTask:
		return "drop task " + string(e.Task)
	}
	return fmt.Sprint(effect)
}
