// Package executor is the executors that are built into the agent: they run in
// its process and speak the executor API with it, as one of their own process
// would over HTTP, so that a task costs nothing but the processes it starts.
//
// Command is the command executor's core; Run is the shell that gives it a
// container and a connection.
package executor

import (
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const (
	// defaultKillGracePeriod is how long a task that is killed may take to end by
	// itself if no kill policy says otherwise.
	// See https://mesos.apache.org/documentation/latest/task-killing/ (kill policy).
	defaultKillGracePeriod = 3 * time.Second
	// shutdownMargin is how much of the shutdown grace period is left to report
	// a task that had to be killed, before the agent destroys the container.
	shutdownMargin = 2 * time.Second
	// acknowledgementTimeout is how long to wait for the acknowledgement of the
	// terminal update, which the agent owes.
	acknowledgementTimeout = time.Minute
	// subscribeInterval is how long to wait before subscribing again.
	subscribeInterval = time.Second
)

// CommandConfig is what a Command is born with.
type CommandConfig struct {
	Framework mesos.FrameworkID
	Executor  mesos.ExecutorID
	Container mesos.ContainerID
	// AgentIP is the address of a task on the host's network.
	AgentIP string
	// ShutdownGracePeriod is how long after a SHUTDOWN the agent destroys the container.
	ShutdownGracePeriod time.Duration
	// UUID returns fresh random UUIDs for status updates.
	UUID func() [16]byte
}

// Command is the core of the command executor: it runs one task, which is one
// command, and reports its states.
// See https://mesos.apache.org/documentation/latest/executor-http-api/.
type Command struct {
	config  CommandConfig
	effects []Effect

	subscribed    bool
	subscribeAt   time.Time // when to subscribe next; zero: not
	killingStates bool      // the framework understands TASK_KILLING

	phase        phase
	task         *mesospb.TaskInfo
	acknowledged bool // some update of the task was
	status       *mesospb.ContainerStatus
	updates      []*executorpb.Call_Update // not acknowledged, oldest first
	carried      int                       // how many of them the last SUBSCRIBE carried

	killed    bool
	killing   bool // TASK_KILLING was told by an executor before this one
	killedAt  time.Time
	overtime  bool      // killed for max_completion_time
	killAt    time.Time // when to stop waiting for a killed task
	overAt    time.Time // when max_completion_time is over
	giveUpAt  time.Time // when to stop waiting for the last acknowledgement
	ended     bool      // Terminate was returned
	destroyed bool      // Destroy was returned
}

// phase is where the task is.
type phase int

const (
	idle      phase = iota // no task yet
	launching              // Launch was returned
	running                // Launched came
	terminal               // the terminal update was sent
)

// NewCommand makes a command executor. Its first input is Start.
func NewCommand(config CommandConfig) *Command {
	return &Command{config: config, status: container.HostStatus(config.Container, config.AgentIP, 0)}
}

// Step takes in what happened and returns what to do. The slice is valid until
// the next Step. Nothing follows a Terminate.
func (c *Command) Step(now time.Time, in Input) []Effect {
	c.effects = c.effects[:0]
	if c.ended {
		return nil
	}
	switch in := in.(type) {
	case Start:
		c.subscribe()
	case Resume:
		c.resume(in.Recovered)
	case Disconnected:
		c.subscribed = false
		c.subscribeAt = now.Add(subscribeInterval)
	case Received:
		c.receive(now, in.Event)
	case Launched:
		c.launched(now, in)
	case LaunchFailed:
		c.launchFailed(now, in)
	case Ended:
		c.exited(now, in.Exit)
	case Tick:
		c.tick(now)
	}
	return c.effects
}

// Next is when the next Tick is due; zero if nothing is waited for.
func (c *Command) Next() time.Time {
	var next time.Time
	if c.ended {
		return next
	}
	for _, at := range []time.Time{c.subscribeAt, c.killAt, c.overAt, c.giveUpAt} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

func (c *Command) do(e Effect) { c.effects = append(c.effects, e) }

func (c *Command) tick(now time.Time) {
	if due(now, c.subscribeAt) {
		c.subscribe()
	}
	if due(now, c.overAt) {
		c.overtime = true
		c.kill(now, 0)
	}
	if due(now, c.killAt) {
		c.killAt = time.Time{}
		c.destroy()
	}
	if due(now, c.giveUpAt) {
		c.terminate(1)
	}
}

func due(now, at time.Time) bool { return !at.IsZero() && !at.After(now) }

// subscribe subscribes, with all that the agent may not have heard of.
func (c *Command) subscribe() {
	c.subscribeAt = time.Time{}
	subscribe := &executorpb.Call_Subscribe{UnacknowledgedUpdates: c.updates}
	c.carried = len(c.updates)
	if c.task != nil && !c.acknowledged {
		subscribe.UnacknowledgedTasks = []*mesospb.TaskInfo{c.task}
	}
	call := c.call(executorpb.Call_SUBSCRIBE)
	call.Subscribe = subscribe
	c.do(Subscribe{Call: call})
}

func (c *Command) call(t executorpb.Call_Type) *executorpb.Call {
	executor, framework := string(c.config.Executor), string(c.config.Framework)
	return &executorpb.Call{
		Type:        &t,
		ExecutorId:  &mesospb.ExecutorID{Value: &executor},
		FrameworkId: &mesospb.FrameworkID{Value: &framework},
	}
}

func (c *Command) receive(now time.Time, event *executorpb.Event) {
	switch event.GetType() {
	case executorpb.Event_SUBSCRIBED:
		c.subscribed = true
		c.killingStates = hasKillingState(event.GetSubscribed().GetFrameworkInfo())
		for _, update := range c.updates[c.carried:] {
			c.send(update) // it came while the SUBSCRIBE was on its way
		}
	case executorpb.Event_LAUNCH:
		c.launch(now, event.GetLaunch().GetTask())
	case executorpb.Event_KILL:
		c.killTask(now, event.GetKill())
	case executorpb.Event_ACKNOWLEDGED:
		c.acknowledge(event.GetAcknowledged())
	case executorpb.Event_SHUTDOWN, executorpb.Event_LAUNCH_GROUP:
		// A task group is not for this executor: it can only be a mistake.
		c.shutdown(now)
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

func (c *Command) acknowledge(ack *executorpb.Event_Acknowledged) {
	for i, update := range c.updates {
		if string(update.GetStatus().GetUuid()) != string(ack.GetUuid()) {
			continue
		}
		// A new slice: a SUBSCRIBE may still hold the old one.
		c.updates = append(c.updates[:i:i], c.updates[i+1:]...)
		if update.GetStatus().GetTaskId().GetValue() != c.task.GetTaskId().GetValue() {
			return // of a task that this executor refused
		}
		c.acknowledged = true
		if mesos.TaskState(update.GetStatus().GetState()).Terminal() {
			c.terminate(0)
		}
		return
	}
}

// shutdown ends the task, or the executor if there is none.
func (c *Command) shutdown(now time.Time) {
	if c.phase == idle {
		c.terminate(0)
		return
	}
	c.kill(now, c.config.ShutdownGracePeriod-shutdownMargin)
}

func (c *Command) terminate(status int) {
	c.ended = true
	c.do(Terminate{Status: status})
}

// destroy kills the container, once.
func (c *Command) destroy() {
	if !c.destroyed {
		c.destroyed = true
		c.do(Destroy{})
	}
}
