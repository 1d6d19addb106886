package agent

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// maxRegistrationBackoff bounds the wait between attempts to register, as in Mesos.
const maxRegistrationBackoff = time.Minute

// reconnectSpread is the time over which the agents of a cluster come to a leader
// that is known to be there, or back to one whose connection broke.
const reconnectSpread = 100 * time.Millisecond

// defaultPingTimeout applies to a master that names none: five pings of 15 seconds.
const defaultPingTimeout = 75 * time.Second

// link is the agent's side of its one connection to the leading master.
type link struct {
	state  linkState
	id     LinkID
	master string // host:port
	term   uint64 // of the newest master that registered this agent
	known  uint64 // the newest term that was heard of

	// exited are executors that ended after the master was told that they run
	// and before it has answered.
	exited []*linkpb.ToMaster

	failure     string        // why the last attempt to connect failed, since the last that did not
	backoff     time.Duration // grows with each attempt, until registered
	alarm       alarm         // the next attempt to connect or to register
	silence     alarm         // when pings have been missing for too long
	pingTimeout time.Duration
}

type linkState int

const (
	linkDown        linkState = iota // until the alarm rings
	linkConnecting                   // a Connect is under way
	linkRecovering                   // connected; what ran here is not known yet
	linkRegistering                  // connected; the master has not answered yet
	linkRegistered
)

func (a *Agent) registered() bool { return a.link.state == linkRegistered }

func (a *Agent) connect() {
	a.link.state = linkConnecting
	a.emit(Connect{})
}

// backoff is a random wait that keeps the agents of a cluster from connecting
// to a new master all at once (--registration_backoff_factor); its bound doubles
// with each attempt.
func (a *Agent) backoff() time.Duration {
	bound := a.link.backoff
	if bound == 0 {
		bound = a.config.RegistrationBackoffFactor
	}
	bound = min(bound, maxRegistrationBackoff)
	a.link.backoff = 2 * bound
	return time.Duration(a.config.Jitter() * float64(bound))
}

// retryMaster is called when it is time for the next attempt.
func (a *Agent) retryMaster() {
	switch {
	case a.phase != living:
	case a.link.state == linkDown:
		a.connect()
	case a.link.state == linkRegistering:
		a.register()
	}
}

func (a *Agent) connected(in Connected) {
	if a.link.state != linkConnecting || a.phase != living {
		a.emit(CloseLink{Link: in.Link})
		return
	}
	a.link.id, a.link.master, a.link.failure = in.Link, in.Master, ""
	if a.recovering == 0 {
		a.register()
		return
	}
	a.link.state = linkRecovering
	a.emit(SendMaster{Link: a.link.id, Message: &linkpb.ToMaster{
		Message: &linkpb.ToMaster_Recovering{Recovering: &linkpb.Recovering{AgentId: a.info.Id}},
	}})
}

// connectFailed tries again later. A master that does not know who this agent is
// will not know it then either: the agent ends, and its executors run on.
// https://mesos.apache.org/documentation/latest/authentication/
func (a *Agent) connectFailed(in ConnectFailed) {
	if a.link.state != linkConnecting || a.phase != living {
		return
	}
	if mesos.KindOf(in.Err) == mesos.Unauthenticated {
		a.log(logError, "stopping: the master does not know this agent's credential", "error", in.Err)
		a.phase = stopped
		a.emit(Stopped(in))
		return
	}
	level, why := logDebug, in.Err.Error()
	if why != a.link.failure {
		level, a.link.failure = logWarn, why // once, as long as it is the same
	}
	a.log(level, "no connection to a leading master; trying again", "error", in.Err)
	a.reconnectLater()
}

func (a *Agent) linkClosed(in LinkClosed) {
	if !a.holds(in.Link) {
		return
	}
	a.log(logWarn, "lost the connection to the master", "master", a.link.master)
	a.disconnected()
	a.reconnectSoon()
}

// leaderKnown leaves a master that was succeeded, though the connection may
// still look well: that master may be stopped, or cut off.
func (a *Agent) leaderKnown(in LeaderKnown) {
	if a.phase != living || in.Term <= a.link.known {
		return
	}
	a.link.known = in.Term
	switch a.link.state {
	case linkDown:
		a.reconnectSoon()
	case linkConnecting: // what comes of that is seen first
	case linkRecovering, linkRegistering, linkRegistered:
		if a.link.master == in.Master || a.registered() && a.link.term >= in.Term {
			return
		}
		a.log(logInfo, "another master leads", "master", in.Master, "term", in.Term, "instead_of", a.link.master)
		a.emit(CloseLink{Link: a.link.id})
		a.disconnected()
		a.reconnectSoon()
	}
}

// reconnectSoon is for when there is reason to think that a leader is there.
func (a *Agent) reconnectSoon() {
	a.link.state = linkDown
	a.alarms.cancel(&a.link.alarm)
	if a.phase == living {
		spread := min(reconnectSpread, a.config.RegistrationBackoffFactor)
		a.alarms.set(&a.link.alarm, a.now.Add(time.Duration(a.config.Jitter()*float64(spread))))
	}
}

func (a *Agent) holds(link LinkID) bool {
	return a.link.state >= linkRecovering && a.link.id == link
}

// dropLink closes the connection and comes back later.
func (a *Agent) dropLink() {
	a.emit(CloseLink{Link: a.link.id})
	a.disconnected()
	a.reconnectLater()
}

// disconnected forgets the connection. Status updates pause: they are kept, and
// sent again after the next registration.
func (a *Agent) disconnected() {
	was := a.link.state
	a.link.state, a.link.id, a.link.exited = linkDown, 0, nil
	a.held = nil // as if lost with the connection: the master asks when it is back
	a.alarms.cancel(&a.link.alarm)
	a.alarms.cancel(&a.link.silence)
	if was == linkRegistered {
		a.unregistered()
	}
}

func (a *Agent) unregistered() {
	a.metrics.registered = false
	a.pauseUpdates()
	a.pauseOperations()
	a.emit(PutAgent{Agent: a.info})
}

func (a *Agent) reconnectLater() {
	a.link.state = linkDown
	if a.phase == living {
		a.alarms.set(&a.link.alarm, a.now.Add(a.backoff()))
	}
}

// register tells the master who this agent is and, if it was registered before,
// all that it runs. It is said again until the master answers.
func (a *Agent) register() {
	a.link.state = linkRegistering
	message := &linkpb.ToMaster{}
	if a.id == "" {
		message.Message = &linkpb.ToMaster_Register{Register: &linkpb.Register{
			AgentInfo:      a.info,
			Version:        &a.config.Version,
			Capabilities:   a.config.Capabilities,
			TotalResources: a.totalResources(),
			Ip:             a.advertisedIP(),
		}}
	} else {
		message.Message = &linkpb.ToMaster_Reregister{Reregister: a.reregister()}
	}
	a.emit(SendMaster{Link: a.link.id, Message: message})
	a.alarms.set(&a.link.alarm, a.now.Add(a.config.RegistrationBackoffFactor+a.backoff()))
}

func (a *Agent) advertisedIP() *string {
	if a.config.AdvertisedIP == "" {
		return nil
	}
	return &a.config.AdvertisedIP
}

// reregister lists what the agent runs: frameworks, their custom executors (the
// master knows nothing of those an agent makes for command tasks), and tasks
// with their latest state, the ended ones with unacknowledged updates included.
// Of frameworks that run nothing here any more it lists the completed tasks, so
// that a new master has a history to show, as in Mesos.
func (a *Agent) reregister() *linkpb.Reregister {
	m := &linkpb.Reregister{
		AgentInfo:      a.info,
		Version:        &a.config.Version,
		Capabilities:   a.config.Capabilities,
		TotalResources: a.totalResources(),
		Ip:             a.advertisedIP(),

		OversubscribedResources: a.estimated(),
		DrainConfig:             a.draining,
	}
	for e := a.operations.first; e != nil; e = e.next {
		m.Operations = append(m.Operations, e.value.record)
	}
	for _, f := range a.frameworks.values() {
		if f.terminating {
			continue // a master that doesn't know would wait for its updates for ever
		}
		m.Frameworks = append(m.Frameworks, f.info)
		for _, e := range f.executors.values() {
			if !e.command && e.state != executorTerminated {
				m.Executors = append(m.Executors, &linkpb.Reregister_Executor{
					ExecutorInfo: e.info,
					ContainerId:  e.containerID(),
				})
			}
			for _, list := range []*ordered[mesos.TaskID, *task]{&e.launched, &e.terminated, &e.queued} {
				for t := list.first; t != nil; t = t.next {
					m.Tasks = append(m.Tasks, t.value.record)
				}
			}
		}
	}
	for _, f := range a.history.values() {
		m.CompletedTasks = append(m.CompletedTasks, f.completedTasks()...)
	}
	return m
}

// completedTasks is the newest completed tasks, no more than a master keeps of one
// framework by default.
func (f *framework) completedTasks() (list []*mesospb.Task) {
	const most = 1000
	for _, past := range f.completed {
		list = append(list, past.tasks...)
	}
	return list[max(0, len(list)-most):]
}

// masterMessage takes a message from the master. What a master that has not
// registered this agent in its present term asks for is not done.
func (a *Agent) masterMessage(in MasterMessage) {
	if !a.holds(in.Link) || a.phase != living {
		return
	}
	switch m := in.Message.GetMessage().(type) {
	case *linkpb.ToAgent_Registered:
		a.masterRegistered(m.Registered)
		return
	case *linkpb.ToAgent_Refused:
		a.masterRefused(m.Refused)
		return
	case *linkpb.ToAgent_TurnedAway:
		a.masterTurnedAway(m.TurnedAway)
		return
	case *linkpb.ToAgent_Ping:
		a.masterPing(m.Ping)
		return
	}
	if !a.registered() {
		a.log(logWarn, "ignored a message from a master that has not registered this agent", "master", a.link.master)
		return
	}
	switch m := in.Message.GetMessage().(type) {
	case *linkpb.ToAgent_Acknowledge:
		a.acknowledge(m.Acknowledge)
	case *linkpb.ToAgent_AcknowledgeOperation:
		a.acknowledgeOperation(m.AcknowledgeOperation)
	default:
		a.held = append(a.held, in.Message)
		a.takeHeld()
	}
}

// obey does what the master asks, all but acknowledgements, of a registered agent.
func (a *Agent) obey(m *linkpb.ToAgent) {
	switch m := m.GetMessage().(type) {
	case *linkpb.ToAgent_RunTasks:
		a.runTasks(m.RunTasks)
	case *linkpb.ToAgent_KillTask:
		a.killTask(m.KillTask)
	case *linkpb.ToAgent_ShutdownExecutor:
		a.masterShutdownExecutor(m.ShutdownExecutor)
	case *linkpb.ToAgent_ShutdownFramework:
		a.masterShutdownFramework(m.ShutdownFramework)
	case *linkpb.ToAgent_UpdateFramework:
		a.updateFramework(m.UpdateFramework)
	case *linkpb.ToAgent_MessageToExecutor:
		a.messageToExecutor(m.MessageToExecutor)
	case *linkpb.ToAgent_ApplyOperation:
		a.applyOperation(m.ApplyOperation)
	case *linkpb.ToAgent_DrainAgent:
		a.drain(m.DrainAgent.GetConfig())
	case *linkpb.ToAgent_ReconcileOperations:
		a.reconcileOperations(m.ReconcileOperations)
	}
}

func (a *Agent) masterRegistered(m *linkpb.Registered) {
	if m.GetTerm() < a.link.term {
		a.log(logWarn, "refused a master of an older term", "master", a.link.master,
			"term", m.GetTerm(), "known", a.link.term)
		a.dropLink()
		return
	}
	id := mesos.AgentID(m.GetAgentId().GetValue())
	switch {
	case a.id == "":
		a.adopt(id)
	case a.id != id:
		a.halt(mesos.Errorf(mesos.Conflict, "register: the master %s calls this agent %s, but it is %s",
			a.link.master, id, a.id))
		return
	}
	a.checkpointAgent()
	a.link.term = m.GetTerm()
	a.link.state = linkRegistered
	a.link.backoff = 0
	a.alarms.cancel(&a.link.alarm)
	a.link.pingTimeout = defaultPingTimeout
	if s := m.GetPingTimeoutSeconds(); s > 0 {
		a.link.pingTimeout = time.Duration(s * float64(time.Second))
	}
	a.alarms.set(&a.link.silence, a.now.Add(a.link.pingTimeout))
	a.metrics.registered = true
	a.emit(PutAgent{Agent: a.info, Master: a.link.master})
	a.log(logInfo, "registered", "master", a.link.master, "agent", string(a.id), "term", a.link.term)
	a.resumeUpdates()
	a.resumeOperations()
	a.sendEstimate()
	for _, message := range a.link.exited {
		a.send(message)
	}
	a.link.exited = nil
	for _, r := range m.GetReconcile() {
		a.reconcile(r)
	}
}

// adopt takes the ID the master gave.
func (a *Agent) adopt(id mesos.AgentID) {
	info := a.info.CloneVT()
	info.Id = &mesospb.AgentID{Value: new(string(id))}
	a.info, a.id = info, id
}

func (a *Agent) masterRefused(m *linkpb.Refused) {
	a.halt(mesos.Errorf(mesos.Gone, "register: the master %s refused this agent: %s", a.link.master, m.GetMessage()))
}

// masterTurnedAway tries again later: somebody may see to either configuration.
func (a *Agent) masterTurnedAway(m *linkpb.TurnedAway) {
	a.log(logWarn, "turned away; trying again", "master", a.link.master, "reason", m.GetMessage())
	a.dropLink()
}

// masterPing answers a ping in every state. A master that doesn't count this
// agent as registered, while the agent does, is told anew what runs here.
func (a *Agent) masterPing(m *linkpb.Ping) {
	a.emit(SendMaster{Link: a.link.id, Message: &linkpb.ToMaster{
		Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}},
	}})
	if !a.registered() {
		return
	}
	a.alarms.set(&a.link.silence, a.now.Add(a.link.pingTimeout))
	if !m.GetConnected() {
		a.log(logWarn, "the master counts this agent as disconnected; registering again", "master", a.link.master)
		a.alarms.cancel(&a.link.silence)
		a.unregistered()
		a.register()
	}
}

func (a *Agent) masterSilent() {
	a.log(logWarn, "no pings from the master", "master", a.link.master, "within", a.link.pingTimeout)
	a.dropLink()
}

// send sends a message to the master, if registered.
func (a *Agent) send(m *linkpb.ToMaster) bool {
	if !a.registered() {
		return false
	}
	a.emit(SendMaster{Link: a.link.id, Message: m})
	return true
}
