package exec

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// reportPatience is for how long the agent's report of a task's end is waited for
// when the master knows of it. Agents repeat reports after 10 s.
const reportPatience = 15 * time.Second

func (m *Machine) subscribe() {
	call := &schedulerpb.Call{
		Type:      schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: m.spec.Framework, OfferConstraints: m.demands},
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
		if m.demands != nil && !m.subscribed { // it ends the subscription next
			m.demands, m.refused = nil, true
			return
		}
		if m.parting != nil { // it knows of the framework's end
			m.finish(*m.parting, true)
			return
		}
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
	if m.parting != nil {
		m.send(schedulerpb.Call_TEARDOWN, nil)
		return
	}
	if !m.launched && !again {
		m.arm(offerDeadline, now, m.spec.OfferPatience)
	}
	if len(m.active) == 0 {
		return
	}
	// Updates may have been missed: ask for the state of what has not ended.
	m.send(schedulerpb.Call_RECONCILE, func(c *schedulerpb.Call) {
		c.Reconcile = &schedulerpb.Call_Reconcile{}
		for _, j := range m.active {
			for i := range j.tasks {
				if t := &j.tasks[i]; !t.ended() {
					c.Reconcile.Tasks = append(c.Reconcile.Tasks,
						&schedulerpb.Call_Reconcile_Task{TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: j.agentID})
				}
			}
		}
	})
}

func (m *Machine) onUpdate(now time.Time, status *mesospb.TaskStatus) {
	found := m.tasks[status.GetTaskId().GetValue()]
	j, task := found.job, found.task
	notice := Updated{Status: status}
	if j != nil {
		notice.Host = j.agentHost
	}
	m.tell(notice)
	if len(status.GetUuid()) > 0 {
		m.send(schedulerpb.Call_ACKNOWLEDGE, func(c *schedulerpb.Call) {
			c.Acknowledge = &schedulerpb.Call_Acknowledge{
				AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
			}
		})
	}
	if task == nil || task.ended() {
		return
	}
	if isHearsay(status) {
		task.hearsay, task.hearsayUntil = status, now.Add(reportPatience)
		return
	}
	task.astray = task.status == nil && isUnheardOf(status)
	task.status = status
	m.await(j, task)
	m.follow(j, task)
	j.awayUntil = time.Time{}
	switch state := mesos.TaskState(status.GetState()); {
	case state.Terminal():
		m.taskOver(j, task)
	case state == mesos.TaskUnreachable && m.spec.UnreachablePatience > 0:
		j.awayUntil = now.Add(m.spec.UnreachablePatience)
	case state == mesos.TaskRunning:
		if m.spec.KillAfter > 0 && task.killAt.IsZero() {
			task.killAt = now.Add(m.spec.KillAfter)
		}
	}
	if j.underWay() {
		m.leave(j)
	}
}

// follow shows what a task prints from its first update that the agent knows of.
func (m *Machine) follow(j *job, t *taskState) {
	waits := m.spec.Interactive && !t.running() && !t.ended()
	if t.following || waits || t.status.GetSource() == mesospb.TaskStatus_SOURCE_MASTER {
		return
	}
	t.following = true
	m.emit(m.whereabouts(j, t))
}

// await tells how long a task takes to run from its first update that the agent knows of.
func (m *Machine) await(j *job, t *taskState) {
	switch waits := !t.running() && !t.ended() && t.status.GetSource() != mesospb.TaskStatus_SOURCE_MASTER; {
	case waits && !t.awaited:
		t.awaited = true
		m.emit(Await(m.whereabouts(j, t)))
	case !waits && t.awaited:
		t.awaited = false
		m.emit(Arrived{mesos.TaskID(t.id)})
	}
}

func (m *Machine) whereabouts(j *job, t *taskState) Follow {
	return Follow{
		Task: mesos.TaskID(t.id), Agent: j.agentHost, Sandbox: m.sandbox(j, t.status),
		Container: t.status.GetContainerStatus().GetContainerId(),
	}
}

// taskOver takes in the end of a task.
func (m *Machine) taskOver(j *job, t *taskState) {
	t.killAt, t.hearsayUntil = time.Time{}, time.Time{}
	if t.following && m.several() {
		m.emit(Unfollow{mesos.TaskID(t.id)})
	}
	m.settle(j)
}

// isUnheardOf reports whether a master knows of no such task, and neither does the
// agent that was to run it, which is there: see
// https://mesos.apache.org/documentation/latest/reconciliation/.
func isUnheardOf(status *mesospb.TaskStatus) bool {
	if status.GetReason() != mesospb.TaskStatus_REASON_RECONCILIATION {
		return false
	}
	state := mesos.TaskState(status.GetState())
	return state == mesos.TaskGone || state == mesos.TaskDropped
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

func (m *Machine) disconnected(now time.Time, err error) {
	switch {
	case m.refused, m.demands != nil && !m.subscribed && mesos.KindOf(err) == mesos.Invalid:
		m.demands, m.refused = nil, false
		m.subscribe()
		return
	case m.frameworkID == "":
		m.finishErr(err)
		return
	}
	if kind := mesos.KindOf(err); !m.subscribed && kind != mesos.Unavailable && kind != mesos.TimedOut {
		if m.parting != nil {
			m.finish(*m.parting, true)
			return
		}
		m.finishErr(err) // the master answered, and won't have this framework again
		return
	}
	if m.subscribed {
		m.subscribed = false
		if m.parting == nil { // which ends it
			m.tell(ConnectionLost{Err: err})
		}
		m.arm(masterDeadline, now, m.spec.UnreachablePatience)
	}
	m.resubscribePause = min(max(2*m.resubscribePause, resubscribeMin), resubscribeMax)
	m.arm(resubscribeDeadline, now, m.resubscribePause)
}

// callFailed: a call that the connection lost is made up for when it is back.
// A call that was refused for what it says can't be.
func (m *Machine) callFailed(now time.Time, in CallFailed) {
	switch mesos.KindOf(in.Err) {
	case mesos.Invalid, mesos.Unsupported, mesos.TooLarge, mesos.Unauthenticated:
		if kind := in.Call.GetType(); kind == schedulerpb.Call_ACCEPT || kind == schedulerpb.Call_TEARDOWN {
			m.finishErr(in.Err)
			return
		}
	}
	if in.Call.GetType() == schedulerpb.Call_TEARDOWN {
		m.arm(partDeadline, now, partRetry)
	}
	m.tell(CallRefused{Call: in.Call.GetType().String(), Err: in.Err})
}

func (m *Machine) interrupted(now time.Time, code int) {
	if m.alone {
		m.finish(Result{Abandoned: true}, true)
		return
	}
	m.interrupts++
	m.code = code
	m.waiting = nil
	if m.interrupts > 1 || len(m.active) == 0 {
		m.finish(Result{Code: code}, len(m.active) > 0)
		return
	}
	m.killAll(now)
	if m.gaveUp == nil {
		m.arm(surrenderDeadline, now, m.patience())
	}
}

// patience is how long tasks that are to end are waited for.
func (m *Machine) patience() time.Duration {
	grace := int64(0)
	for _, t := range m.spec.Tasks {
		grace = max(grace, t.GetKillPolicy().GetGracePeriod().GetNanoseconds())
	}
	return time.Duration(grace) + killPatience
}

// surrender leaves tasks that were to end and don't. The master ends them with the
// framework, whenever their agents are there.
func (m *Machine) surrender() {
	left := Left{Patience: m.patience()}
	for _, j := range m.active {
		for i := range j.tasks {
			if t := &j.tasks[i]; !t.ended() {
				left.Tasks = append(left.Tasks, mesos.TaskID(t.id))
				left.Agent = mesos.AgentID(j.agentID.GetValue())
			}
		}
	}
	m.tell(left)
	if m.gaveUp != nil {
		m.giveUp()
		return
	}
	m.finish(Result{Code: m.code}, false)
}

// killAll asks for the end of every task that has not ended, again and again.
func (m *Machine) killAll(now time.Time) {
	for _, j := range m.active {
		for i := range j.tasks {
			if t := &j.tasks[i]; !t.ended() {
				m.kill(j, t)
			}
		}
	}
	m.arm(killDeadline, now, killRetry)
}

func (m *Machine) kill(j *job, t *taskState) {
	t.killAt = time.Time{}
	m.tell(Killing{TaskID: mesos.TaskID(t.id), AgentID: mesos.AgentID(j.agentID.GetValue())})
	m.send(schedulerpb.Call_KILL, func(c *schedulerpb.Call) {
		c.Kill = &schedulerpb.Call_Kill{TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: j.agentID}
	})
}

func (m *Machine) tick(now time.Time) {
	if m.due(timeoutDeadline, now) {
		m.gaveUp = mesos.Errorf(mesos.TimedOut, "timed out after %s", m.spec.Timeout)
		m.waiting = nil
		if len(m.active) == 0 {
			m.giveUp()
			return
		}
		m.killAll(now)
		m.arm(surrenderDeadline, now, m.patience())
	}
	if m.due(surrenderDeadline, now) {
		m.surrender()
		return
	}
	if m.due(masterDeadline, now) {
		m.finishErr(mesos.Errorf(mesos.Unavailable, "no leading master was found for %s", m.spec.UnreachablePatience))
		return
	}
	if m.due(partDeadline, now) && m.subscribed {
		m.send(schedulerpb.Call_TEARDOWN, nil)
	}
	if m.due(killDeadline, now) {
		m.killAll(now)
	}
	m.tickTasks(now)
	if m.finished {
		return
	}
	if m.due(offerDeadline, now) {
		m.emit(Explain{Asked: m.asked})
	}
	if m.due(resubscribeDeadline, now) {
		m.subscribe()
	}
}

// giveUp ends an execution that ran out of time.
func (m *Machine) giveUp() {
	if m.alone {
		m.part(Result{Err: m.gaveUp})
		return
	}
	m.finishErr(m.gaveUp)
}

// tickTasks does what is due for single tasks.
func (m *Machine) tickTasks(now time.Time) {
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	for _, j := range slices.Clone(m.active) {
		if due(j.awayUntil) {
			j.lost = true
			m.over(j, Result{Err: mesos.Errorf(mesos.Unavailable, "agent %s has been unreachable for %s",
				j.agentID.GetValue(), m.spec.UnreachablePatience)})
			continue
		}
		for i := range j.tasks {
			t := &j.tasks[i]
			switch {
			case t.ended():
			case due(t.hearsayUntil): // only the master knows of its end
				t.status = t.hearsay
				m.taskOver(j, t)
			case due(t.killAt):
				m.kill(j, t)
			}
		}
	}
}
