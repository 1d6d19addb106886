package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Defaults of the operator event stream, as in Mesos.
const (
	defaultHeartbeat      = 15 * time.Second
	defaultMaxSubscribers = 1000 // --max_operator_event_stream_subscribers
)

// subscriber is one reader of the operator event stream: it is told the state
// first, and then every change of it.
// See https://mesos.apache.org/documentation/latest/operator-http-api/#subscribe-1.
type subscriber struct {
	stream    *Stream
	sees      sight
	heartbeat *time.Timer
}

// subscribe answers a SUBSCRIBE.
func (m *Master) subscribe(w http.ResponseWriter, r *http.Request, media wire.MediaType) {
	interval, most := m.Heartbeat, m.MaxSubscribers
	if interval == 0 {
		interval = defaultHeartbeat
	}
	if most == 0 {
		most = defaultMaxSubscribers
	}
	stream := newStream(media, m.View.unsubscribe, nil)
	m.View.subscribe(stream, m.sightOf(r.Context()), interval, most)
	stream.serve(w, r, http.Header{})
}

var heartbeatEvent = &masterpb.Event{Type: masterpb.Event_HEARTBEAT.Enum()}

// subscribe adds a subscriber; one more than most ends the oldest one's stream.
// Nothing comes between the state that it is told and the changes after it.
func (v *MasterView) subscribe(stream *Stream, sees sight, interval time.Duration, most int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.subscribers) >= most {
		v.subscribers[0].end()
		v.subscribers = slices.Delete(v.subscribers, 0, 1)
	}
	s := v.snapshotLocked()
	sees.limit(&s)
	seconds := interval.Seconds()
	stream.Send(&masterpb.Event{
		Type: masterpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &masterpb.Event_Subscribed{
			GetState: s.message(), HeartbeatIntervalSeconds: &seconds,
		},
	})
	stream.Send(heartbeatEvent)
	sub := &subscriber{stream: stream, sees: sees}
	sub.heartbeat = time.AfterFunc(interval, func() {
		stream.Send(heartbeatEvent)
		v.mu.RLock() // so that no timer is set again after end
		defer v.mu.RUnlock()
		if slices.Contains(v.subscribers, sub) {
			sub.heartbeat.Reset(interval)
		}
	})
	v.subscribers = append(v.subscribers, sub)
}

// end closes the stream of a subscriber that is no longer in the list.
func (s *subscriber) end() {
	s.heartbeat.Stop()
	s.stream.Close()
}

// unsubscribe forgets a subscriber whose stream broke.
func (v *MasterView) unsubscribe(id string, cause error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if errors.Is(cause, ErrSlow) {
		v.slow++
	}
	v.subscribers = slices.DeleteFunc(v.subscribers, func(s *subscriber) bool {
		if s.stream.ID() != id {
			return false
		}
		s.heartbeat.Stop()
		return true
	})
}

// Subscribers is how many read the operator event stream.
func (v *MasterView) Subscribers() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.subscribers)
}

// Slow is how many were disconnected because they read too slowly.
func (v *MasterView) Slow() uint64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.slow
}

// tell sends an event to all subscribers; mu is held.
func (v *MasterView) tell(event *masterpb.Event) {
	v.tellAs(func(sight) *masterpb.Event { return event })
}

// tellThose sends an event to the subscribers that may see it; mu is held.
func (v *MasterView) tellThose(may func(sight) bool, event *masterpb.Event) {
	v.tellAs(func(sees sight) *masterpb.Event {
		if may(sees) {
			return event
		}
		return nil
	})
}

// tellAs sends each subscriber what it may see of an event, nil for nothing; mu
// is held.
func (v *MasterView) tellAs(as func(sight) *masterpb.Event) {
	for _, s := range v.subscribers {
		if event := as(s.sees); event != nil {
			s.stream.Send(event)
		}
	}
}

func (v *MasterView) tellAgentAdded(agent *masterpb.Response_GetAgents_Agent) {
	v.tellAs(func(sees sight) *masterpb.Event {
		return &masterpb.Event{
			Type: masterpb.Event_AGENT_ADDED.Enum(), AgentAdded: &masterpb.Event_AgentAdded{Agent: endpointAgent(sees.agent(agent))},
		}
	})
}

func (v *MasterView) tellAgentRemoved(id *mesospb.AgentID) {
	v.tell(&masterpb.Event{
		Type: masterpb.Event_AGENT_REMOVED.Enum(), AgentRemoved: &masterpb.Event_AgentRemoved{AgentId: id},
	})
}

// tellFramework tells what became of a framework. What it uses changes with
// every task and is not told.
func (v *MasterView) tellFramework(old, updated *masterpb.Response_GetFrameworks_Framework, completed bool) {
	switch {
	case completed:
		v.tellFrameworkRemoved(updated)
	case old == nil:
		v.tellFrameworkAs(updated, func(seen *masterpb.Response_GetFrameworks_Framework) *masterpb.Event {
			return &masterpb.Event{
				Type:           masterpb.Event_FRAMEWORK_ADDED.Enum(),
				FrameworkAdded: &masterpb.Event_FrameworkAdded{Framework: seen},
			}
		})
	case old.FrameworkInfo != updated.FrameworkInfo || old.GetActive() != updated.GetActive() ||
		old.GetConnected() != updated.GetConnected() || old.GetRecovered() != updated.GetRecovered():
		v.tellFrameworkAs(updated, func(seen *masterpb.Response_GetFrameworks_Framework) *masterpb.Event {
			return &masterpb.Event{
				Type:             masterpb.Event_FRAMEWORK_UPDATED.Enum(),
				FrameworkUpdated: &masterpb.Event_FrameworkUpdated{Framework: seen},
			}
		})
	}
}

// tellFrameworkAs sends those who may see a framework what they may see of it.
func (v *MasterView) tellFrameworkAs(f *masterpb.Response_GetFrameworks_Framework,
	event func(*masterpb.Response_GetFrameworks_Framework) *masterpb.Event,
) {
	v.tellAs(func(sees sight) *masterpb.Event {
		if !sees.framework(f.GetFrameworkInfo()) {
			return nil
		}
		return event(sees.frameworkRecord(f))
	})
}

func (v *MasterView) tellFrameworkRemoved(f *masterpb.Response_GetFrameworks_Framework) {
	v.tellThose(func(sees sight) bool { return sees.framework(f.GetFrameworkInfo()) }, &masterpb.Event{
		Type:             masterpb.Event_FRAMEWORK_REMOVED.Enum(),
		FrameworkRemoved: &masterpb.Event_FrameworkRemoved{FrameworkInfo: f.GetFrameworkInfo()},
	})
}

// tellTask tells of a new task, or of a task's newest status.
func (v *MasterView) tellTask(framework *mesospb.FrameworkInfo, old *taskRecord, task *mesospb.Task, list TaskList) {
	if len(v.subscribers) == 0 {
		return
	}
	may := func(sees sight) bool { return sees.framework(framework) && sees.task(task, framework) }
	if old == nil {
		if list == TaskActive || list == TaskPending {
			v.tellThose(may, &masterpb.Event{
				Type: masterpb.Event_TASK_ADDED.Enum(), TaskAdded: &masterpb.Event_TaskAdded{Task: task},
			})
		}
		return
	}
	status := newest(task)
	if old.task.GetState() == task.GetState() && newest(old.task) == status {
		return
	}
	if status == nil {
		status = &mesospb.TaskStatus{TaskId: task.TaskId, AgentId: task.AgentId, State: task.State}
	}
	v.tellThose(may, &masterpb.Event{
		Type: masterpb.Event_TASK_UPDATED.Enum(),
		TaskUpdated: &masterpb.Event_TaskUpdated{
			FrameworkId: task.FrameworkId, Status: status, State: task.State,
		},
	})
}

// newest is a task's last status update, or nil.
func newest(task *mesospb.Task) *mesospb.TaskStatus {
	if n := len(task.GetStatuses()); n > 0 {
		return task.GetStatuses()[n-1]
	}
	return nil
}

// message is the state as one message, for the beginning of an event stream.
func (s *masterSnapshot) message() *masterpb.Response_GetState {
	state := &masterpb.Response_GetState{
		GetTasks: new(masterpb.Response_GetTasks), GetExecutors: new(masterpb.Response_GetExecutors),
		GetFrameworks: new(masterpb.Response_GetFrameworks), GetAgents: new(masterpb.Response_GetAgents),
	}
	for _, record := range s.agents {
		state.GetAgents.Agents = append(state.GetAgents.Agents, endpointAgent(record.agent))
	}
	for _, record := range s.recovered {
		state.GetAgents.RecoveredAgents = append(state.GetAgents.RecoveredAgents, record.info)
	}
	for i := range s.frameworks {
		state.GetFrameworks.Frameworks = append(state.GetFrameworks.Frameworks, s.frameworks[i].shown())
		s.frameworks[i].addTo(state)
	}
	for i := range s.completed {
		state.GetFrameworks.CompletedFrameworks = append(state.GetFrameworks.CompletedFrameworks, s.completed[i].shown())
		s.completed[i].addTo(state)
	}
	return state
}

// addTo adds a framework's tasks and executors.
func (f *frameworkSnapshot) addTo(state *masterpb.Response_GetState) {
	for i, to := range [...]*[]*mesospb.Task{
		TaskActive:      &state.GetTasks.Tasks,
		TaskPending:     &state.GetTasks.PendingTasks,
		TaskUnreachable: &state.GetTasks.UnreachableTasks,
		TaskCompleted:   &state.GetTasks.CompletedTasks,
	} {
		for _, record := range f.tasks[i] {
			*to = append(*to, record.task)
		}
	}
	for _, record := range f.executors {
		state.GetExecutors.Executors = append(state.GetExecutors.Executors, record.message())
	}
}
