package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fleet is simulated agents of a master in this process. Each speaks the agents'
// protocol over a connection of its own; what they run is made up.
type fleet struct {
	master *controlPlane
	agents []*simulatedAgent
	failed chan error
	ended  *atomic.Bool // the connections of this time are to end
	uuids  atomic.Uint64
}

// simulatedAgent is one of them. Its fields belong to the goroutine that receives.
type simulatedAgent struct {
	fleet      *fleet
	info       *mesospb.AgentInfo
	conn       *link.Conn
	registered chan struct{}      // one token each time the master says so
	running    map[string]running // by task ID
	// reregister is what the agent says to a new master; nil until prepared.
	reregister *linkpb.ToMaster
}

// running is a task that was launched and the newest update of it.
type running struct {
	framework *mesospb.FrameworkID
	id        *mesospb.TaskID
	state     mesospb.TaskState
}

// newFleet makes agents that are not connected yet.
func newFleet(master *controlPlane, n int, each string) *fleet {
	f := &fleet{master: master, agents: make([]*simulatedAgent, n), failed: make(chan error, 1)}
	total := convert.ToWire(resources.MustParse(each))
	for i := range f.agents {
		f.agents[i] = &simulatedAgent{
			fleet: f,
			info: &mesospb.AgentInfo{
				Hostname:  proto.String("agent-" + strconv.Itoa(i)),
				Port:      proto.Int32(int32(1 + i)), // agents are told apart by their addresses
				Resources: total,
			},
			registered: make(chan struct{}, 1),
			running:    map[string]running{},
		}
	}
	return f
}

// connect opens every agent's connection.
func (f *fleet) connect(ctx context.Context) error {
	f.ended = new(atomic.Bool)
	return f.each(ctx, func(a *simulatedAgent) error {
		conn, err := f.master.dial(ctx)
		if err != nil {
			return err
		}
		if a.conn, err = link.Over(conn, f.master.address(), nil); err != nil {
			conn.Close() // it is not used
			return err
		}
		a.conn.Share() // it is not what is measured
		go a.receive(a.conn, f.ended)
		return nil
	})
}

// each does something for every agent, several at a time.
func (f *fleet) each(ctx context.Context, do func(*simulatedAgent) error) error {
	const workers = 16
	var group sync.WaitGroup
	var next atomic.Int64
	errs := make(chan error, workers)
	for range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(f.agents) {
					return
				}
				if err := do(f.agents[i]); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return ctx.Err()
	}
}

// register has every agent registered for the first time.
func (f *fleet) register(ctx context.Context) error {
	return f.say(ctx, func(a *simulatedAgent) *linkpb.ToMaster {
		return &linkpb.ToMaster{Message: &linkpb.ToMaster_Register{Register: &linkpb.Register{
			AgentInfo: a.info, Version: proto.String("1.12.0"), Capabilities: capabilities,
		}}}
	})
}

// again has every agent registered again, with what it runs.
func (f *fleet) again(ctx context.Context) error {
	return f.say(ctx, func(a *simulatedAgent) *linkpb.ToMaster { return a.reregister })
}

// say sends a message of every agent, and waits until the master has answered all.
func (f *fleet) say(ctx context.Context, message func(*simulatedAgent) *linkpb.ToMaster) error {
	for _, a := range f.agents {
		a.conn.Send(message(a))
	}
	for _, a := range f.agents {
		select {
		case <-a.registered:
		case err := <-f.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// disconnect closes every connection.
func (f *fleet) disconnect() {
	if f.ended != nil {
		f.ended.Store(true)
	}
	for _, a := range f.agents {
		if a.conn != nil {
			a.conn.Close()
		}
	}
}

func (f *fleet) fail(err error) {
	select {
	case f.failed <- err:
	default:
	}
}

// receive takes the master's messages until the connection ends.
func (a *simulatedAgent) receive(conn *link.Conn, ended *atomic.Bool) {
	for {
		message := new(linkpb.ToAgent)
		if err := conn.Receive(message); err != nil {
			if !ended.Load() {
				a.fleet.fail(fmt.Errorf("agent %s: %w", a.info.GetHostname(), err))
			}
			return
		}
		switch m := message.Message.(type) {
		case *linkpb.ToAgent_Registered:
			a.info.Id = m.Registered.AgentId
			a.registered <- struct{}{}
		case *linkpb.ToAgent_Refused:
			a.fleet.fail(mesos.Errorf(mesos.Internal, "agent %s was refused: %s", a.info.GetHostname(), m.Refused.GetMessage()))
		case *linkpb.ToAgent_Ping:
			conn.Send(&linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
		case *linkpb.ToAgent_RunTasks:
			a.run(conn, m.RunTasks)
		case *linkpb.ToAgent_Acknowledge:
			a.acknowledged(conn, m.Acknowledge.GetTaskId().GetValue())
		}
	}
}

// run starts tasks: they run at once.
func (a *simulatedAgent) run(conn *link.Conn, m *linkpb.RunTasks) {
	for _, task := range m.Tasks {
		t := running{m.FrameworkInfo.Id, task.TaskId, mesospb.TaskState_TASK_RUNNING}
		a.running[task.TaskId.GetValue()] = t
		a.update(conn, t)
	}
}

// acknowledged goes on with a task as a status update manager does: a task that
// runs ends once its scheduler knows that it runs.
func (a *simulatedAgent) acknowledged(conn *link.Conn, id string) {
	t, ok := a.running[id]
	if !ok {
		return
	}
	if t.state == mesospb.TaskState_TASK_FINISHED {
		delete(a.running, id)
		return
	}
	t.state = mesospb.TaskState_TASK_FINISHED
	a.running[id] = t
	a.update(conn, t)
}

func (a *simulatedAgent) update(conn *link.Conn, t running) {
	uuid := make([]byte, 16)
	binary.BigEndian.PutUint64(uuid, a.fleet.uuids.Add(1))
	conn.Send(&linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: &linkpb.StatusUpdate{
		FrameworkId: t.framework,
		Status: &mesospb.TaskStatus{
			TaskId:    t.id,
			State:     t.state.Enum(),
			Source:    mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
			AgentId:   a.info.Id,
			Timestamp: proto.Float64(float64(time.Now().UnixNano()) / 1e9),
			Uuid:      uuid,
		},
		LatestState: t.state.Enum(),
	}}})
}

// capabilities are those of this project's agents.
var capabilities = []*mesospb.AgentInfo_Capability{
	{Type: mesospb.AgentInfo_Capability_MULTI_ROLE.Enum()},
	{Type: mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE.Enum()},
	{Type: mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT.Enum()},
}

// dial is a new connection to the master.
func (c *controlPlane) dial(ctx context.Context) (net.Conn, error) {
	if c.pipes != nil {
		return c.pipes.Dial()
	}
	return new(net.Dialer).DialContext(ctx, "tcp", c.address())
}
