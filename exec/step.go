package exec

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// neverSeconds is a filter that keeps an agent's resources away for the rest of a run.
const neverSeconds = 365 * 24 * 3600

// reportPatience is for how long the agent's report of a task's end is waited for
// when the master knows of it. Agents repeat reports after 10 s.
const reportPatience = 15 * time.Second

func (m *Machine) subscribe() {
	call := &schedulerpb.Call{
		Type:      schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: m.spec.Framework},
	}
	if m.frameworkID != "" {
		call.FrameworkId = m.framework()
	}
	m.emit(Subscribe{call})
}

func (m *Machine) event(now time.Time, e *schedulerpb.Event) {
	switch e.GetType() {
	case schedulerpb.Event_SUBSCRIBED:
		m.onSubscribed(now, e.GetSubscribed())
	case schedulerpb.Event_OFFERS:
		m.onOffers(e.GetOffers().GetOffers())
	case schedulerpb.Event_UPDATE:
		m.onUpdate(now, e.GetUpdate().GetStatus())
	case schedulerpb.Event_ERROR:
		m.finishErr(mesos.Errorf(mesos.Internal, "the master ended the framework: %s", e.GetError().GetMessage()))
	default:
		// Heartbeats only show that the connection lives. What a lost agent or
		// executor means for the task comes as an update.
	}
}

func (m *Machine) onSubscribed(now time.Time, s *schedulerpb.Event_Subscribed) {
	again := m.frameworkID != ""
	m.frameworkID = s.GetFrameworkId().GetValue()
	m.spec.Framework.Id = m.framework()
	m.subscribed = true
	m.resubscribePause = 0
	m.disarm(masterDeadline)
	m.disarm(resubscribeDeadline)
	m.tell(Subscribed{FrameworkID: mesos.FrameworkID(m.frameworkID), Again: again})
	if !m.launched {
		if !again {
			m.arm(offerDeadline, now, m.spec.OfferPatience)
		}
		return
	}
	// Updates may have been missed: ask for the state of what has not ended.
	m.send(schedulerpb.Call_RECONCILE, func(c *schedulerpb.Call) {
		c.Reconcile = &schedulerpb.Call_Reconcile{}
		for i := range m.tasks {
			if t := &m.tasks[i]; !t.ended() {
				c.Reconcile.Tasks = append(c.Reconcile.Tasks,
					&schedulerpb.Call_Reconcile_Task{TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: m.agentID})
			}
		}
	})
}

func (m *Machine) onOffers(offers []*mesospb.Offer) {
	var declined []*mesospb.OfferID
	for _, offer := range offers {
		if !m.launched {
			if tasks, ok := m.fit(offer); ok {
				m.launch(offer, tasks)
				continue
			}
		}
		declined = append(declined, offer.GetId())
	}
	if len(declined) == 0 {
		return
	}
	// What does not fit now may fit in a moment; after the launch nothing is needed.
	seconds := 1.0
	if m.launched {
		seconds = neverSeconds
	}
	m.send(schedulerpb.Call_DECLINE, func(c *schedulerpb.Call) {
		c.Decline = &schedulerpb.Call_Decline{OfferIds: declined, Filters: &mesospb.Filters{RefuseSeconds: &seconds}}
	})
}

func (m *Machine) launch(offer *mesospb.Offer, tasks []*mesospb.TaskInfo) {
	m.launched = true
	m.agentID = offer.GetAgentId()
	m.agentHost = agentAddress(offer)
	m.disarm(offerDeadline)
	operation := &mesospb.Offer_Operation{
		Type:   mesospb.Offer_Operation_LAUNCH.Enum(),
		Launch: &mesospb.Offer_Operation_Launch{TaskInfos: tasks},
	}
	if m.spec.Group {
		operation = &mesospb.Offer_Operation{
			Type: mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
			LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{
				Executor:  m.defaultExecutor(),
				TaskGroup: &mesospb.TaskGroupInfo{Tasks: tasks},
			},
		}
	}
	seconds := float64(neverSeconds)
	m.send(schedulerpb.Call_ACCEPT, func(c *schedulerpb.Call) {
		c.Accept = &schedulerpb.Call_Accept{
			OfferIds:   []*mesospb.OfferID{offer.GetId()},
			Operations: []*mesospb.Offer_Operation{operation},
			Filters:    &mesospb.Filters{RefuseSeconds: &seconds},
		}
	})
	m.send(schedulerpb.Call_SUPPRESS, nil)
	notice := Submitted{Group: m.spec.Group, AgentID: mesos.AgentID(m.agentID.GetValue()), Host: offer.GetHostname()}
	for _, task := range tasks {
		notice.Names = append(notice.Names, task.GetName())
		notice.IDs = append(notice.IDs, mesos.TaskID(task.GetTaskId().GetValue()))
	}
	m.tell(notice)
}

func (m *Machine) onUpdate(now time.Time, status *mesospb.TaskStatus) {
	m.tell(Updated{Status: status, Host: m.agentHost})
	if len(status.GetUuid()) > 0 {
		m.send(schedulerpb.Call_ACKNOWLEDGE, func(c *schedulerpb.Call) {
			c.Acknowledge = &schedulerpb.Call_Acknowledge{
				AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
			}
		})
	}
	task := m.find(status.GetTaskId().GetValue())
	if task == nil || task.ended() {
		return
	}
	if isHearsay(status) {
		task.hearsay = status
		m.arm(reportDeadline, now, reportPatience)
		return
	}
	task.status = status
	if !task.following && status.GetSource() != mesospb.TaskStatus_SOURCE_MASTER {
		task.following = true
		m.emit(Follow{Task: mesos.TaskID(task.id), Agent: m.agentHost, Sandbox: m.sandbox(status)})
	}
	switch state := mesos.TaskState(status.GetState()); {
	case state.Terminal():
		task.killAt = time.Time{}
		m.disarm(agentDeadline)
		m.finishWhenEnded()
	case state == mesos.TaskUnreachable:
		m.arm(agentDeadline, now, m.spec.UnreachablePatience)
	case state == mesos.TaskRunning:
		m.disarm(agentDeadline)
		if m.spec.KillAfter > 0 && task.killAt.IsZero() {
			task.killAt = now.Add(m.spec.KillAfter)
		}
	default:
		m.disarm(agentDeadline)
	}
}

// isHearsay reports whether the agent's own report of a task's end is to come yet,
// and would say more: it is repeated until it is acknowledged.
func isHearsay(status *mesospb.TaskStatus) bool {
	if status.GetReason() != mesospb.TaskStatus_REASON_RECONCILIATION || len(status.GetUuid()) > 0 {
		return false
	}
	state := mesos.TaskState(status.GetState())
	return state == mesos.TaskFailed || state == mesos.TaskKilled
}

// believeHearsay ends what only the master knows the end of.
func (m *Machine) believeHearsay() {
	for i := range m.tasks {
		if t := &m.tasks[i]; !t.ended() && t.hearsay != nil {
			t.status, t.killAt = t.hearsay, time.Time{}
		}
	}
	m.disarm(agentDeadline)
	m.finishWhenEnded()
}

func (m *Machine) find(id string) *taskState {
	for i := range m.tasks {
		if m.tasks[i].id == id {
			return &m.tasks[i]
		}
	}
	return nil
}

// finishWhenEnded ends the run with the last task. Of a group, the task that was
// the first not to succeed says how it went: the others are killed for it.
func (m *Machine) finishWhenEnded() {
	var result Result
	var since float64
	for i := range m.tasks {
		t := &m.tasks[i]
		if !t.ended() {
			return
		}
		was := outcome(t.status)
		if at := t.status.GetTimestamp(); was != (Result{}) && (result == (Result{}) || at < since) {
			result, since = was, at
		}
	}
	switch {
	case m.gaveUp != nil:
		result = Result{Err: m.gaveUp}
	case m.interrupts > 0:
		result = Result{Code: m.code}
	}
	result.Ended = true
	m.finish(result, false)
}

func (m *Machine) disconnected(now time.Time, err error) {
	if m.frameworkID == "" {
		m.finishErr(err)
		return
	}
	if kind := mesos.KindOf(err); !m.subscribed && kind != mesos.Unavailable && kind != mesos.TimedOut {
		m.finishErr(err) // the master answered, and won't have this framework again
		return
	}
	if m.subscribed {
		m.subscribed = false
		m.tell(ConnectionLost{Err: err})
		m.arm(masterDeadline, now, m.spec.UnreachablePatience)
	}
	m.resubscribePause = min(max(2*m.resubscribePause, resubscribeMin), resubscribeMax)
	m.arm(resubscribeDeadline, now, m.resubscribePause)
}

// callFailed: a call that the connection lost is made up for when it is back.
// A call that was refused for what it says can't be.
func (m *Machine) callFailed(in CallFailed) {
	switch mesos.KindOf(in.Err) {
	case mesos.Invalid, mesos.Unsupported, mesos.TooLarge, mesos.Unauthenticated:
		if in.Call.GetType() == schedulerpb.Call_ACCEPT {
			m.finishErr(in.Err)
			return
		}
	}
	m.tell(CallRefused{Call: in.Call.GetType().String(), Err: in.Err})
}

func (m *Machine) interrupted(now time.Time, code int) {
	m.interrupts++
	m.code = code
	if m.interrupts > 1 || !m.launched {
		m.finish(Result{Code: code}, m.launched)
		return
	}
	m.killAll(now)
}

// killAll asks for the end of every task that has not ended, again and again.
func (m *Machine) killAll(now time.Time) {
	for i := range m.tasks {
		if !m.tasks[i].ended() {
			m.kill(&m.tasks[i])
		}
	}
	m.arm(killDeadline, now, killRetry)
}

func (m *Machine) kill(t *taskState) {
	t.killAt = time.Time{}
	m.tell(Killing{TaskID: mesos.TaskID(t.id), AgentID: mesos.AgentID(m.agentID.GetValue())})
	m.send(schedulerpb.Call_KILL, func(c *schedulerpb.Call) {
		c.Kill = &schedulerpb.Call_Kill{TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: m.agentID}
	})
}

func (m *Machine) tick(now time.Time) {
	if m.due(timeoutDeadline, now) {
		m.gaveUp = mesos.Errorf(mesos.TimedOut, "timed out after %s", m.spec.Timeout)
		if !m.launched {
			m.finishErr(m.gaveUp)
			return
		}
		m.killAll(now)
		m.arm(surrenderDeadline, now, killPatience)
	}
	if m.due(surrenderDeadline, now) {
		m.finishErr(m.gaveUp)
		return
	}
	if m.due(masterDeadline, now) {
		m.finishErr(mesos.Errorf(mesos.Unavailable, "no leading master was found for %s", m.spec.UnreachablePatience))
		return
	}
	if m.due(agentDeadline, now) {
		m.finishErr(mesos.Errorf(mesos.Unavailable, "agent %s has been unreachable for %s",
			m.agentID.GetValue(), m.spec.UnreachablePatience))
		return
	}
	if m.due(reportDeadline, now) {
		m.believeHearsay()
		if m.finished {
			return
		}
	}
	if m.due(killDeadline, now) {
		m.killAll(now)
	}
	for i := range m.tasks {
		if t := &m.tasks[i]; !t.killAt.IsZero() && !now.Before(t.killAt) && !t.ended() {
			m.kill(t)
		}
	}
	if m.due(offerDeadline, now) {
		m.emit(Explain{Asked: m.asked})
	}
	if m.due(resubscribeDeadline, now) {
		m.subscribe()
	}
}
