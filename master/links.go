package master

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// agentMessage takes a message from an agent. All but the first of a link are
// those of a registered agent; what comes before an agent is registered, or
// after the master dropped it, is too early or too late to matter.
func (m *Master) agentMessage(in AgentMessage) {
	switch msg := in.Message.GetMessage().(type) {
	case *linkpb.ToMaster_Register:
		m.counters.registerAgent++
		m.register(in, msg.Register)
		return
	case *linkpb.ToMaster_Reregister:
		m.counters.reregisterAgent++
		m.reregister(arrival{link: in.Link, address: in.Address, principal: in.Principal, message: msg.Reregister})
		return
	case *linkpb.ToMaster_Recovering:
		m.recovers(in, mesos.AgentID(msg.Recovering.GetAgentId().GetValue()))
		return
	case *linkpb.ToMaster_Pong:
		if a := m.recovering[in.Link]; a != nil {
			m.answered(a)
			return
		}
	}
	a := m.links[in.Link]
	if a == nil {
		m.counters.dropped++
		m.log(LogDebug, "message ignored: the agent is not registered", "address", in.Address)
		return
	}
	switch msg := in.Message.GetMessage().(type) {
	case *linkpb.ToMaster_StatusUpdate:
		m.statusUpdate(a, msg.StatusUpdate)
	case *linkpb.ToMaster_UpdateOperationStatus:
		m.operationUpdate(a, msg.UpdateOperationStatus)
	case *linkpb.ToMaster_Pong:
		m.answered(a)
	case *linkpb.ToMaster_ExecutorMessage:
		m.executorMessage(a, msg.ExecutorMessage)
	case *linkpb.ToMaster_ExitedExecutor:
		m.executorExited(a, msg.ExitedExecutor)
	case *linkpb.ToMaster_Unregister:
		m.counters.unregisterAgent++
		m.unregister(a)
	case *linkpb.ToMaster_UpdateAgent:
		m.counters.updateAgent++
		if msg.UpdateAgent.GetUpdateOversubscribedResources() {
			m.estimated(a, msg.UpdateAgent.GetOversubscribedResources())
		}
		m.agentUpdate(a, msg.UpdateAgent.GetAgentInfo())
	default:
		m.counters.dropped++
		m.log(LogWarn, "message ignored: this master does not know it", "agent", a.id)
	}
}

// executorMessage carries an executor's bytes to its framework, without any
// promise that they arrive.
func (m *Master) executorMessage(a *agent, msg *linkpb.ExecutorMessage) {
	m.counters.executorToFramework++
	f := m.frameworks[mesos.FrameworkID(msg.GetFrameworkId().GetValue())]
	if f == nil || !f.connected() {
		m.counters.invalidExecutorToFramework++
		return
	}
	m.counters.validExecutorToFramework++
	m.send(f, &schedulerpb.Event{
		Type: schedulerpb.Event_MESSAGE.Enum(),
		Message: &schedulerpb.Event_Message{
			AgentId:    a.info.Id,
			ExecutorId: msg.ExecutorId,
			Data:       msg.Data,
		},
	})
}

// executorExited: an executor's own resources are free again. Its tasks end with
// updates that the agent sends.
// https://mesos.apache.org/documentation/latest/scheduler-http-api/#failure
func (m *Master) executorExited(a *agent, msg *linkpb.ExitedExecutor) {
	m.counters.exitedExecutor++
	id := mesos.ExecutorID(msg.GetExecutorId().GetValue())
	h := a.holdings[mesos.FrameworkID(msg.GetFrameworkId().GetValue())]
	if h == nil || h.executors[id] == nil {
		return // of a command task, or removed before
	}
	f := h.framework
	m.removeExecutor(h, id)
	m.send(f, &schedulerpb.Event{
		Type: schedulerpb.Event_FAILURE.Enum(),
		Failure: &schedulerpb.Event_Failure{
			AgentId:    a.info.Id,
			ExecutorId: msg.ExecutorId,
			Status:     msg.Status,
		},
	})
}

// sendAgent sends a message to an agent that is connected.
func (m *Master) sendAgent(a *agent, message *linkpb.ToAgent) {
	m.emit(SendAgent{Link: a.link, Message: message})
}

func runTasks(run *linkpb.RunTasks) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_RunTasks{RunTasks: run}}
}

func killTask(framework *mesospb.FrameworkID, task *mesospb.TaskID, policy *mesospb.KillPolicy) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_KillTask{KillTask: &linkpb.KillTask{
		FrameworkId: framework, TaskId: task, KillPolicy: policy,
	}}}
}

func shutdownFramework(id *mesospb.FrameworkID) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_ShutdownFramework{
		ShutdownFramework: &linkpb.ShutdownFramework{FrameworkId: id},
	}}
}

func updateFrameworkMessage(info *mesospb.FrameworkInfo) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_UpdateFramework{
		UpdateFramework: &linkpb.UpdateFramework{FrameworkInfo: info},
	}}
}

// refuse turns an agent away for good.
func (m *Master) refuse(link LinkID, address, message string) {
	m.log(LogWarn, "agent refused", "address", address, "reason", message)
	m.emit(SendAgent{Link: link, Message: refusedMessage(message)})
	m.emit(CloseLink{Link: link})
}

func refusedMessage(message string) *linkpb.ToAgent {
	return &linkpb.ToAgent{Message: &linkpb.ToAgent_Refused{Refused: &linkpb.Refused{Message: new(message)}}}
}

// hostOf is the host of a "host:port", without the brackets of an IPv6 address.
func hostOf(address string) string {
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		address = address[:i]
	}
	return strings.Trim(address, "[]")
}

// agentHost is where an agent that says it is at ip is reached: there, or, when it
// doesn't say or only its own machine could get there, where its connection
// comes from.
func agentHost(ip, connection string) (string, error) {
	from := hostOf(connection)
	if ip == "" {
		return from, nil
	}
	said, err := netip.ParseAddr(ip)
	if err != nil || said.IsUnspecified() {
		return "", mesos.Errorf(mesos.Invalid, "ip: %q is not an address to reach an agent at", ip)
	}
	if source, err := netip.ParseAddr(from); said.IsLoopback() && err == nil && !source.Unmap().IsLoopback() {
		return from, nil
	}
	return said.String(), nil
}

// joinHostPort is an address that a client can connect to.
func joinHostPort(host string, port int32) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(port))
}
