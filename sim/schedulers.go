package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// scheduler is a scripted framework. It remembers its tasks across its own
// crashes, as a good scheduler does, and watches that the cluster keeps its word.
type scheduler struct {
	cluster *cluster
	name    string
	roles   []string
	// checkpoint: tasks outlive a break between agent and master.
	checkpoint bool
	// aware: it has the PARTITION_AWARE capability.
	aware bool
	// patience is its failover timeout.
	patience time.Duration
	away     bool   // crashed, and not back yet
	id       string // once subscribed
	conn     *conn  // the event stream; calls go up the same connection
	leader   *leader
	stream   master.StreamID
	streams  int
	ready    bool // SUBSCRIBED came on this stream

	tasks    map[string]*task
	order    []*task
	launched int
	resting  bool // launch nothing more
	draining bool // and end everything
}

// task is a task as its scheduler sees it.
type task struct {
	id       string
	agent    string
	executor string
	state    mesospb.TaskState
	// unsigned: the state came from the master, which keeps nothing of it until
	// it is acknowledged; it may have crossed a question on its way.
	unsigned bool
	// asked is when its state was last asked for, ended when it was first terminal.
	asked, ended time.Time
}

// executorShare is what every custom executor uses itself.
var executorShare = resources.MustParse("cpus:0.1;mem:32;disk:10")

func (t *task) terminal() bool { return mesos.TaskState(t.state).Terminal() }

func (c *cluster) newScheduler(i int) *scheduler {
	s := &scheduler{cluster: c, name: fmt.Sprintf("F%d", i), checkpoint: !c.chance(3), aware: !c.chance(4), tasks: map[string]*task{}}
	all := []string{"a", "b", "a/x", "a/y/z", "*"}
	c.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.roles = slices.Sorted(slices.Values(all[:1+c.rand.IntN(3)]))
	s.patience = c.between(20*time.Second, 3*time.Minute)
	c.after(c.between(0, 3*time.Second), s.subscribe)
	c.after(time.Second, s.act)
	return s
}

func (s *scheduler) info() *mesospb.FrameworkInfo {
	info := &mesospb.FrameworkInfo{
		User: new("nobody"), Name: &s.name, Roles: s.roles, FailoverTimeout: new(s.patience.Seconds()), Checkpoint: &s.checkpoint,
		Capabilities: []*mesospb.FrameworkInfo_Capability{
			{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()},
			{Type: mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT.Enum()},
		},
	}
	if s.aware {
		info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{
			Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum(),
		})
	}
	if s.id != "" {
		info.Id = &mesospb.FrameworkID{Value: &s.id}
	}
	return info
}

// subscribe opens a stream to whoever leads, and tries again if nobody does.
func (s *scheduler) subscribe() {
	c := s.cluster
	if s.away || s.conn != nil && s.conn.open() {
		return
	}
	l := c.find(s.name)
	if l == nil {
		c.after(time.Second, s.subscribe)
		return
	}
	s.streams++
	id := master.StreamID(fmt.Sprintf("%s-%d", s.name, s.streams))
	conn := newConn(c.world, s.name, l.host.name, 100*time.Millisecond)
	s.conn, s.leader, s.stream, s.ready = conn, l, id, false
	conn.serverClosed = func() {
		delete(l.streams, id)
		l.core.take(master.StreamClosed{Stream: id})
	}
	conn.clientClosed = func() {
		if s.conn == conn {
			s.ready = false
			c.after(c.between(100*time.Millisecond, 3*time.Second), s.subscribe)
		}
	}
	call := &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: s.info()},
	}
	if s.id != "" {
		call.FrameworkId = &mesospb.FrameworkID{Value: &s.id}
	}
	conn.toServer(func() {
		if l.core.dead {
			conn.breakUp(0)
			return
		}
		l.streams[id], l.schedules[id] = conn, s
		l.ask(func(err error) {
			if err != nil {
				c.logf("%s can't subscribe: %v", s.name, err)
				delete(l.streams, id)
				conn.closeByServer()
			}
		}, func(request master.RequestID) master.Input {
			return master.Subscribe{Request: request, Stream: id, Call: call}
		})
	})
}

// beginAnew makes another framework of the scheduler, as the old one is no more.
func (s *scheduler) beginAnew() {
	s.cluster.logf("%s begins anew", s.name)
	s.id, s.tasks, s.order = "", map[string]*task{}, nil
}

// crash takes the scheduler away for a while. What it knew it has written down.
func (s *scheduler) crash(d time.Duration) {
	if s.away {
		return
	}
	c := s.cluster
	c.logf("fault: %s dies", s.name)
	s.away, s.ready = true, false
	if s.conn != nil {
		s.conn.breakUp(time.Second)
		s.conn = nil
	}
	c.after(d, func() {
		s.away = false
		s.subscribe()
	})
}

// call makes a call on the present stream.
func (s *scheduler) call(kind schedulerpb.Call_Type, fill func(*schedulerpb.Call)) {
	if !s.ready || !s.conn.open() {
		return
	}
	call := &schedulerpb.Call{Type: kind.Enum(), FrameworkId: &mesospb.FrameworkID{Value: new(s.id)}}
	if fill != nil {
		fill(call)
	}
	l, id, c := s.leader, s.stream, s.cluster
	s.conn.toServer(func() {
		if l.core.dead {
			return
		}
		c.logf("%s > %s: %v", s.name, l.name, kind)
		l.ask(func(err error) {
			if err != nil {
				c.logf("%s: %v refused: %v", s.name, kind, err)
			}
		}, func(request master.RequestID) master.Input {
			return master.SchedulerCall{Request: request, Stream: id, Call: call}
		})
	})
}

// receive takes an event off a stream, if it is still the present one.
func (s *scheduler) receive(conn *conn, event *schedulerpb.Event) {
	if s.conn != conn {
		return
	}
	switch event.GetType() {
	case schedulerpb.Event_SUBSCRIBED:
		s.id, s.ready = event.GetSubscribed().GetFrameworkId().GetValue(), true
		s.cluster.logf("%s is subscribed as %s", s.name, s.id)
		s.reconcile()
		if s.draining {
			s.call(schedulerpb.Call_SUPPRESS, nil)
		}
	case schedulerpb.Event_OFFERS:
		for _, o := range event.GetOffers().GetOffers() {
			s.consider(o)
		}
	case schedulerpb.Event_UPDATE:
		s.updated(event.GetUpdate().GetStatus())
	case schedulerpb.Event_ERROR:
		s.cluster.logf("%s: ERROR %s", s.name, event.GetError().GetMessage())
		if strings.Contains(event.GetError().GetMessage(), "removed") {
			s.beginAnew()
		}
	}
}

// consider accepts an offer or declines it, now or later.
func (s *scheduler) consider(o *mesospb.Offer) {
	c := s.cluster
	conn := s.conn
	c.after(c.between(0, 2*time.Second), func() {
		if s.conn != conn {
			return // the offer is void with the stream
		}
		if !s.resting && c.chance(2) && s.launch(o) {
			return
		}
		refuse := float64(c.rand.IntN(8))
		if s.resting {
			refuse = 3600
		}
		s.call(schedulerpb.Call_DECLINE, func(call *schedulerpb.Call) {
			call.Decline = &schedulerpb.Call_Decline{
				OfferIds: []*mesospb.OfferID{o.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: &refuse},
			}
		})
	})
}

// launch uses some of an offer for one to three tasks, if it has enough.
func (s *scheduler) launch(o *mesospb.Offer) bool {
	c := s.cluster
	left, err := convert.Resources(o.GetResources())
	if err != nil {
		c.fail("%s: an offer's resources: %v", s.name, err)
		return false
	}
	role := o.GetAllocationInfo().GetRole()
	shape := resources.MustParse(fmt.Sprintf("cpus:0.%d;mem:%d", 1+c.rand.IntN(9), 32*(1+c.rand.IntN(4)))).Allocate(role)
	own := executorShare.Allocate(role)
	custom, group := "", false
	if c.chance(3) {
		custom = fmt.Sprintf("%s-x%d", s.name, c.rand.IntN(2))
		left = left.Sub(own) // whether the executor runs already or not
	} else if c.chance(4) {
		custom, group = fmt.Sprintf("%s-g%d", s.name, s.launched), true
		left = left.Sub(own)
	}
	var infos []*mesospb.TaskInfo
	for range 1 + c.rand.IntN(3) {
		share, ok := s.share(left, shape)
		if !ok {
			break
		}
		left = left.Sub(share)
		infos = append(infos, s.newTask(o, custom, share))
	}
	if len(infos) == 0 {
		return false
	}
	operation := &mesospb.Offer_Operation{
		Type:   mesospb.Offer_Operation_LAUNCH.Enum(),
		Launch: &mesospb.Offer_Operation_Launch{TaskInfos: infos},
	}
	x := s.executorInfo(custom, own)
	switch {
	case group:
		x.Type, x.Command = mesospb.ExecutorInfo_DEFAULT.Enum(), nil
		operation = &mesospb.Offer_Operation{
			Type:        mesospb.Offer_Operation_LAUNCH_GROUP.Enum(),
			LaunchGroup: &mesospb.Offer_Operation_LaunchGroup{Executor: x, TaskGroup: &mesospb.TaskGroupInfo{Tasks: infos}},
		}
	case custom != "":
		for _, info := range infos {
			info.Executor, info.Command = x.CloneVT(), nil
		}
	}
	refuse := float64(c.rand.IntN(5))
	s.call(schedulerpb.Call_ACCEPT, func(call *schedulerpb.Call) {
		call.Accept = &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{o.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: &refuse},
			Operations: []*mesospb.Offer_Operation{operation},
		}
	})
	return true
}

// share is resources of an offer for a task, maybe reserved ones.
func (s *scheduler) share(left, shape resources.Resources) (resources.Resources, bool) {
	if s.cluster.options.operated {
		if share, ok := left.Reserved().Find(shape); ok && s.cluster.chance(2) {
			return share, true
		}
		return left.Find(shape)
	}
	_, ok := left.TrySub(shape)
	return shape, ok
}

// executorInfo is an executor of the framework's own.
func (s *scheduler) executorInfo(id string, own resources.Resources) *mesospb.ExecutorInfo {
	return &mesospb.ExecutorInfo{
		ExecutorId: &mesospb.ExecutorID{Value: &id}, Type: mesospb.ExecutorInfo_CUSTOM.Enum(),
		Command: &mesospb.CommandInfo{Value: new("run executor")}, Resources: convert.ToWire(own),
		FrameworkId: &mesospb.FrameworkID{Value: new(s.id)},
	}
}

func (s *scheduler) newTask(o *mesospb.Offer, custom string, shape resources.Resources) *mesospb.TaskInfo {
	s.launched++
	t := &task{
		id: fmt.Sprintf("%s-t%d", s.name, s.launched), agent: o.GetAgentId().GetValue(), executor: custom,
		state: mesospb.TaskState_TASK_STAGING,
	}
	s.tasks[t.id] = t
	s.order = append(s.order, t)
	return &mesospb.TaskInfo{
		Name: &t.id, TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: &mesospb.AgentID{Value: &t.agent},
		Resources: convert.ToWire(shape), Command: &mesospb.CommandInfo{Value: new("run " + t.id)},
	}
}

// updated takes a task's state and acknowledges it, now or a little later.
func (s *scheduler) updated(status *mesospb.TaskStatus) {
	c := s.cluster
	id, state := status.GetTaskId().GetValue(), status.GetState()
	c.logf("%s is told %s %v %s", s.name, id, state, why(status))
	t := s.tasks[id]
	if t == nil {
		c.fail("%s was told of task %s, which it never launched", s.name, id)
		return
	}
	s.checkDelivery(status)
	answer := status.GetReason() == mesospb.TaskStatus_REASON_RECONCILIATION
	if answer && t.terminal() && !t.unsigned && !t.asked.After(t.ended) && missing(state) {
		return // asked before it ended, and answered once its agent was not there any more
	}
	crossed := t.unsigned && answer
	// An agent that shuts an ended framework down doesn't tell of its tasks, and if it
	// is killed meanwhile the next one does.
	back := c.torn[s.id] && missing(t.state)
	if t.terminal() && state != t.state && !absent(t.state, state) && !crossed && !back {
		c.fail("%s was told that task %s is %v and then that it is %v", s.name, id, t.state, state)
		return
	}
	t.state, t.unsigned = state, len(status.GetUuid()) == 0
	if t.terminal() && t.ended.IsZero() {
		t.ended = c.now
	}
	if uuid := status.GetUuid(); len(uuid) > 0 {
		conn := s.conn
		c.after(c.between(0, 500*time.Millisecond), func() {
			if s.conn != conn {
				return
			}
			if s.ready && conn.open() {
				c.signs(uuid)
			}
			for range 1 + c.rand.IntN(20)/19 { // now and then twice
				s.call(schedulerpb.Call_ACKNOWLEDGE, func(call *schedulerpb.Call) {
					call.Acknowledge = &schedulerpb.Call_Acknowledge{
						AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: uuid,
					}
				})
			}
		})
	}
}

// why is the reason and the message of a status.
func why(status *mesospb.TaskStatus) string {
	reason := ""
	if status.Reason != nil {
		reason = status.GetReason().String() + " "
	}
	return reason + strconv.Quote(status.GetMessage())
}

// absent reports whether a task that was in the one state may be said to be in
// the other: the states of a task that is not there can take each other's
// place, and TASK_LOST says only that nobody knows.
func absent(from, to mesospb.TaskState) bool {
	gone := func(s mesospb.TaskState) bool {
		return s == mesospb.TaskState_TASK_DROPPED || s == mesospb.TaskState_TASK_GONE
	}
	return from == mesospb.TaskState_TASK_LOST || gone(from) && (gone(to) || to == mesospb.TaskState_TASK_LOST)
}

// missing reports whether a state says that nobody knows the task.
func missing(s mesospb.TaskState) bool {
	switch s {
	case mesospb.TaskState_TASK_LOST, mesospb.TaskState_TASK_UNREACHABLE, mesospb.TaskState_TASK_GONE, mesospb.TaskState_TASK_UNKNOWN:
		return true
	}
	return false
}

// reconcile asks for the state of every task that has not ended.
func (s *scheduler) reconcile() {
	c := s.cluster
	s.call(schedulerpb.Call_RECONCILE, func(call *schedulerpb.Call) {
		call.Reconcile = &schedulerpb.Call_Reconcile{}
		for _, t := range s.order {
			if !t.terminal() {
				t.asked = c.now
				call.Reconcile.Tasks = append(call.Reconcile.Tasks, &schedulerpb.Call_Reconcile_Task{
					TaskId: &mesospb.TaskID{Value: new(t.id)}, AgentId: &mesospb.AgentID{Value: new(t.agent)},
				})
			}
		}
	})
}

// reconcileAll asks for the state of every task that the master knows.
func (s *scheduler) reconcileAll() {
	s.call(schedulerpb.Call_RECONCILE, func(call *schedulerpb.Call) { call.Reconcile = &schedulerpb.Call_Reconcile{} })
}

// act does something of its own now and then.
func (s *scheduler) act() {
	c := s.cluster
	c.after(c.between(500*time.Millisecond, 5*time.Second), s.act)
	switch {
	case s.draining:
		s.drain()
		return
	case s.resting: // and ask for all that came back with agents
		s.reconcile()
		s.reconcileAll()
		return
	}
	switch c.rand.IntN(12) {
	case 0:
		s.kill(c.rand.IntN(3))
	case 1:
		s.call(schedulerpb.Call_REVIVE, nil)
	case 2:
		role := s.roles[c.rand.IntN(len(s.roles))]
		s.call(schedulerpb.Call_SUPPRESS, func(call *schedulerpb.Call) {
			call.Suppress = &schedulerpb.Call_Suppress{Roles: []string{role}}
		})
	case 3:
		s.reconcile()
	case 4:
		s.reconcileAll()
	case 5:
		s.shutdownExecutor()
	}
}

// kill asks for the end of at most n tasks that run; n < 0 means all.
func (s *scheduler) kill(n int) {
	for _, t := range s.order {
		if t.terminal() {
			continue
		}
		if n == 0 {
			return
		}
		n--
		s.call(schedulerpb.Call_KILL, func(call *schedulerpb.Call) {
			call.Kill = &schedulerpb.Call_Kill{
				TaskId: &mesospb.TaskID{Value: new(t.id)}, AgentId: &mesospb.AgentID{Value: new(t.agent)},
			}
		})
	}
}

// shutdownExecutor ends the custom executor of some task.
func (s *scheduler) shutdownExecutor() {
	for _, t := range s.order {
		if t.executor != "" && (!t.terminal() || s.draining) {
			s.call(schedulerpb.Call_SHUTDOWN, func(call *schedulerpb.Call) {
				call.Shutdown = &schedulerpb.Call_Shutdown{
					ExecutorId: &mesospb.ExecutorID{Value: new(t.executor)}, AgentId: &mesospb.AgentID{Value: new(t.agent)},
				}
			})
			if !s.draining {
				return
			}
		}
	}
}

// drain ends everything, also what it was told is lost and is back with an agent
// that a new master admitted.
func (s *scheduler) drain() {
	s.kill(-1)
	s.reconcile()
	s.reconcileAll()
	s.shutdownExecutor()
}

// settled reports whether all tasks have ended, as far as they ever will: what
// became of those on agents that never came back nobody can say.
func (s *scheduler) settled() bool {
	for _, t := range s.order {
		if !t.terminal() && t.state != mesospb.TaskState_TASK_UNREACHABLE && t.state != mesospb.TaskState_TASK_UNKNOWN {
			return false
		}
	}
	return s.ready
}
