// Package executor is the executors that are built into the agent: they run in
// its process and speak the executor API with it, as one of their own process
// would over HTTP, so that a task costs nothing but the processes it starts.
//
// Command is the core of the command executor, which runs one task; Default is
// that of the default executor, which runs task groups. RunCommand and RunDefault
// are the shells that give them containers and a connection.
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

// Command is the core of the command executor: it runs one task, which is one
// command in the executor's container, and reports its states.
// See https://mesos.apache.org/documentation/latest/executor-http-api/.
type Command struct {
	session
	task *task // nil before it came
	over bool  // the terminal update was sent
}

// NewCommand makes a command executor. Its first input is Start or Resume.
func NewCommand(config CoreConfig) *Command {
	return &Command{session: session{config: config}}
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
		c.subscribeAgain()
	case Resume:
		c.resume(now, in.Tasks)
	case Disconnected:
		c.disconnected(now)
	case Received:
		c.receive(now, in.Event)
	case Launched:
		c.launched(now, in)
	case LaunchFailed:
		if c.live() && !c.task.running {
			c.finish(now, c.verdictOfLaunch(c.task, in.Err))
		}
	case Ended:
		if c.live() && c.task.running {
			c.finish(now, c.verdict(c.task, in.Exit))
		}
	case Checked:
		if c.live() {
			c.checked(now, c.task, in)
		}
	case Tick:
		c.tick(now)
	}
	return c.effects
}

// live reports whether there is a task that has not ended.
func (c *Command) live() bool { return c.task != nil && !c.over }

// Next is when the next Tick is due; zero if nothing is waited for.
func (c *Command) Next() time.Time {
	switch {
	case c.ended:
		return time.Time{}
	case c.live():
		return earliest(c.subscribeAt, c.task.next())
	}
	return earliest(c.subscribeAt, c.giveUpAt)
}

func (c *Command) tick(now time.Time) {
	if due(now, c.subscribeAt) {
		c.subscribeAgain()
	}
	if c.live() {
		c.tend(now, c.task)
	}
	if due(now, c.giveUpAt) {
		c.terminate(1)
	}
}

func (c *Command) subscribeAgain() {
	var tasks []*mesospb.TaskInfo
	if c.task != nil && !c.task.acknowledged {
		tasks = []*mesospb.TaskInfo{c.task.info}
	}
	c.subscribe(tasks)
}

func (c *Command) receive(now time.Time, event *executorpb.Event) {
	switch event.GetType() {
	case executorpb.Event_SUBSCRIBED:
		c.welcomed(event.GetSubscribed())
	case executorpb.Event_LAUNCH:
		c.launch(now, event.GetLaunch().GetTask())
	case executorpb.Event_KILL:
		c.killTask(now, event.GetKill())
	case executorpb.Event_ACKNOWLEDGED:
		c.acknowledged(event.GetAcknowledged())
	case executorpb.Event_SHUTDOWN, executorpb.Event_LAUNCH_GROUP:
		// A task group is not for this executor: it can only be a mistake.
		c.shutdown(now)
	}
}

// launch takes on the task.
func (c *Command) launch(now time.Time, info *mesospb.TaskInfo) {
	if c.task != nil {
		c.update(now, c.newStatus(info, mesos.TaskFailed, mesospb.TaskStatus_REASON_TASK_INVALID,
			"task: a command executor runs one task only"))
		return
	}
	c.take(info)
	if info.GetCommand() == nil {
		c.finish(now, c.newStatus(info, mesos.TaskFailed, mesospb.TaskStatus_REASON_TASK_INVALID, "task: no command"))
		return
	}
	c.report(now, c.task, mesos.TaskStarting, 0, "")
	c.do(Launch{Container: c.task.container, Task: info})
}

// take makes a task the executor's own.
func (c *Command) take(info *mesospb.TaskInfo) {
	c.task = &task{
		info: info, container: c.config.Container,
		status: container.HostStatus(c.config.Container, c.config.AgentIP, 0),
	}
}

// launched takes in that the command runs.
func (c *Command) launched(now time.Time, in Launched) {
	if !c.live() || c.task.running {
		return
	}
	if in.Status != nil {
		c.task.status = in.Status
	}
	c.run(now, c.task)
}

// killTask takes in a KILL. Its kill policy goes before the task's.
func (c *Command) killTask(now time.Time, kill *executorpb.Event_Kill) {
	if c.task == nil {
		c.terminate(1) // the task to kill will not come any more
		return
	}
	if c.over || kill.GetTaskId().GetValue() != c.task.info.GetTaskId().GetValue() {
		return
	}
	c.kill(now, c.task, c.task.policy(kill.GetKillPolicy()))
}

// finish sends the terminal update, after which only its acknowledgement counts.
func (c *Command) finish(now time.Time, status *mesospb.TaskStatus) {
	c.over = true
	c.pause(c.task)
	c.giveUpAt = now.Add(acknowledgementTimeout)
	c.tell(now, c.task, status)
}

func (c *Command) acknowledged(ack *executorpb.Event_Acknowledged) {
	status := c.acknowledge(ack)
	if status == nil || status.GetTaskId().GetValue() != c.task.info.GetTaskId().GetValue() {
		return // of no update, or of a task that this executor refused
	}
	c.task.acknowledged = true
	if mesos.TaskState(status.GetState()).Terminal() {
		c.terminate(0)
	}
}

// shutdown ends the task, or the executor if there is none.
func (c *Command) shutdown(now time.Time) {
	switch {
	case c.task == nil:
		c.terminate(0)
	case !c.over:
		c.kill(now, c.task, c.config.ShutdownGracePeriod-shutdownMargin)
	}
}
