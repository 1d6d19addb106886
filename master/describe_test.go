package master

import (
	"fmt"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// describe is an effect in a line, or "" if a story need not tell it: heartbeats
// and pings, and what readers see, of which only the end counts.
func (s *teller) describe(e Effect) string {
	switch e := e.(type) {
	case Reply:
		if e.Err != nil {
			return fmt.Sprintf("refused (%s): %v", kinds[mesos.KindOf(e.Err)], e.Err)
		}
		return "accepted"
	case SendEvent:
		if e.Event.GetType() == schedulerpb.Event_HEARTBEAT {
			return ""
		}
		return fmt.Sprintf("to %s: %s", e.Stream, describeEvent(e.Event))
	case CloseStream:
		return fmt.Sprintf("close %s", e.Stream)
	case SendAgent:
		if _, ok := e.Message.GetMessage().(*linkpb.ToAgent_Ping); ok {
			return ""
		}
		return fmt.Sprintf("to agent on link %d: %s", e.Link, describeToAgent(e.Message))
	case CloseLink:
		return fmt.Sprintf("close link %d", e.Link)
	case WriteRegistry:
		var writes []string
		for _, w := range e.Writes {
			verb := "put"
			if w.Value == nil {
				verb = "delete"
			}
			writes = append(writes, verb+" "+w.Key)
		}
		return fmt.Sprintf("registry write %d: %s", e.ID, strings.Join(writes, ", "))
	case Allocate:
		return "allocator: " + describeAllocation(e.Input)
	case PutTask:
		return fmt.Sprintf("readers see task %s of %s: %s, %s", e.Task.GetTaskId().GetValue(), e.Task.GetFrameworkId().GetValue(),
			lists[e.List], e.Task.GetState())
	case PutFramework:
		state := "inactive"
		switch {
		case e.Completed:
			state = "completed"
		case e.Framework.GetRecovered():
			state = "recovered"
		case e.Framework.GetActive():
			state = "active"
		}
		return "readers see framework " + e.Framework.GetFrameworkInfo().GetId().GetValue() + ": " + state
	case PutAgent:
		state := "active"
		if !e.Agent.GetActive() {
			state = "inactive"
		}
		return "readers see agent " + e.Agent.GetAgentInfo().GetId().GetValue() + ": " + state
	case DropAgent:
		return fmt.Sprintf("readers see agent %s no more", e.ID)
	case PutRecoveredAgent:
		return "readers see recovered agent " + e.Agent.GetId().GetValue()
	case DropRecoveredAgent:
		return fmt.Sprintf("readers see recovered agent %s no more", e.ID)
	case DropTask:
		return fmt.Sprintf("readers see task %s of %s no more", e.Task, e.Framework)
	case PutExecutor:
		return fmt.Sprintf("readers see executor %s of %s on %s", e.Executor.GetExecutorId().GetValue(),
			e.Executor.GetFrameworkId().GetValue(), e.Agent)
	case DropExecutor:
		return fmt.Sprintf("readers see executor %s of %s on %s no more", e.Executor, e.Framework, e.Agent)
	case DropFramework:
		return fmt.Sprintf("readers see framework %s no more", e.ID)
	case PutOffer, DropOffer:
		return ""
	case Log:
		if !s.logs {
			return ""
		}
		return fmt.Sprintf("log: %s %v", e.Message, e.Args)
	}
	return fmt.Sprintf("%T", e)
}

var kinds = map[mesos.Kind]string{
	mesos.Invalid: "invalid", mesos.Forbidden: "forbidden", mesos.NotFound: "not found", mesos.Unsupported: "unsupported",
}

var lists = map[TaskList]string{TaskActive: "active", TaskPending: "pending", TaskUnreachable: "unreachable", TaskCompleted: "completed"}

func describeEvent(e *schedulerpb.Event) string {
	switch e.GetType() {
	case schedulerpb.Event_SUBSCRIBED:
		return fmt.Sprintf("SUBSCRIBED %s, a heartbeat every %v s", e.GetSubscribed().GetFrameworkId().GetValue(),
			e.GetSubscribed().GetHeartbeatIntervalSeconds())
	case schedulerpb.Event_OFFERS:
		var offers []string
		for _, o := range e.GetOffers().GetOffers() {
			offer := fmt.Sprintf("%s of %s: %s", o.GetId().GetValue(), o.GetAgentId().GetValue(), resourcesOf(o.Resources))
			for _, id := range o.GetExecutorIds() {
				offer += ", where executor " + id.GetValue() + " runs"
			}
			offers = append(offers, offer)
		}
		return "OFFERS " + strings.Join(offers, " and ")
	case schedulerpb.Event_RESCIND:
		return "RESCIND " + e.GetRescind().GetOfferId().GetValue()
	case schedulerpb.Event_UPDATE:
		return "UPDATE " + describeStatus(e.GetUpdate().GetStatus())
	case schedulerpb.Event_MESSAGE:
		return fmt.Sprintf("MESSAGE of executor %s on %s: %s", e.GetMessage().GetExecutorId().GetValue(),
			e.GetMessage().GetAgentId().GetValue(), e.GetMessage().GetData())
	case schedulerpb.Event_FAILURE:
		if e.GetFailure().ExecutorId == nil {
			return "FAILURE of agent " + e.GetFailure().GetAgentId().GetValue()
		}
		return fmt.Sprintf("FAILURE of executor %s on %s, status %d", e.GetFailure().GetExecutorId().GetValue(),
			e.GetFailure().GetAgentId().GetValue(), e.GetFailure().GetStatus())
	case schedulerpb.Event_ERROR:
		return "ERROR " + e.GetError().GetMessage()
	}
	return e.GetType().String()
}

func describeStatus(status *mesospb.TaskStatus) string {
	s := fmt.Sprintf("%s %s %s", status.GetTaskId().GetValue(), status.GetState(), status.GetSource())
	if status.Reason != nil {
		s += " " + status.GetReason().String()
	}
	if status.Uuid != nil {
		s += fmt.Sprintf(" uuid %d", status.GetUuid()[15])
	}
	if status.Message != nil {
		s += " '" + status.GetMessage() + "'"
	}
	return s
}

func describeToAgent(m *linkpb.ToAgent) string {
	switch m := m.GetMessage().(type) {
	case *linkpb.ToAgent_Registered:
		s := fmt.Sprintf("Registered %s, term %d", m.Registered.GetAgentId().GetValue(), m.Registered.GetTerm())
		for _, r := range m.Registered.GetReconcile() {
			s += fmt.Sprintf(", what of %s of %s?", taskIDs(r.GetTaskIds()), r.GetFrameworkId().GetValue())
		}
		return s
	case *linkpb.ToAgent_Refused:
		return "Refused: " + m.Refused.GetMessage()
	case *linkpb.ToAgent_TurnedAway:
		return "TurnedAway: " + m.TurnedAway.GetMessage()
	case *linkpb.ToAgent_RunTasks:
		run := m.RunTasks
		var ids []*mesospb.TaskID
		for _, t := range run.GetTasks() {
			ids = append(ids, t.GetTaskId())
		}
		s := "RunTasks " + taskIDs(ids)
		if run.GetTaskGroup() {
			s += " as a group"
		}
		switch {
		case run.ExecutorInfo == nil:
		case run.GetLaunchExecutor():
			s += ", starting executor " + run.GetExecutorInfo().GetExecutorId().GetValue()
		default:
			s += " in executor " + run.GetExecutorInfo().GetExecutorId().GetValue()
		}
		return s
	case *linkpb.ToAgent_KillTask:
		s := "KillTask " + m.KillTask.GetTaskId().GetValue()
		if p := m.KillTask.GetKillPolicy(); p != nil {
			s += " within " + time.Duration(p.GetGracePeriod().GetNanoseconds()).String()
		}
		return s
	case *linkpb.ToAgent_ShutdownExecutor:
		return "ShutdownExecutor " + m.ShutdownExecutor.GetExecutorId().GetValue()
	case *linkpb.ToAgent_ShutdownFramework:
		return "ShutdownFramework " + m.ShutdownFramework.GetFrameworkId().GetValue()
	case *linkpb.ToAgent_UpdateFramework:
		return "UpdateFramework " + m.UpdateFramework.GetFrameworkInfo().GetId().GetValue()
	case *linkpb.ToAgent_Acknowledge:
		return fmt.Sprintf("Acknowledge %s uuid %d", m.Acknowledge.GetTaskId().GetValue(), m.Acknowledge.GetUuid()[15])
	case *linkpb.ToAgent_MessageToExecutor:
		return fmt.Sprintf("MessageToExecutor %s: %s", m.MessageToExecutor.GetExecutorId().GetValue(), m.MessageToExecutor.GetData())
	}
	return fmt.Sprintf("%T", m)
}

func taskIDs(ids []*mesospb.TaskID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.GetValue()
	}
	return strings.Join(words, " ")
}

func describeAllocation(in allocation.Input) string {
	switch in := in.(type) {
	case allocation.AddFramework:
		return fmt.Sprintf("AddFramework %s, active %v, roles %v, suppressed %v", in.Framework.ID, in.Active, in.Framework.Roles, in.Framework.Suppressed)
	case allocation.UpdateFramework:
		return fmt.Sprintf("UpdateFramework %s, roles %v, suppressed %v", in.Framework.ID, in.Framework.Roles, in.Framework.Suppressed)
	case allocation.AddAgent:
		s := fmt.Sprintf("AddAgent %s: %s", in.Agent.ID, in.Agent.Total)
		for _, g := range in.Used {
			s += fmt.Sprintf(", of which %s has %s", g.Framework, g.Resources)
		}
		return s
	case allocation.UpdateAgent:
		return fmt.Sprintf("UpdateAgent %s: %s", in.Agent.ID, in.Agent.Total)
	case allocation.Hold:
		return fmt.Sprintf("Hold %s on %s: %s", in.Framework, in.Agent, in.Resources)
	case allocation.Recover:
		what := "used"
		if in.Declined {
			what = "declined"
		}
		s := fmt.Sprintf("Recover %s on %s, %s: %s", in.Framework, in.Agent, what, in.Resources)
		if in.Refuse > 0 {
			s += fmt.Sprintf(", refused for %v", in.Refuse)
		}
		return s
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", in), "allocation.")
	return fmt.Sprintf("%s %v", name, in)
}

func resourcesOf(list []*mesospb.Resource) resources.Resources {
	rs, err := convert.Resources(list)
	if err != nil {
		panic(err)
	}
	return rs
}
