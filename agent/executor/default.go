package executor

import (
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Default is the core of the default executor: it runs task groups, each task in
// a container inside the executor's. A task that fails or is killed takes the
// others of its group with it; the executor ends with its last task.
// See https://mesos.apache.org/documentation/latest/nested-container-and-task-group/.
type Default struct {
	session
	tasks        []*member // that have not ended, in the order in which they came
	shuttingDown bool
	bereft       bool // nothing was left to go on with
}

// member is a task of a task group.
type member struct {
	task
	group *group
	// What came while others of the group were being launched.
	refused error           // the task's own launch
	gone    *container.Exit // how its container ended
}

// group is the tasks that were launched together.
type group struct {
	members   []*member // that have not ended
	launching int       // how many of them are
	killed    bool
}

// NewDefault makes a default executor. Its first input is Start or Resume.
func NewDefault(config CoreConfig) *Default {
	return &Default{session: session{config: config}}
}

// Step takes in what happened and returns what to do. The slice is valid until
// the next Step. Nothing follows a Terminate.
func (d *Default) Step(now time.Time, in Input) []Effect {
	d.effects = d.effects[:0]
	if d.ended {
		return nil
	}
	switch in := in.(type) {
	case Start:
		d.subscribeAgain()
	case Resume:
		d.resume(now, in.Tasks)
	case Disconnected:
		d.disconnected(now)
		for _, m := range d.tasks {
			d.pause(&m.task)
		}
	case Received:
		d.receive(now, in.Event)
	case Tick:
		d.tick(now)
	case Launched:
		if m := d.inContainer(in.Container); m != nil && !m.running && m.refused == nil {
			if in.Status != nil {
				m.status = in.Status
			}
			m.running = true
			d.answered(now, m.group)
		}
	case LaunchFailed:
		if m := d.inContainer(in.Container); m != nil && !m.running && m.refused == nil {
			m.refused = in.Err
			d.answered(now, m.group)
		}
	case Ended:
		if m := d.inContainer(in.Container); m != nil && m.running {
			d.exited(now, m, in.Exit)
		}
	case Checked:
		if m := d.inContainer(in.Container); m != nil {
			d.checked(now, &m.task, in)
		}
	}
	return d.effects
}

// Next is when the next Tick is due; zero if nothing is waited for.
func (d *Default) Next() time.Time {
	if d.ended {
		return time.Time{}
	}
	next := earliest(d.subscribeAt, d.giveUpAt)
	for _, m := range d.tasks {
		next = earliest(next, m.next())
	}
	return next
}

func (d *Default) tick(now time.Time) {
	if due(now, d.subscribeAt) {
		d.subscribeAgain()
	}
	for _, m := range d.tasks {
		d.tend(now, &m.task)
	}
	if due(now, d.giveUpAt) {
		d.terminate(1)
	}
}

func (d *Default) inContainer(id mesos.ContainerID) *member {
	for _, m := range d.tasks {
		if m.container == id {
			return m
		}
	}
	return nil
}

func (d *Default) named(id *mesospb.TaskID) *member {
	for _, m := range d.tasks {
		if m.info.GetTaskId().GetValue() == id.GetValue() {
			return m
		}
	}
	return nil
}

func (d *Default) subscribeAgain() {
	var tasks []*mesospb.TaskInfo
	for _, m := range d.tasks {
		if !m.acknowledged {
			tasks = append(tasks, m.info)
		}
	}
	d.subscribe(tasks)
}

func (d *Default) receive(now time.Time, event *executorpb.Event) {
	switch event.GetType() {
	case executorpb.Event_SUBSCRIBED:
		d.welcomed(event.GetSubscribed())
		for _, m := range d.tasks {
			if !m.killed {
				m.resume(now)
			}
		}
		if d.bereft {
			d.endIfIdle(now)
		}
	case executorpb.Event_LAUNCH_GROUP:
		if !d.shuttingDown {
			d.launchGroup(now, event.GetLaunchGroup().GetTaskGroup().GetTasks())
		}
	case executorpb.Event_KILL:
		// A group that is shut down, or a task that is gone, needs no kill.
		if m := d.named(event.GetKill().GetTaskId()); m != nil && !d.shuttingDown {
			d.kill(now, &m.task, m.policy(event.GetKill().GetKillPolicy()))
		}
	case executorpb.Event_ACKNOWLEDGED:
		if status := d.acknowledge(event.GetAcknowledged()); status != nil {
			if m := d.named(status.GetTaskId()); m != nil {
				m.acknowledged = true
			}
			d.endIfIdle(now)
		}
	case executorpb.Event_SHUTDOWN, executorpb.Event_LAUNCH:
		// A task of its own is not for this executor: it can only be a mistake.
		d.shutdown(now)
	}
}

// launchGroup launches the tasks of a group, in order.
func (d *Default) launchGroup(now time.Time, tasks []*mesospb.TaskInfo) {
	g := &group{launching: len(tasks)}
	d.giveUpAt = time.Time{}
	for _, info := range tasks {
		m := d.join(g, info, d.newContainer())
		d.report(now, &m.task, mesos.TaskStarting, 0, "")
		d.do(Launch{Container: m.container, Task: info})
	}
}

// newContainer names a container inside the executor's.
func (d *Default) newContainer() mesos.ContainerID {
	return d.config.Container + "." + mesos.ContainerID(uuidText(d.config.UUID()))
}

// join makes a task a member of a group.
func (d *Default) join(g *group, info *mesospb.TaskInfo, id mesos.ContainerID) *member {
	m := &member{group: g, task: task{
		info: info, container: id, status: container.HostStatus(id, d.config.AgentIP, 0),
	}}
	g.members = append(g.members, m)
	d.tasks = append(d.tasks, m)
	return m
}

// answered takes in that one more task of a group runs, or can't. Once that is
// known of all, it is told of all: first what runs, then what does not.
func (d *Default) answered(now time.Time, g *group) {
	g.launching--
	if g.launching > 0 {
		return
	}
	members := slices.Clone(g.members)
	for _, m := range members {
		if m.refused == nil && (m.last == nil || m.last.GetState() == mesospb.TaskState_TASK_STARTING) {
			d.run(now, &m.task)
		}
	}
	for _, m := range members {
		switch {
		case m.refused != nil:
			d.finish(now, m, d.verdictOfLaunch(&m.task, m.refused))
		case m.gone != nil:
			d.finish(now, m, d.verdict(&m.task, *m.gone))
		}
	}
}

// exited takes in how a task's container ended. That is told after TASK_RUNNING,
// for which the others of the group are waited for.
func (d *Default) exited(now time.Time, m *member, exit container.Exit) {
	if m.group.launching > 0 {
		m.gone = &exit
		return
	}
	d.finish(now, m, d.verdict(&m.task, exit))
}

// finish sends a task's terminal update, ends its group if that is why, and the
// executor if it was the last task.
func (d *Default) finish(now time.Time, m *member, status *mesospb.TaskStatus) {
	d.pause(&m.task)
	d.tell(now, &m.task, status)
	same := func(other *member) bool { return other == m }
	d.tasks = slices.DeleteFunc(d.tasks, same)
	g := m.group
	g.members = slices.DeleteFunc(g.members, same)
	failed := mesos.TaskState(status.GetState()) != mesos.TaskFinished
	if failed && !d.shuttingDown && !g.killed {
		g.killed = true
		for _, other := range g.members {
			if m.unhealthy {
				other.unhealthy = true
			}
			if !other.killed && other.refused == nil && other.gone == nil {
				d.kill(now, &other.task, other.policy(nil))
			}
		}
	}
	d.endIfIdle(now)
}

// shutdown ends every task, and the executor with them.
func (d *Default) shutdown(now time.Time) {
	if d.shuttingDown {
		return
	}
	d.shuttingDown = true
	for _, m := range d.tasks {
		d.kill(now, &m.task, min(m.policy(nil), d.config.ShutdownGracePeriod-shutdownMargin))
	}
	d.endIfIdle(now)
}

// endIfIdle ends the executor if it has no task left and no update that the agent
// has not acknowledged, which it owes.
func (d *Default) endIfIdle(now time.Time) {
	switch {
	case len(d.tasks) > 0:
	case len(d.updates) == 0:
		d.terminate(0)
	case d.giveUpAt.IsZero():
		d.giveUpAt = now.Add(acknowledgementTimeout)
	}
}
