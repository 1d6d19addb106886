package executor

import (
	"time"

	"github.com/mesosctl/mesosctl/agent/executor/check"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// CoreConfig is what the core of an executor is born with.
type CoreConfig struct {
	Framework mesos.FrameworkID
	Executor  mesos.ExecutorID
	Container mesos.ContainerID
	// AgentIP is the address of a task on the host's network.
	AgentIP string
	// ShutdownGracePeriod is how long after a SHUTDOWN the agent destroys the container.
	ShutdownGracePeriod time.Duration
	// UUID returns fresh random UUIDs, for status updates and containers.
	UUID func() [16]byte
}

// session is an executor's side of the executor API: its subscription, and the
// updates that the agent has not acknowledged.
// See https://mesos.apache.org/documentation/latest/executor-http-api/.
type session struct {
	config  CoreConfig
	effects []Effect

	subscribed    bool
	subscribeAt   time.Time // when to subscribe next; zero: not
	killingStates bool      // the framework understands TASK_KILLING

	updates  []*executorpb.Call_Update // not acknowledged, oldest first
	carried  int                       // how many of them the last SUBSCRIBE carried
	giveUpAt time.Time                 // when to stop waiting for the last acknowledgement
	ended    bool                      // Terminate was returned
}

func (s *session) do(e Effect) { s.effects = append(s.effects, e) }

// subscribe subscribes, with all that the agent may not have heard of: updates,
// and the tasks of which it acknowledged none.
func (s *session) subscribe(tasks []*mesospb.TaskInfo) {
	s.subscribeAt = time.Time{}
	s.carried = len(s.updates)
	call := s.call(executorpb.Call_SUBSCRIBE)
	call.Subscribe = &executorpb.Call_Subscribe{UnacknowledgedUpdates: s.updates, UnacknowledgedTasks: tasks}
	s.do(Subscribe{Call: call})
}

// welcomed takes in a SUBSCRIBED.
func (s *session) welcomed(event *executorpb.Event_Subscribed) {
	s.subscribed = true
	s.killingStates = hasKillingState(event.GetFrameworkInfo())
	for _, update := range s.updates[s.carried:] {
		s.send(update) // it came while the SUBSCRIBE was on its way
	}
}

func hasKillingState(framework *mesospb.FrameworkInfo) bool {
	for _, capability := range framework.GetCapabilities() {
		if capability.GetType() == mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE {
			return true
		}
	}
	return false
}

func (s *session) disconnected(now time.Time) {
	s.subscribed = false
	s.subscribeAt = now.Add(subscribeInterval)
}

func (s *session) call(t executorpb.Call_Type) *executorpb.Call {
	executor, framework := string(s.config.Executor), string(s.config.Framework)
	return &executorpb.Call{
		Type:        &t,
		ExecutorId:  &mesospb.ExecutorID{Value: &executor},
		FrameworkId: &mesospb.FrameworkID{Value: &framework},
	}
}

// newStatus is a status of a task, from scratch; reason 0 and an empty message
// are left out. That of a task with a check always has a result, if only an
// unknown one.
func (s *session) newStatus(task *mesospb.TaskInfo, state mesos.TaskState, reason mesospb.TaskStatus_Reason, message string) *mesospb.TaskStatus {
	wireState := mesospb.TaskState(state)
	source := mesospb.TaskStatus_SOURCE_EXECUTOR
	executor := string(s.config.Executor)
	status := &mesospb.TaskStatus{
		TaskId:     task.GetTaskId(),
		State:      &wireState,
		Source:     &source,
		ExecutorId: &mesospb.ExecutorID{Value: &executor},
	}
	if reason != 0 {
		status.Reason = &reason
	}
	if message != "" {
		status.Message = &message
	}
	if task.GetCheck() != nil {
		status.CheckStatus = check.Unknown(task.GetCheck())
	}
	return status
}

// update sends a status and keeps it until it is acknowledged. While there is no
// connection that is all: the next SUBSCRIBE carries it.
func (s *session) update(now time.Time, status *mesospb.TaskStatus) {
	uuid := s.config.UUID()
	timestamp := float64(now.UnixNano()) / float64(time.Second)
	status.Uuid, status.Timestamp = uuid[:], &timestamp
	update := &executorpb.Call_Update{Status: status}
	s.updates = append(s.updates[:len(s.updates):len(s.updates)], update)
	if s.subscribed {
		s.send(update)
	}
}

func (s *session) send(update *executorpb.Call_Update) {
	call := s.call(executorpb.Call_UPDATE)
	call.Update = update
	s.do(Send{Call: call})
}

// acknowledge takes in an ACKNOWLEDGED and returns the status that it is for; nil
// if it is for none.
func (s *session) acknowledge(ack *executorpb.Event_Acknowledged) *mesospb.TaskStatus {
	for i, update := range s.updates {
		if string(update.GetStatus().GetUuid()) == string(ack.GetUuid()) {
			// A new slice: a SUBSCRIBE may still hold the old one.
			s.updates = append(s.updates[:i:i], s.updates[i+1:]...)
			return update.GetStatus()
		}
	}
	return nil
}

func (s *session) terminate(status int) {
	s.ended = true
	s.do(Terminate{Status: status})
}
