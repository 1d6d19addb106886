package master

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// A world is a cluster with agents that run what they are sent and schedulers
// that use what they are offered, all at random. cluster.check holds the books
// after every Step; the world holds what frameworks are promised: a task has one
// state and never leaves a terminal one, unless its agent was lost and came back.
type world struct {
	*cluster
	random     *rand.Rand
	hosts      []*host
	schedulers []*tenant
	lastLink   LinkID
	streams    int
	tasks      int
}

// A host is a machine with an agent.
type host struct {
	n       LinkID // names it, whatever link it has
	link    LinkID // 0 if it has none
	id      mesos.AgentID
	running map[[2]string]*mesospb.Task // by framework and task
	infos   map[string]*mesospb.FrameworkInfo
	updates int
}

// A tenant is a scheduler.
type tenant struct {
	scheduler
	checkpoint bool
	unacked    []*mesospb.TaskStatus
	known      map[string]mesospb.TaskState
}

const hostResources = "cpus:8;mem:1024"

func newWorld(t *testing.T, seed uint64) *world {
	config := testConfig()
	config.OfferTimeout = 20 * time.Second
	config.MaxCompletedFrameworks, config.MaxCompletedTasksPerFramework, config.MaxUnreachableTasks = 2, 3, 3
	w := &world{cluster: newCluster(t, config, Recovered{}), random: rand.New(rand.NewPCG(seed, 1))}
	for n := range LinkID(4) {
		w.hosts = append(w.hosts, &host{n: n + 1, running: make(map[[2]string]*mesospb.Task), infos: make(map[string]*mesospb.FrameworkInfo)})
	}
	for range 3 {
		w.schedulers = append(w.schedulers, &tenant{checkpoint: w.random.IntN(2) == 0, known: make(map[string]mesospb.TaskState)})
	}
	return w
}

// deliver lets agents and schedulers have what they were sent.
func (w *world) deliver() {
	for _, e := range w.take() {
		switch e := e.(type) {
		case SendAgent:
			for _, h := range w.hosts {
				if h.link == e.Link && h.link != 0 {
					h.receive(e.Message)
				}
			}
		case CloseLink:
			for _, h := range w.hosts {
				if h.link == e.Link {
					h.link = 0
				}
			}
		case SendEvent:
			for _, s := range w.schedulers {
				if s.stream == e.Stream {
					w.event(s, e.Event)
				}
			}
		case CloseStream:
			for _, s := range w.schedulers {
				if s.stream == e.Stream {
					s.stream = ""
				}
			}
		}
	}
}

func (h *host) receive(msg *linkpb.ToAgent) {
	switch msg := msg.GetMessage().(type) {
	case *linkpb.ToAgent_Registered:
		h.id = mesos.AgentID(msg.Registered.GetAgentId().GetValue())
	case *linkpb.ToAgent_Refused:
		*h = host{n: h.n, running: make(map[[2]string]*mesospb.Task), infos: h.infos}
	case *linkpb.ToAgent_RunTasks:
		id := msg.RunTasks.GetFrameworkInfo().GetId()
		h.infos[id.GetValue()] = msg.RunTasks.GetFrameworkInfo()
		for _, t := range msg.RunTasks.GetTasks() {
			h.running[[2]string{id.GetValue(), t.GetTaskId().GetValue()}] = newRecord(t, id)
		}
	case *linkpb.ToAgent_Acknowledge:
		key := [2]string{msg.Acknowledge.GetFrameworkId().GetValue(), msg.Acknowledge.GetTaskId().GetValue()}
		if t := h.running[key]; t != nil && terminal(t.GetState()) && string(t.GetStatusUpdateUuid()) == string(msg.Acknowledge.GetUuid()) {
			delete(h.running, key)
		}
	case *linkpb.ToAgent_ShutdownFramework:
		for key := range h.running {
			if key[0] == msg.ShutdownFramework.GetFrameworkId().GetValue() {
				delete(h.running, key)
			}
		}
	case *linkpb.ToAgent_KillTask:
		key := [2]string{msg.KillTask.GetFrameworkId().GetValue(), msg.KillTask.GetTaskId().GetValue()}
		if t := h.running[key]; t != nil && !terminal(t.GetState()) {
			h.move(t, mesospb.TaskState_TASK_KILLED)
		}
	}
}

func (h *host) move(t *mesospb.Task, state mesospb.TaskState) {
	h.updates++
	t.State, t.StatusUpdateUuid = state.Enum(), uuid(byte(h.updates))
}

// event is what a scheduler makes of an event.
func (w *world) event(s *tenant, e *schedulerpb.Event) {
	switch e.GetType() {
	case schedulerpb.Event_SUBSCRIBED:
		s.id = e.GetSubscribed().GetFrameworkId().GetValue()
	case schedulerpb.Event_ERROR:
		if e.GetError().GetMessage() == "Framework has been removed" {
			s.id, s.known = "", make(map[string]mesospb.TaskState)
		}
	case schedulerpb.Event_UPDATE:
		status := e.GetUpdate().GetStatus()
		id := status.GetTaskId().GetValue()
		old := s.known[id]
		back := status.GetReason() == mesospb.TaskStatus_REASON_AGENT_REREGISTERED && status.Reason != nil
		reused := strings.HasPrefix(id, "again")
		if terminal(old) && old != mesospb.TaskState_TASK_LOST && !terminal(status.GetState()) && !back && !reused {
			w.t.Fatalf("task %s was %s and is %s", id, old, status)
		}
		s.known[id] = status.GetState()
		if status.Uuid != nil {
			s.unacked = append(s.unacked, status)
		}
	}
}

// act does one thing at random.
func (w *world) act() {
	h, s := w.hosts[w.random.IntN(len(w.hosts))], w.schedulers[w.random.IntN(len(w.schedulers))]
	switch w.random.IntN(16) {
	case 0:
		w.arrive(h)
	case 1:
		if h.link != 0 && w.random.IntN(3) == 0 {
			link := h.link
			h.link = 0
			w.step(LinkClosed{Link: link})
		}
	case 2, 3, 4:
		w.progress(h)
	case 5, 6:
		if len(s.unacked) > 0 && s.stream != "" {
			status := s.unacked[0]
			s.unacked = s.unacked[1:]
			s.c = w.cluster
			s.acknowledge(mesos.AgentID(status.GetAgentId().GetValue()), status.GetTaskId().GetValue(), status.GetUuid()[15])
		}
	case 7:
		w.come(s)
	case 8:
		if s.stream != "" && w.random.IntN(4) == 0 {
			stream := s.stream
			s.stream = ""
			w.step(StreamClosed{Stream: stream})
		}
	case 9, 10, 11:
		w.use(s, h)
	case 12:
		for _, h := range w.hosts {
			if h.link != 0 && h.id != "" {
				w.fromAgent(h.link, &linkpb.ToMaster{Message: &linkpb.ToMaster_Pong{Pong: &linkpb.Pong{}}})
			}
		}
		w.pass(time.Duration(w.random.IntN(20)) * time.Second)
	case 13:
		w.slowRegistry = w.random.IntN(3) == 0
		w.written()
	case 14:
		if s.stream != "" && len(s.known) > 0 {
			ids := slices.Sorted(maps.Keys(s.known))
			s.c = w.cluster
			_ = s.call(&schedulerpb.Call{Type: schedulerpb.Call_KILL.Enum(), Kill: &schedulerpb.Call_Kill{
				TaskId: &mesospb.TaskID{Value: new(ids[w.random.IntN(len(ids))])},
			}})
		}
	case 15:
		if w.random.IntN(20) == 0 && s.id != "" {
			w.step(Teardown{Framework: s.id})
		}
	}
	w.deliver()
}

// arrive connects an agent, or breaks and connects it.
func (w *world) arrive(h *host) {
	w.lastLink++
	h.link = w.lastLink
	address := agentAddress(h.n)
	if h.id == "" {
		in := registerMessage(h.n, hostResources)
		in.Link = h.link
		w.step(in)
		return
	}
	in := reregisterMessage(h.n, string(h.id), func(msg *linkpb.Reregister) {
		msg.AgentInfo = agentInfo(h.n, hostResources)
		msg.AgentInfo.Id = wireAgentID(h.id)
		listed := make(map[string]bool)
		for _, key := range w.keys(h) {
			if !listed[key[0]] {
				listed[key[0]] = true
				msg.Frameworks = append(msg.Frameworks, h.infos[key[0]])
			}
			msg.Tasks = append(msg.Tasks, copyRecord(h.running[key]))
		}
	})
	in.Link, in.Address = h.link, address
	w.step(in)
}

func (w *world) keys(h *host) [][2]string {
	return slices.SortedFunc(maps.Keys(h.running), func(a, b [2]string) int {
		return slices.Compare(a[:], b[:])
	})
}

// progress moves a task of an agent on, and sends (again) where it is.
func (w *world) progress(h *host) {
	keys := w.keys(h)
	if len(keys) == 0 || h.link == 0 {
		return
	}
	t := h.running[keys[w.random.IntN(len(keys))]]
	if !terminal(t.GetState()) {
		h.move(t, []mesospb.TaskState{mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_FINISHED, mesospb.TaskState_TASK_FAILED}[w.random.IntN(3)])
	}
	w.fromAgent(h.link, &linkpb.ToMaster{Message: &linkpb.ToMaster_StatusUpdate{StatusUpdate: &linkpb.StatusUpdate{
		FrameworkId: t.FrameworkId,
		Status:      &mesospb.TaskStatus{TaskId: t.TaskId, AgentId: t.AgentId, State: t.State, Uuid: t.StatusUpdateUuid},
		LatestState: t.State,
	}}})
}

// come subscribes a scheduler, again if need be.
func (w *world) come(s *tenant) {
	w.streams++
	s.stream = StreamID(fmt.Sprintf("s%d", w.streams))
	s.unacked = nil
	info := frameworkInfo(func(info *mesospb.FrameworkInfo) {
		info.Checkpoint = new(s.checkpoint)
		if s.id != "" {
			info.Id = &mesospb.FrameworkID{Value: new(s.id)}
		}
	})
	w.step(Subscribe{Stream: s.stream, Call: &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: info.Id, Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info},
	}})
}

// use offers a scheduler what is free on an agent, and it does something with it.
func (w *world) use(s *tenant, h *host) {
	a := w.agents[h.id]
	if a == nil || s.id == "" || s.stream == "" {
		return
	}
	if !a.total.Sub(a.used.Add(a.offered).Unallocate()).Contains(resources.MustParse("cpus:1;mem:64")) {
		return
	}
	s.c = w.cluster
	o := w.offer(&s.scheduler, h.id, "cpus:1;mem:64")
	if w.offers[o] == nil {
		return // returned at once
	}
	w.tasks++
	switch w.random.IntN(4) {
	case 0: // waits
	case 1:
		_ = s.accept([]mesos.OfferID{o})
	case 2:
		_ = s.accept([]mesos.OfferID{o}, commandTask(fmt.Sprintf("again%d", w.tasks%7), h.id, "cpus:0.5;mem:32"))
	case 3:
		_ = s.accept([]mesos.OfferID{o}, commandTask(fmt.Sprintf("t%d", w.tasks), h.id, "cpus:0.5;mem:32", withExecutor("e", "cpus:0.1;mem:8")))
	}
}

func TestTheBooksBalanceWhateverHappens(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 600 {
				w.act()
			}
			w.settle()
		})
	}
}

// settle lets everybody come back, everything end and everybody go.
func (w *world) settle() {
	w.slowRegistry = false
	w.written()
	for _, s := range w.schedulers {
		if s.stream == "" {
			w.come(s)
			w.deliver()
		}
		if s.stream != "" {
			w.step(Teardown{Framework: s.id})
		}
	}
	for _, id := range sortedKeys(w.frameworks) {
		w.step(Teardown{Framework: string(id)})
	}
	for id, a := range w.agents {
		if !a.used.IsEmpty() || !a.offered.IsEmpty() || len(a.holdings) > 0 {
			w.t.Errorf("agent %s: %s used and %s offered by nobody", id, a.used, a.offered)
		}
	}
	if w.counters.used != (scalars{}) || w.counters.tasksUnreachable != 0 || len(w.unreachableTasks) > 0 {
		w.t.Errorf("the metrics have %v in use and %d tasks unreachable", w.counters.used, w.counters.tasksUnreachable)
	}
	for i, n := range w.counters.tasks {
		if n != 0 {
			w.t.Errorf("the metrics have %d tasks in %s", n, mesospb.TaskState(i))
		}
	}
	if len(w.views.offers) > 0 || len(w.views.executors) > 0 {
		w.t.Errorf("readers see offers %v and executors %v", w.views.offers, w.views.executors)
	}
	for key, put := range w.views.tasks {
		if put.List != TaskCompleted {
			w.t.Errorf("readers see %s in list %d", key, put.List)
		}
	}
}
