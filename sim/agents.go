package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// machine is a host with an agent on it. The agent may die and start again, on
// the same disk or on an empty one.
type machine struct {
	cluster *cluster
	name    string
	total   resources.Resources
	core    *core[agent.Input, agent.Effect]
	clock   clock
	disk    *disk
	slow    time.Duration // the longest that a sync takes
	links   map[agent.LinkID]*conn
	life    int  // how often the agent started
	moved   bool // what runs changed since the invariants were checked
	// crashAfter is how many more effects the agent does before it dies, if above 0.
	crashAfter int
	address    string
	boots      int
	exits      map[mesos.ContainerID]agent.ContainerEnded // of containers that ended while no agent ran
	expelled   bool                                       // operators have asked to take it down

	lastLink   agent.LinkID
	ending     map[string]bool // frameworks that the agent was told to shut down
	containers map[mesos.ContainerID]*executor
	requests   map[agent.RequestID]func(error)
	lastAsked  agent.RequestID
}

func (c *cluster) newMachine(i int, total string) *machine {
	m := &machine{
		cluster: c, name: fmt.Sprintf("A%d", i), address: fmt.Sprintf("10.0.0.%d:5051", i+1), total: resources.MustParse(total),
		clock: clock{world: c.world}, disk: newDisk(c.world), core: &core[agent.Input, agent.Effect]{dead: true},
	}
	m.containers, m.exits = map[mesos.ContainerID]*executor{}, map[mesos.ContainerID]agent.ContainerEnded{}
	if c.chance(3) {
		m.slow = c.between(0, 300*time.Millisecond)
	}
	c.after(c.between(0, 3*time.Second), m.start)
	return m
}

// start runs the agent on what its disk holds.
func (m *machine) start() {
	if !m.core.dead {
		return
	}
	c := m.cluster
	config := m.config()
	state, err := agent.Recover(m.disk, config)
	if err != nil {
		c.fail("%s: what the agent wrote can't be read: %v", m.name, err)
		return
	}
	m.life++
	m.crashAfter = 0
	m.links = map[agent.LinkID]*conn{}
	m.ending = map[string]bool{}
	m.requests = map[agent.RequestID]func(error){}
	logic := agent.New(config, state)
	c.logf("%s starts as %q", m.name, state.Agent.GetId().GetValue())
	m.core = &core[agent.Input, agent.Effect]{clock: &m.clock, logic: logic, tick: agent.Tick{}, perform: m.perform}
	m.core.plan()
}

func (m *machine) config() agent.Config {
	c := m.cluster
	return agent.Config{
		Info: &mesospb.AgentInfo{
			Hostname: new(m.name), Port: new(int32(5051)), Resources: convert.ToWire(m.total),
		},
		Version:                           "1.11.0",
		WorkDir:                           "/work",
		Address:                           m.address,
		RegistrationBackoffFactor:         time.Second,
		ExecutorRegistrationTimeout:       20 * time.Second,
		ExecutorReregistrationTimeout:     2 * time.Second,
		ExecutorShutdownGracePeriod:       5 * time.Second,
		RecoveryTimeout:                   15 * time.Minute,
		MaxCompletedExecutorsPerFramework: 5,
		GCDelay:                           time.Hour,
		GCDiskHeadroom:                    0.1,
		UUID:                              c.uuid,
		Jitter:                            c.rand.Float64,
		Strict:                            true,
		BootID:                            fmt.Sprintf("%s-%d", m.name, m.boots),
	}
}

// loss is what a crash takes with it.
type loss string

const (
	losesProcess loss = "the agent is killed"
	losesPower   loss = "power is lost"
	losesDisk    loss = "the disk is lost"
)

// crash ends the agent, and what it ran that doesn't outlive it, and starts it again
// later.
func (m *machine) crash(what loss) {
	if m.core.dead {
		return
	}
	c := m.cluster
	c.logf("%s crashes: %s", m.name, what)
	m.core.dead = true
	for _, id := range slices.Sorted(maps.Keys(m.links)) {
		m.links[id].breakUp(time.Second)
	}
	for _, id := range slices.Sorted(maps.Keys(m.containers)) {
		m.containers[id].outlive(what)
	}
	before := m.identity()
	switch what {
	case losesPower:
		m.boots++
		m.disk.losePower()
	case losesDisk:
		m.boots++
		m.disk.wipe()
	}
	if before != "" && m.identity() != before {
		c.left[before] = true
	}
	c.after(c.between(0, 10*time.Second), m.start)
}

// identity is the ID that an agent starting now would have.
func (m *machine) identity() mesos.AgentID {
	state, err := agent.Recover(m.disk, m.config())
	if err != nil {
		return ""
	}
	return mesos.AgentID(state.Agent.GetId().GetValue())
}

// perform does the agent's effects: first all that must be durable is written and
// synced, which may take a while, and then the rest is done.
func (m *machine) perform(effects []agent.Effect) {
	wrote := false
	for _, effect := range effects {
		if e, ok := effect.(agent.Checkpoint); ok {
			if m.crashes() {
				return
			}
			m.disk.write(e)
			wrote = true
		}
	}
	if !wrote {
		m.doAll(effects)
		return
	}
	d := time.Duration(0)
	if m.slow > 0 {
		d = m.cluster.between(0, m.slow)
	}
	m.core.occupy(d, func() {
		m.disk.sync()
		m.noteAdmission(effects)
		m.doAll(effects)
	})
}

func (m *machine) doAll(effects []agent.Effect) {
	for _, effect := range effects {
		if m.core.dead {
			return
		}
		if _, written := effect.(agent.Checkpoint); !written {
			m.do(effect)
		}
	}
}

// crashes reports whether it is time for the agent to die, between two effects.
func (m *machine) crashes() bool {
	if m.crashAfter == 0 {
		return false
	}
	m.crashAfter--
	if m.crashAfter == 0 {
		m.crash(losesProcess)
	}
	return m.core.dead
}

// noteAdmission: from when it has its ID on disk, an agent counts on being known.
func (m *machine) noteAdmission(effects []agent.Effect) {
	for _, effect := range effects {
		if e, ok := effect.(agent.Checkpoint); ok && e.Path == agent.LatestPath && e.Value != nil {
			m.cluster.acknowledged[mesos.AgentID(e.Value)] = m
		}
	}
}

// do does one of the agent's effects.
func (m *machine) do(effect agent.Effect) {
	c := m.cluster
	if m.crashes() {
		return
	}
	switch e := effect.(type) {
	case agent.Connect:
		m.connect()
	case agent.SendMaster:
		m.sendMaster(e)
	case agent.CloseLink:
		if link := m.links[e.Link]; link != nil {
			delete(m.links, e.Link)
			link.closeByClient()
		}
	case agent.Reply:
		reply := m.requests[e.Request]
		delete(m.requests, e.Request)
		reply(e.Err)
	case agent.SendExecutor:
		if x := m.streaming(e.Stream); x != nil {
			x.send(e.Stream, e.Event)
		}
	case agent.CloseExecutorStream:
		if x := m.streaming(e.Stream); x != nil {
			x.closed(e.Stream)
		}
	case agent.LaunchContainer:
		m.launch(e)
	case agent.RecoverContainers:
		m.takeOver(e.Containers)
	case agent.ReleaseContainer:
		delete(m.exits, e.Container)
	case agent.UpdateContainer:
		if c.options.faults && c.chance(50) {
			id := e.Container
			c.after(c.between(0, 20*time.Millisecond), m.ifAlive(func() {
				m.core.take(agent.ContainerUpdateFailed{Container: id, Message: "the simulator says no"})
			}))
		}
	case agent.DestroyContainer:
		m.destroy(e.Container)
	case agent.ChangeVolumes:
		c.after(c.between(0, 20*time.Millisecond), m.ifAlive(func() {
			m.core.take(agent.VolumesChanged{Operation: e.Operation})
		}))
	case agent.RemoveDir:
		c.after(c.between(0, 20*time.Millisecond), m.ifAlive(func() {
			m.core.take(agent.DirRemoved{Path: e.Path})
		}))
	case agent.Stopped:
		c.logf("%s stopped: %v", m.name, e.Err)
		if e.Err == nil || strings.Contains(e.Err.Error(), "down for maintenance") {
			m.crash(losesProcess)
		} else {
			m.crash(losesDisk) // one that the master refused has to come back as a new one
		}
	case agent.Log:
		c.logf("%s: %s %v", m.name, e.Message, e.Args)
	}
}

// ifAlive does something only if the agent has not died meanwhile.
func (m *machine) ifAlive(do func()) func() {
	life := m.life
	return func() {
		if m.life == life && !m.core.dead {
			do()
		}
	}
}

// connect opens a connection to whoever leads when it arrives there.
func (m *machine) connect() {
	c := m.cluster
	c.after(c.between(0, 50*time.Millisecond), m.ifAlive(func() {
		l := c.find(m.name)
		if l == nil || c.options.faults && c.chance(10) {
			m.core.take(agent.ConnectFailed{Err: mesos.Errorf(mesos.Unavailable, "nobody leads")})
			return
		}
		link := newConn(c.world, m.name, l.host.name, 100*time.Millisecond)
		l.lastLink++
		m.lastLink++
		there, here := l.lastLink, m.lastLink
		link.serverClosed = func() {
			delete(l.links, there)
			l.core.take(master.LinkClosed{Link: there})
		}
		link.clientClosed = m.ifAlive(func() {
			delete(m.links, here)
			m.core.take(agent.LinkClosed{Link: here})
		})
		l.links[there], m.links[here] = link, link
		c.linked[link] = m
		c.ends[link] = linkEnds{l, there, here}
		m.core.take(agent.Connected{Link: here, Master: l.name + ":5050"})
	}))
}

// linkEnds is who a link joins to a machine, and its names at both ends.
type linkEnds struct {
	leader *leader
	there  master.LinkID
	here   agent.LinkID
}

func (m *machine) sendMaster(e agent.SendMaster) {
	link := m.links[e.Link]
	if link == nil {
		return
	}
	c := m.cluster
	data, err := e.Message.MarshalVT()
	if err != nil {
		c.fail("%s: a message to the master can't be encoded: %v", m.name, err)
		return
	}
	if e.Message.GetUnregister() != nil {
		c.left[mesos.AgentID(e.Message.GetUnregister().GetAgentId().GetValue())] = true
	}
	end := c.ends[link]
	link.toServer(func() {
		message := new(linkpb.ToMaster)
		if err := message.UnmarshalVT(data); err != nil {
			c.fail("%s: a message to the master can't be decoded: %v", m.name, err)
			return
		}
		c.logf("%s > %s: %s", m.name, end.leader.name, describe(message))
		end.leader.core.take(master.AgentMessage{Link: end.there, Address: m.address, Message: message})
	})
}

func (m *machine) fromMaster(link *conn, message *linkpb.ToAgent) {
	if s := message.GetShutdownFramework(); s != nil {
		m.ending[s.GetFrameworkId().GetValue()], m.cluster.tornDown = true, true
	}
	m.core.take(agent.MasterMessage{Link: m.cluster.ends[link].here, Message: message})
}

// link is the machine's connection to a master, or nil.
func (m *machine) link() *conn {
	for _, id := range slices.Sorted(maps.Keys(m.links)) {
		if m.links[id].open() {
			return m.links[id]
		}
	}
	return nil
}

// ask gives the agent a request and calls reply with its answer.
func (m *machine) ask(reply func(error), input func(agent.RequestID) agent.Input) {
	m.lastAsked++
	m.requests[m.lastAsked] = reply
	m.core.take(input(m.lastAsked))
}
