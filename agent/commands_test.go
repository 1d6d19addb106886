package agent

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// input makes the input that a command of a story stands for.
func (s *stage) input(name string, a arguments) Input {
	switch name {
	case "start":
		return Tick{}
	case "connected":
		s.link++
		return Connected{Link: s.link, Master: a.or("master", "m1:5050")}
	case "connect-failed":
		return ConnectFailed{Err: errors.New("refused")}
	case "leader":
		return LeaderKnown{Master: a["master"], Term: uint64(a.number("term", 0))}
	case "link-closed":
		return LinkClosed{Link: s.link}
	case "shutdown":
		return Shutdown{Reason: "SIGTERM"}
	case "tick":
		return Tick{}
	case "subscribe", "update", "message", "heartbeat", "stream-closed":
		return s.executorInput(name, a)
	case "volumes-changed":
		in := VolumesChanged{Operation: uuid(uuidOf(a["uuid"]))}
		if a.has("error") {
			in.Err = errors.New(a["error"])
		}
		return in
	case "leftover":
		age, err := time.ParseDuration(a["age"])
		if err != nil {
			s.t.Fatal(err)
		}
		return Leftovers{Dirs: []Leftover{{Path: longPath(a["path"]), Since: s.now.Add(-age)}}}
	case "sandbox-over":
		return SandboxOver{Path: a["path"]}
	case "disk-used":
		return DiskUsed{Fraction: a.number("part", 0)}
	case "dir-removed":
		in := DirRemoved{Path: longPath(a["path"]), Absent: a.has("absent")}
		if a.has("error") {
			in.Err = errors.New(a["error"])
		}
		return in
	case "started":
		return ContainerStarted{Container: containerOf(a["container"]), Pid: int(a.number("pid", 0))}
	case "update-failed":
		return ContainerUpdateFailed{Container: containerOf(a["container"]), Message: a["message"]}
	case "ended":
		end := ContainerEnded{
			Container: containerOf(a["container"]),
			Launched:  !a.has("unlaunched") && !a.has("no-sandbox"),
			NoSandbox: a.has("no-sandbox"),
			Message:   a["message"],
			Reason:    mesospb.TaskStatus_Reason_value["REASON_"+a["reason"]],
		}
		if a.has("status") {
			end.Status = new(int(a.number("status", 0)))
		}
		return end
	}
	return toAgent(s.link, s.masterInput(name, a))
}

func (s *stage) masterInput(name string, a arguments) *linkpb.ToAgent {
	switch name {
	case "registered":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_Registered{Registered: registeredMessage(a)}}
	case "turned-away":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_TurnedAway{TurnedAway: &linkpb.TurnedAway{Message: new(a["message"])}}}
	case "refused":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_Refused{Refused: &linkpb.Refused{Message: new(a["message"])}}}
	case "ping":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_Ping{Ping: &linkpb.Ping{
			Connected: new(a.or("connected", "true") == "true")}}}
	case "run":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_RunTasks{RunTasks: runMessage(a)}}
	case "kill":
		m := &linkpb.KillTask{FrameworkId: a.framework(), TaskId: a.task()}
		if a.has("grace") {
			m.KillPolicy = killPolicy(a)
		}
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_KillTask{KillTask: m}}
	case "shutdown-executor":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_ShutdownExecutor{ShutdownExecutor: &linkpb.ShutdownExecutor{
			FrameworkId: a.framework(), ExecutorId: a.executor()}}}
	case "shutdown-framework":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_ShutdownFramework{
			ShutdownFramework: &linkpb.ShutdownFramework{FrameworkId: a.framework()}}}
	case "update-framework":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_UpdateFramework{
			UpdateFramework: &linkpb.UpdateFramework{FrameworkInfo: frameworkInfo(a)}}}
	case "ack":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_Acknowledge{Acknowledge: &linkpb.Acknowledge{
			FrameworkId: a.framework(), TaskId: a.task(), Uuid: uuidOf(a["uuid"])}}}
	case "reserve", "unreserve", "create", "destroy", "grow", "shrink", "create-disk":
		return applyMessage(name, a)
	case "ack-operation":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_AcknowledgeOperation{
			AcknowledgeOperation: &linkpb.AcknowledgeOperation{
				OperationUuid: &mesospb.UUID{Value: uuidOf(a["uuid"])}, StatusUuid: &mesospb.UUID{Value: uuidOf(a["status"])}}}}
	case "drain":
		config := &mesospb.DrainConfig{MarkGone: new(a.has("gone"))}
		if a.has("grace") {
			config.MaxGracePeriod = killPolicy(a).GracePeriod
		}
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_DrainAgent{DrainAgent: &linkpb.DrainAgent{Config: config}}}
	case "reconcile-operations":
		return reconcileMessage(a)
	case "message-to-executor":
		return &linkpb.ToAgent{Message: &linkpb.ToAgent_MessageToExecutor{MessageToExecutor: &linkpb.MessageToExecutor{
			FrameworkId: a.framework(), ExecutorId: a.executor(), Data: []byte(a["data"])}}}
	}
	s.t.Fatalf("no command %q", name)
	return nil
}

func registeredMessage(a arguments) *linkpb.Registered {
	m := &linkpb.Registered{
		AgentId:            &mesospb.AgentID{Value: new(a.or("agent", "M-S0"))},
		Term:               new(uint64(a.number("term", 1))),
		PingTimeoutSeconds: new(a.number("ping_timeout", 1e6)),
	}
	if a.has("reconcile") {
		r := &linkpb.Registered_Reconcile{FrameworkId: a.framework(), PartitionAware: new(a.has("aware"))}
		for _, id := range strings.Split(a["reconcile"], ",") {
			r.TaskIds = append(r.TaskIds, &mesospb.TaskID{Value: &id})
		}
		m.Reconcile = append(m.Reconcile, r)
	}
	return m
}

func frameworkInfo(a arguments) *mesospb.FrameworkInfo {
	f := &mesospb.FrameworkInfo{
		Id:         a.framework(),
		Name:       new(a.or("name", "story")),
		User:       new(a.or("user", "alice")),
		Checkpoint: new(a.has("checkpoint")),
	}
	if a.has("aware") {
		f.Capabilities = []*mesospb.FrameworkInfo_Capability{{
			Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()}}
	}
	return f
}

// runMessage launches tasks=a,b (or task=t) on executor=E, or, without an
// executor, as a command task.
func runMessage(a arguments) *linkpb.RunTasks {
	m := &linkpb.RunTasks{FrameworkInfo: frameworkInfo(a)}
	for _, id := range strings.Split(a.or("tasks", a.or("task", "t")), ",") {
		m.Tasks = append(m.Tasks, taskInfo(a, id))
	}
	if a.has("executor") {
		m.ExecutorInfo = executorInfo(a)
	}
	if a.has("group") {
		m.TaskGroup = new(true)
	}
	if a.has("new") {
		m.LaunchExecutor = new(a["new"] == "true")
	}
	return m
}

func taskInfo(a arguments, id string) *mesospb.TaskInfo {
	t := &mesospb.TaskInfo{
		Name:      new(a.or("name", id)),
		TaskId:    &mesospb.TaskID{Value: &id},
		AgentId:   &mesospb.AgentID{Value: new(a.or("agent", "M-S0"))},
		Resources: storyResources(a.number("cpus", 1), a.number("mem", 64)),
	}
	if a.has("executor") {
		t.Executor = executorInfo(a)
	} else if !a.has("empty") {
		t.Command = &mesospb.CommandInfo{Value: new(a.or("command", "sleep 1000"))}
		if a.has("as") {
			t.Command.User = new(a["as"])
		}
		t.Command.Environment = secretVariable(a)
	}
	if a.has("grace") {
		t.KillPolicy = killPolicy(a)
	}
	if a.has("volume") {
		v := volumeOf(a, a["volume"])
		if a.has("shared") {
			v.Shared = &mesospb.Resource_SharedInfo{}
		}
		t.Resources = append(t.Resources, v)
	}
	if a.has("reserved") {
		t.Resources = append(t.Resources, convert.ToWire(reservedFor(a["reserved"]))...)
	}
	if a.has("cpu_limit") {
		t.Limits = map[string]*mesospb.Value_Scalar{"cpus": {Value: new(a.number("cpu_limit", 0))}}
	}
	return t
}

func killPolicy(a arguments) *mesospb.KillPolicy {
	return &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: new(int64(a.number("grace", 0) * 1e9))}}
}

func executorInfo(a arguments) *mesospb.ExecutorInfo {
	e := &mesospb.ExecutorInfo{
		Type:       mesospb.ExecutorInfo_CUSTOM.Enum(),
		ExecutorId: a.executor(),
		Resources:  storyResources(0.1, 32),
		Command:    &mesospb.CommandInfo{Value: new("./executor"), Environment: secretVariable(a)},
	}
	if a.has("default") {
		e.Type, e.Command = mesospb.ExecutorInfo_DEFAULT.Enum(), nil
	}
	if a.has("shutdown_grace") {
		e.ShutdownGracePeriod = &mesospb.DurationInfo{Nanoseconds: new(int64(a.number("shutdown_grace", 0) * 1e9))}
	}
	return e
}

func storyResources(cpus, mem float64) []*mesospb.Resource {
	scalar := func(name string, v float64) *mesospb.Resource {
		return &mesospb.Resource{
			Name:           &name,
			Type:           mesospb.Value_SCALAR.Enum(),
			Scalar:         &mesospb.Value_Scalar{Value: &v},
			AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("dev")},
		}
	}
	return []*mesospb.Resource{scalar("cpus", cpus), scalar("mem", mem)}
}

func (s *stage) executorInput(name string, a arguments) Input {
	s.calls++
	call := &executorpb.Call{FrameworkId: a.framework(), ExecutorId: a.executor()}
	stream := StreamID(a.or("stream", "s-"+a.or("executor", "E")))
	switch name {
	case "stream-closed":
		return ExecutorStreamClosed{Stream: stream}
	case "subscribe":
		call.Type = executorpb.Call_SUBSCRIBE.Enum()
		call.Subscribe = &executorpb.Call_Subscribe{}
		for _, id := range list(a["unacked-tasks"]) {
			call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, taskInfo(arguments{}, id))
		}
		for _, u := range list(a["unacked-updates"]) { // task:STATE:uuid
			parts := strings.Split(u, ":")
			call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates,
				&executorpb.Call_Update{Status: executorStatus(arguments{"task": parts[0], "state": parts[1], "uuid": parts[2]})})
		}
		return ExecutorSubscribe{Request: s.calls, Stream: stream, Call: call}
	case "update":
		call.Type = executorpb.Call_UPDATE.Enum()
		call.Update = &executorpb.Call_Update{Status: executorStatus(a)}
	case "message":
		call.Type = executorpb.Call_MESSAGE.Enum()
		call.Message = &executorpb.Call_Message{Data: []byte(a["data"])}
	case "heartbeat":
		call.Type = executorpb.Call_HEARTBEAT.Enum()
	}
	return ExecutorCall{Request: s.calls, Call: call}
}

func executorStatus(a arguments) *mesospb.TaskStatus {
	s := &mesospb.TaskStatus{
		TaskId: a.task(),
		State:  taskState(a["state"]),
		Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
	}
	if a.has("uuid") {
		s.Uuid = uuidOf(a["uuid"])
	}
	if a.has("source") {
		s.Source = mesospb.TaskStatus_Source(mesospb.TaskStatus_Source_value["SOURCE_"+a["source"]]).Enum()
	}
	if a.has("status_executor") {
		s.ExecutorId = &mesospb.ExecutorID{Value: new(a["status_executor"])}
	}
	if a.has("message") {
		s.Message = new(a["message"])
	}
	if a.has("timestamp") {
		v, _ := strconv.ParseFloat(a["timestamp"], 64)
		s.Timestamp = &v
	}
	return s
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// secretVariable is an environment with a secret, and where to find it.
func secretVariable(a arguments) *mesospb.Environment {
	if !a.has("secret") {
		return nil
	}
	return &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{
		Name: new("VARIABLE"), Type: mesospb.Environment_Variable_SECRET.Enum(),
		Secret: &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: []byte(a["secret"])}},
	}}}
}
