package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// outlive is what a crash of the agent means for a container: one of a framework
// with checkpointing goes on if only the agent died.
func (x *executor) outlive(what loss) {
	m := x.machine
	if x.conn != nil {
		x.conn.breakUp(10 * time.Millisecond)
	}
	over := x.launch.Builtin == agent.BuiltinCommand && len(x.tasks) == 0 // the command has ended
	if what == losesProcess && x.launch.Checkpoint && x.started && !over {
		return
	}
	x.dead = true
	delete(m.containers, x.launch.Container)
	if over && what == losesProcess && x.launch.Checkpoint {
		m.exits[x.launch.Container] = agent.ContainerEnded{Container: x.launch.Container, Launched: true, Status: new(int)}
	}
}

// orphaned reports whether an executor that is built into the agent died with it,
// and only its command goes on.
func (x *executor) orphaned() bool {
	return x.launch.Builtin == agent.BuiltinCommand && (x.machine.core.dead || x.life != x.machine.life)
}

// takeOver finds the containers that an earlier agent left, and ends the others.
func (m *machine) takeOver(list []agent.RecoveredContainer) {
	c := m.cluster
	wanted := map[mesos.ContainerID]bool{}
	for _, r := range list {
		id := r.Container
		wanted[id] = true
		x := m.containers[id]
		exit, ended := m.exits[id]
		c.logf("%s: container %s is taken over: it runs %v, its end is known %v", m.name, id, x != nil, ended)
		if x == nil {
			if !ended {
				exit = agent.ContainerEnded{Container: id, Launched: true}
			}
			c.after(c.between(0, 20*time.Millisecond), m.ifAlive(func() { m.core.take(exit) }))
			continue
		}
		c.after(c.between(0, 20*time.Millisecond), m.ifAlive(x.alive(func() { x.resume(r) })))
	}
	for _, id := range slices.Sorted(maps.Keys(m.containers)) {
		if !wanted[id] {
			m.containers[id].dead, m.moved = true, true
			delete(m.containers, id)
		}
	}
}

// resume goes on under another agent. An executor with a process of its own has
// all it knew, and subscribes again by itself; one that was built in is a new one
// that knows what the agent does.
func (x *executor) resume(r agent.RecoveredContainer) {
	m, c := x.machine, x.machine.cluster
	if x.launch.Builtin != agent.BuiltinCommand {
		m.core.take(agent.ContainerStarted{Container: r.Container, Pid: 1000})
		return
	}
	told := r.Tasks[0].Told
	x.life, x.updates, x.received, x.conn = m.life, nil, nil, nil
	info := x.tasks[0].info
	id := info.GetTaskId().GetValue()
	if h := c.histories[x.launch.Framework.GetId().GetValue()+"/"+id]; h != nil {
		h.ignorable = h.sent // what the agent does not know is not told again
	}
	if told == nil {
		x.received = []*mesospb.TaskInfo{info}
	}
	if mesos.TaskState(told.GetState()).Terminal() && told != nil {
		x.end(agent.ContainerEnded{Launched: true, Status: new(int)})
		return
	}
	m.core.take(agent.ContainerStarted{Container: r.Container})
	x.subscribe()
	c.after(c.between(0, 200*time.Millisecond), x.alive(func() {
		if x.orphaned() || x.task(id) == nil {
			return
		}
		if s := told.GetState(); told == nil || s == mesospb.TaskState_TASK_STARTING || s == mesospb.TaskState_TASK_STAGING {
			x.update(id, mesospb.TaskState_TASK_RUNNING)
		}
		if x.ended != nil {
			x.finish(id, *x.ended)
		}
	}))
}
