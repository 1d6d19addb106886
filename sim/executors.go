package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// executor is a container and the scripted executor in it: the agent's own for
// one command, or a framework's for many tasks.
type executor struct {
	machine   *machine
	launch    agent.LaunchContainer
	name      string
	resources resources.Resources // the executor's own
	dead      bool

	conn    *conn // to the agent
	stream  agent.StreamID
	streams int

	tasks    []*running // that have not ended
	received []*mesospb.TaskInfo
	updates  []*executorpb.Call_Update // not acknowledged, oldest first
	leaving  bool                      // told to shut down
	started  bool
	life     int // of the agent, in which a built-in executor runs
	// ended is how the command of a built-in executor ended while no agent ran.
	ended *mesospb.TaskState
}

// running is a task that an executor runs.
type running struct {
	info      *mesospb.TaskInfo
	resources resources.Resources
}

// launch starts a container, which may fail.
func (m *machine) launch(e agent.LaunchContainer) {
	c := m.cluster
	x := &executor{machine: m, launch: e, name: m.name + "/" + e.Executor.GetExecutorId().GetValue(), life: m.life}
	if e.Builtin != agent.BuiltinCommand {
		x.resources = executorShare // what the container is given is for its first tasks too
	}
	m.containers[e.Container] = x
	m.moved = true
	c.logf("%s: container %s for %s", m.name, e.Container, x.name)
	c.after(c.between(0, 100*time.Millisecond), x.alive(func() {
		if c.options.faults && c.chance(20) {
			x.end(agent.ContainerEnded{
				Reason:  int32(mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED),
				Message: "the simulator says no",
			})
			return
		}
		x.started = true
		pid := 0
		if e.Builtin == agent.BuiltinNone {
			pid = 1000
		}
		m.core.take(agent.ContainerStarted{Container: e.Container, Pid: pid})
		c.after(c.between(0, 50*time.Millisecond), x.alive(x.subscribe))
	}))
}

// alive does something only if the executor has not died meanwhile.
func (x *executor) alive(do func()) func() {
	return func() {
		if !x.dead {
			do()
		}
	}
}

// destroy kills a container.
func (m *machine) destroy(id mesos.ContainerID) {
	x := m.containers[id]
	if x == nil {
		return
	}
	m.cluster.after(m.cluster.between(0, 50*time.Millisecond), x.alive(func() {
		status := 9
		x.end(agent.ContainerEnded{Launched: true, Status: &status})
	}))
}

// end is the end of the container and all that runs in it.
func (x *executor) end(how agent.ContainerEnded) {
	if x.dead {
		return
	}
	x.dead = true
	how.Container = x.launch.Container
	m := x.machine
	delete(m.containers, x.launch.Container)
	m.cluster.logf("%s: container %s ended", m.name, how.Container)
	if x.conn != nil {
		x.conn.breakUp(10 * time.Millisecond)
	}
	if m.core.dead {
		m.exits[x.launch.Container] = how // the supervisor keeps it
	}
	m.core.take(how)
}

// subscribe opens a stream to the agent, with what the last one left open.
func (x *executor) subscribe() {
	if x.conn != nil && x.conn.open() {
		return
	}
	m := x.machine
	if m.core.dead {
		m.cluster.after(300*time.Millisecond, x.alive(x.subscribe))
		return
	}
	x.streams++
	id := agent.StreamID(fmt.Sprintf("%s-%d", x.launch.Container, x.streams))
	conn := newConn(m.cluster.world, "", "", 5*time.Millisecond)
	conn.serverClosed = m.ifAlive(func() { m.core.take(agent.ExecutorStreamClosed{Stream: id}) })
	conn.clientClosed = x.alive(func() {
		m.cluster.after(time.Second, x.alive(func() {
			if !x.orphaned() {
				x.subscribe()
			}
		}))
	})
	x.conn, x.stream = conn, id
	call := x.call(executorpb.Call_SUBSCRIBE)
	call.Subscribe = &executorpb.Call_Subscribe{UnacknowledgedUpdates: slices.Clone(x.updates), UnacknowledgedTasks: slices.Clone(x.received)}
	conn.toServer(m.ifAlive(func() {
		m.ask(func(err error) {
			if err != nil {
				m.cluster.logf("%s can't subscribe: %v", x.name, err)
				conn.closeByServer()
			}
		}, func(request agent.RequestID) agent.Input {
			return agent.ExecutorSubscribe{Request: request, Stream: id, Call: call}
		})
	}))
}

func (x *executor) call(kind executorpb.Call_Type) *executorpb.Call {
	return &executorpb.Call{
		Type:        kind.Enum(),
		ExecutorId:  &mesospb.ExecutorID{Value: new(x.launch.Executor.GetExecutorId().GetValue())},
		FrameworkId: &mesospb.FrameworkID{Value: new(x.launch.Framework.GetId().GetValue())},
	}
}

// streaming is the executor that holds a stream.
func (m *machine) streaming(id agent.StreamID) *executor {
	for _, x := range m.containers {
		if x.stream == id {
			return x
		}
	}
	return nil
}

// send brings an event to the executor.
func (x *executor) send(id agent.StreamID, event *executorpb.Event) {
	data, err := event.MarshalVT()
	if err != nil {
		x.machine.cluster.fail("%s: an event can't be encoded: %v", x.name, err)
		return
	}
	if x.stream == id {
		x.conn.toClient(x.alive(func() {
			event := new(executorpb.Event)
			if err := event.UnmarshalVT(data); err != nil {
				x.machine.cluster.fail("%s: an event can't be decoded: %v", x.name, err)
				return
			}
			x.receive(event)
		}))
	}
}

func (x *executor) closed(id agent.StreamID) {
	if x.stream == id {
		x.conn.closeByServer()
	}
}

func (x *executor) receive(event *executorpb.Event) {
	c := x.machine.cluster
	switch event.GetType() {
	case executorpb.Event_LAUNCH:
		x.run(event.GetLaunch().GetTask())
	case executorpb.Event_LAUNCH_GROUP:
		for _, t := range event.GetLaunchGroup().GetTaskGroup().GetTasks() {
			x.run(t)
		}
	case executorpb.Event_KILL:
		id := event.GetKill().GetTaskId().GetValue()
		c.after(c.between(0, time.Second), x.alive(func() { x.finish(id, mesospb.TaskState_TASK_KILLED) }))
	case executorpb.Event_ACKNOWLEDGED:
		x.acknowledged(event.GetAcknowledged())
	case executorpb.Event_SHUTDOWN:
		c.after(c.between(0, time.Second), x.alive(func() {
			for _, t := range slices.Clone(x.tasks) {
				x.finish(t.info.GetTaskId().GetValue(), mesospb.TaskState_TASK_KILLED)
			}
			x.leaving = true
			x.leave()
		}))
	}
}

// run starts a task, which ends after a while by itself.
func (x *executor) run(info *mesospb.TaskInfo) {
	c := x.machine.cluster
	held, err := convert.Resources(info.GetResources())
	if err != nil {
		c.fail("%s: task resources: %v", x.name, err)
		return
	}
	id := info.GetTaskId().GetValue()
	if slices.ContainsFunc(x.received, func(t *mesospb.TaskInfo) bool { return t.GetTaskId().GetValue() == id }) {
		c.fail("%s was sent task %s twice", x.name, id)
		return
	}
	x.tasks = append(x.tasks, &running{info, held.Unallocate()})
	x.received = append(x.received, info)
	x.machine.moved = true
	if c.chance(2) {
		x.update(id, mesospb.TaskState_TASK_STARTING)
	}
	c.after(c.between(0, time.Second), x.alive(func() {
		if x.task(id) != nil {
			x.update(id, mesospb.TaskState_TASK_RUNNING)
		}
	}))
	life := c.between(0, 30*time.Second)
	if c.chance(3) {
		life = time.Hour
	}
	c.after(life, x.alive(func() {
		state := mesospb.TaskState_TASK_FINISHED
		if c.chance(4) {
			state = mesospb.TaskState_TASK_FAILED
		}
		x.finish(id, state)
	}))
}

func (x *executor) task(id string) *running {
	for _, t := range x.tasks {
		if t.info.GetTaskId().GetValue() == id {
			return t
		}
	}
	return nil
}

// finish ends a task, if it has not ended.
func (x *executor) finish(id string, state mesospb.TaskState) {
	if t := x.task(id); t != nil {
		x.machine.moved = true
		if x.orphaned() {
			x.ended = &state // and is told of by the executor that takes over
			return
		}
		x.tasks = slices.DeleteFunc(x.tasks, func(other *running) bool { return other == t })
		x.update(id, state)
	}
}

// update reports a task's state, and keeps the report until it is acknowledged.
func (x *executor) update(id string, state mesospb.TaskState) {
	if x.orphaned() {
		return
	}
	c := x.machine.cluster
	uuid := c.uuid()
	update := &executorpb.Call_Update{Status: &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: &id}, State: state.Enum(), Uuid: uuid[:],
		Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Message: new("by the simulator"),
	}}
	x.updates = append(x.updates, update)
	c.reported(x, x.launch.Framework.GetId().GetValue(), id, uuid[:])
	call := x.call(executorpb.Call_UPDATE)
	call.Update = update.CloneVT()
	x.conn.toServer(x.machine.ifAlive(func() {
		x.machine.ask(func(err error) {
			if err != nil {
				c.logf("%s: update of %s refused: %v", x.name, id, err)
				c.refusedReport(uuid[:])
			}
		}, func(request agent.RequestID) agent.Input { return agent.ExecutorCall{Request: request, Call: call} })
	}))
}

func (x *executor) acknowledged(ack *executorpb.Event_Acknowledged) {
	x.received = slices.DeleteFunc(x.received, func(t *mesospb.TaskInfo) bool {
		return t.GetTaskId().GetValue() == ack.GetTaskId().GetValue() && x.task(t.GetTaskId().GetValue()) == nil
	})
	x.updates = slices.DeleteFunc(x.updates, func(u *executorpb.Call_Update) bool {
		return string(u.GetStatus().GetUuid()) == string(ack.GetUuid())
	})
	x.leave()
}

// leave ends an executor that has nothing left to do.
func (x *executor) leave() {
	// One for a command leaves after its task, one for a group after the group.
	done := x.leaving || x.launch.Builtin != agent.BuiltinNone
	if done && len(x.tasks) == 0 && len(x.updates) == 0 {
		x.machine.cluster.after(0, x.alive(func() {
			status := 0
			x.end(agent.ContainerEnded{Launched: true, Status: &status})
		}))
	}
}

// holds is what the container's executor and tasks use.
func (x *executor) holds() resources.Resources {
	sum := x.resources
	for _, t := range x.tasks {
		sum = sum.Add(t.resources)
	}
	return sum
}

// crashExecutor kills one of the machine's containers, as a bug in it would.
func (m *machine) crashExecutor() {
	if x := m.anyExecutor(); x != nil {
		status := 11
		x.end(agent.ContainerEnded{Launched: true, Status: &status})
	}
}

// cutExecutor breaks the stream of an executor that speaks HTTP. Those that are
// built in are in the agent's own process.
func (m *machine) cutExecutor() {
	if x := m.anyExecutor(); x != nil && x.launch.Builtin == agent.BuiltinNone {
		m.cluster.logf("fault: the stream of %s breaks", x.name)
		x.conn.breakUp(100 * time.Millisecond)
	}
}

// anyExecutor is a random executor that was subscribed, or nil.
func (m *machine) anyExecutor() *executor {
	var list []*executor
	for _, id := range slices.Sorted(maps.Keys(m.containers)) {
		if x := m.containers[id]; x.conn != nil {
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[m.cluster.rand.IntN(len(list))]
}
