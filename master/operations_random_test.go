package master

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// A works is a cluster in which frameworks change the resources of agents, at
// random, over connections that break. cluster.check holds the books after every
// Step; in the end the master and the agents must agree on what there is.
type works struct {
	*yard
	random   *rand.Rand
	sites    []*site
	tenants  []*worker
	lastLink LinkID
	names    int
}

// A site is an agent: it does what it is told in order, and forgets what it was
// told when its connection breaks first.
type site struct {
	n, link LinkID
	id      mesos.AgentID
	inbox   []*linkpb.ToAgent
	total   resources.Resources
	// pending are operations whose end nobody acknowledged.
	pending map[string]*mesospb.Operation
	order   []string
	tasks   map[[2]string]*mesospb.Task // by framework and task
	infos   map[string]*mesospb.FrameworkInfo
	uuids   int
}

// A worker is a framework that wants to hear of its operations.
type worker struct {
	*scheduler
	unacked []*mesospb.OperationStatus
	ended   map[string]mesospb.OperationState
}

func newWorks(t *testing.T, seed uint64) *works {
	w := &works{yard: &yard{t: t, cluster: newCluster(t, testConfig(), Recovered{})}, random: rand.New(rand.NewPCG(seed, 2))}
	w.tolerant = true
	for n := range LinkID(2) {
		s := &site{
			n: n + 1, total: text(yardResources), pending: make(map[string]*mesospb.Operation),
			tasks: make(map[[2]string]*mesospb.Task), infos: make(map[string]*mesospb.FrameworkInfo),
		}
		w.sites = append(w.sites, s)
		w.connect(s)
	}
	w.deliver()
	for range 2 {
		w.hire()
	}
	w.deliver()
	return w
}

func (w *works) hire() {
	w.names++
	w.tenants = append(w.tenants, &worker{
		scheduler: w.framework(StreamID(fmt.Sprintf("w%d", w.names))), ended: make(map[string]mesospb.OperationState),
	})
}

func (w *works) connect(s *site) {
	if s.link != 0 {
		w.step(LinkClosed{Link: s.link})
	}
	w.lastLink++
	s.link, s.inbox = w.lastLink, nil
	var in AgentMessage
	if s.id == "" {
		in = registerMessage(s.n, yardResources)
	} else {
		in = reregisterMessage(s.n, string(s.id), func(msg *linkpb.Reregister) {
			msg.AgentInfo.Resources, msg.TotalResources = wireOf(text(yardResources)), wireOf(s.total)
			for _, uuid := range s.order {
				msg.Operations = append(msg.Operations, s.pending[uuid].CloneVT())
			}
			for _, id := range sortedKeys(s.infos) {
				msg.Frameworks = append(msg.Frameworks, s.infos[id].CloneVT())
			}
			for _, key := range sortedTasks(s.tasks) {
				msg.Tasks = append(msg.Tasks, copyRecord(s.tasks[key]))
			}
		})
	}
	in.Link = s.link
	w.step(in)
}

func sortedTasks(tasks map[[2]string]*mesospb.Task) (keys [][2]string) {
	byName := make(map[string][2]string)
	for key := range tasks {
		byName[key[0]+" "+key[1]] = key
	}
	for _, name := range sortedKeys(byName) {
		keys = append(keys, byName[name])
	}
	return keys
}

// deliver puts what was sent where it belongs.
func (w *works) deliver() {
	for _, e := range w.take() {
		switch e := e.(type) {
		case SendAgent:
			for _, s := range w.sites {
				if s.link == e.Link {
					s.inbox = append(s.inbox, e.Message)
				}
			}
		case SendEvent:
			for _, f := range w.tenants {
				if f.stream == e.Stream && e.Event.GetType() == schedulerpb.Event_UPDATE_OPERATION_STATUS {
					w.hear(f, e.Event.GetUpdateOperationStatus().GetStatus())
				}
			}
		}
	}
}

// hear checks that an operation ends once.
func (w *works) hear(f *worker, status *mesospb.OperationStatus) {
	id := status.GetOperationId().GetValue()
	if before, ok := f.ended[id]; ok && operationOver(before) && before != status.GetState() {
		w.t.Fatalf("operation %s of %s ended as %s and then as %s", id, f.id, before, status.GetState())
	}
	f.ended[id] = status.GetState()
	if status.Uuid != nil {
		f.unacked = append(f.unacked, status)
	}
}

// work lets an agent take its next message.
func (w *works) work(s *site) {
	if len(s.inbox) == 0 {
		return
	}
	msg := s.inbox[0]
	s.inbox = s.inbox[1:]
	switch m := msg.GetMessage().(type) {
	case *linkpb.ToAgent_Registered:
		s.id = mesos.AgentID(m.Registered.GetAgentId().GetValue())
		for _, r := range m.Registered.GetReconcile() {
			for _, id := range r.GetTaskIds() {
				w.endTask(s, r.GetFrameworkId().GetValue(), id.GetValue(), mesospb.TaskState_TASK_DROPPED)
			}
		}
	case *linkpb.ToAgent_ApplyOperation:
		w.do(s, m.ApplyOperation)
	case *linkpb.ToAgent_AcknowledgeOperation:
		s.forget(string(m.AcknowledgeOperation.GetOperationUuid().GetValue()))
	case *linkpb.ToAgent_ReconcileOperations:
		for _, o := range m.ReconcileOperations.GetOperations() {
			if s.pending[string(o.GetOperationUuid().GetValue())] == nil {
				w.answer(s.link, &linkpb.ApplyOperation{FrameworkId: o.FrameworkId, OperationUuid: o.OperationUuid, Info: &mesospb.Offer_Operation{}}, dropped, 0)
			}
		}
	case *linkpb.ToAgent_RunTasks:
		id := m.RunTasks.GetFrameworkInfo().GetId()
		for _, t := range m.RunTasks.GetTasks() {
			if !s.free().Contains(resourcesOf(t.GetResources()).Unallocate()) {
				w.endTask(s, id.GetValue(), t.GetTaskId().GetValue(), mesospb.TaskState_TASK_DROPPED)
				continue
			}
			s.infos[id.GetValue()] = m.RunTasks.GetFrameworkInfo()
			s.tasks[[2]string{id.GetValue(), t.GetTaskId().GetValue()}] = newRecord(t, id)
		}
	case *linkpb.ToAgent_KillTask:
		key := [2]string{m.KillTask.GetFrameworkId().GetValue(), m.KillTask.GetTaskId().GetValue()}
		if s.tasks[key] != nil {
			w.endTask(s, key[0], key[1], mesospb.TaskState_TASK_KILLED)
		}
	case *linkpb.ToAgent_ShutdownFramework:
		id := m.ShutdownFramework.GetFrameworkId().GetValue()
		delete(s.infos, id)
		for key := range s.tasks {
			if key[0] == id {
				delete(s.tasks, key)
			}
		}
	}
	w.deliver()
}

// free is what no task uses, and all that is shared. A task that was to use what
// an operation that failed would have made must not get what others use.
func (s *site) free() resources.Resources {
	used := resources.Resources{}
	for _, t := range s.tasks {
		used = used.Add(resourcesOf(t.GetResources()).Unallocate())
	}
	return s.total.Sub(used.NonShared())
}

func (s *site) forget(uuid string) {
	delete(s.pending, uuid)
	for i := range s.order {
		if s.order[i] == uuid {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			return
		}
	}
}

// do applies an operation, or fails.
func (w *works) do(s *site, o *linkpb.ApplyOperation) {
	state := finished
	conversions, err := convert.Conversions(o.Info)
	if err == nil && w.random.IntN(10) > 0 {
		var total resources.Resources
		if _, err = s.free().Apply(unallocated(conversions)...); err == nil {
			total, err = s.total.Apply(unallocated(conversions)...)
		}
		if err == nil {
			s.total = total
		}
	} else {
		err = mesos.Errorf(mesos.Internal, "it goes wrong")
	}
	if err != nil {
		state = failed
	}
	n := byte(0)
	if o.Info.Id != nil {
		s.uuids++
		n = byte(s.uuids%250 + 1)
		uuid := string(o.OperationUuid.GetValue())
		s.order = append(s.order, uuid)
		y := *w.yard
		y.agent = s.id
		s.pending[uuid] = y.record(o, state, n)
	}
	w.answer(s.link, o, state, n)
}

// endTask tells of a task that is over; its framework acknowledges at once.
func (w *works) endTask(s *site, framework, task string, state mesospb.TaskState) {
	delete(s.tasks, [2]string{framework, task})
	s.uuids++
	n := byte(s.uuids % 250)
	w.update(s.link, &scheduler{c: w.cluster, id: framework}, task, state, n)
	for _, f := range w.tenants {
		if f.id == framework {
			f.acknowledge(s.id, task, n)
		}
	}
}

// act does one thing at random.
func (w *works) act() {
	s, f := w.sites[w.random.IntN(len(w.sites))], w.tenants[w.random.IntN(len(w.tenants))]
	switch w.random.IntN(20) {
	case 0:
		w.connect(s)
	case 1:
		if w.random.IntN(10) == 0 {
			w.step(Teardown{Framework: f.id})
			for i := range w.tenants {
				if w.tenants[i] == f {
					w.tenants = append(w.tenants[:i], w.tenants[i+1:]...)
					break
				}
			}
			w.hire()
		}
	case 2, 3, 4, 5:
		w.acknowledgeOne(f)
	case 6, 7:
		if keys := sortedTasks(s.tasks); len(keys) > 0 {
			key := keys[w.random.IntN(len(keys))]
			w.endTask(s, key[0], key[1], mesospb.TaskState_TASK_FINISHED)
		}
	case 8: // an update comes again
		if len(s.order) > 0 {
			o := s.pending[s.order[w.random.IntN(len(s.order))]]
			w.answer(s.link, &linkpb.ApplyOperation{FrameworkId: o.FrameworkId, OperationUuid: o.Uuid, Info: o.Info},
				o.GetLatestStatus().GetState(), o.GetLatestStatus().GetUuid().GetValue()[15])
		}
	case 9:
		w.operatorActs(s)
	case 10, 11, 12, 13:
		w.use(f, s)
	default:
		w.work(s)
	}
	w.deliver()
}

func (w *works) acknowledgeOne(f *worker) {
	if len(f.unacked) == 0 {
		return
	}
	status := f.unacked[0]
	f.unacked = f.unacked[1:]
	err := f.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
		AcknowledgeOperationStatus: &schedulerpb.Call_AcknowledgeOperationStatus{
			AgentId: status.AgentId, OperationId: status.OperationId, Uuid: status.GetUuid().GetValue(),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// part is some of a bag.
func (w *works) part(of resources.Resources) (some resources.Resources) {
	for r := range of.All() {
		if w.random.IntN(2) == 0 {
			continue
		}
		if !r.IsPersistentVolume() && w.random.IntN(2) == 0 {
			r.Scalar = r.Scalar/2 + 1
		}
		some = some.Add(resources.Of(r))
	}
	return some
}

// use offers a framework something of what is free, with which it works.
func (w *works) use(f *worker, s *site) {
	a := w.agents[s.id]
	if a == nil || !a.connected {
		return
	}
	free := w.part(a.free().Add(a.total.Shared()))
	if free.IsEmpty() || !a.hasFree(free) {
		return
	}
	offer := w.offerOf(f.scheduler, s.id, "web", free)
	if w.offers[offer] == nil || w.random.IntN(6) == 0 {
		return // it waits
	}
	left := free
	var operations []*mesospb.Offer_Operation
	for range 1 + w.random.IntN(3) {
		o := w.operation(left, s.id)
		if o == nil {
			continue
		}
		if conversions, err := convert.Conversions(o); err == nil {
			if after, err := left.Apply(conversions...); err == nil {
				left = after
			}
		}
		if operates(o.GetType()) && w.random.IntN(2) == 0 {
			w.names++
			o = heard(fmt.Sprintf("o%d", w.names), o)
		}
		operations = append(operations, o)
	}
	if err := f.call(acceptCall([]mesos.OfferID{offer}, operations...)); err != nil {
		w.t.Fatal(err)
	}
}

// operatorActs is an operation of an operator, on anything.
func (w *works) operatorActs(s *site) {
	if a := w.agents[s.id]; a != nil {
		if o := w.operation(w.part(a.total), s.id); o != nil && operates(o.GetType()) {
			w.request++
			w.step(Operate{Request: w.request, Agent: string(s.id), Operation: o})
		}
	}
}

// operation is one on some of these resources, which need not be possible.
func (w *works) operation(of resources.Resources, agent mesos.AgentID) *mesospb.Offer_Operation {
	var list []resources.Resource
	for r := range of.All() {
		list = append(list, r)
	}
	if len(list) == 0 {
		return nil
	}
	r := list[w.random.IntN(len(list))]
	one := resources.Of(r)
	w.names++
	id := fmt.Sprintf("%d", w.names)
	switch {
	case w.random.IntN(4) == 0:
		task := commandTask("t"+id, agent, "cpus:1")
		task.Resources = wireOf(one)
		return launchOf(task)
	case r.IsPersistentVolume() && w.random.IntN(3) == 0:
		return shrink(one, float64(r.Scalar)/2000)
	case r.IsPersistentVolume() && w.random.IntN(3) == 0:
		return grow(one, reserved(text("disk:5"), "web"))
	case r.IsPersistentVolume():
		return destroy(one)
	case r.Name == "disk" && r.IsReserved() && w.random.IntN(2) == 0:
		return create(volumeOf(one, "v"+id, func(r *resources.Resource) { r.Shared = w.random.IntN(2) == 0 }))
	case r.IsReserved() && w.random.IntN(4) == 0:
		return rereserve(one, reserved(one.ToUnreserved(), "web", resources.Label{Key: "k", Value: id, HasValue: true}))
	case r.IsReserved():
		return unreserve(one)
	}
	return reserve(reserved(one, "web"))
}

func TestMasterAndAgentsAgreeAfterRandomOperations(t *testing.T) {
	done := 0.0
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorks(t, seed)
			for range 500 {
				w.act()
			}
			w.settle()
			for _, metric := range metricsOf(w.Master) {
				if metric.Name == "master/operations/finished" {
					done += metric.Value
				}
			}
		})
	}
	if done < 500 {
		t.Errorf("only %v operations finished: this tests little", done)
	}
}

// settle lets everything that is under way come to its end.
func (w *works) settle() {
	for range 2 {
		for _, s := range w.sites {
			w.connect(s)
			w.deliver()
			for len(s.inbox) > 0 {
				w.work(s)
			}
			for _, uuid := range append([]string{}, s.order...) {
				o := s.pending[uuid]
				w.answer(s.link, &linkpb.ApplyOperation{FrameworkId: o.FrameworkId, OperationUuid: o.Uuid, Info: o.Info},
					o.GetLatestStatus().GetState(), o.GetLatestStatus().GetUuid().GetValue()[15])
				w.deliver()
			}
			for _, f := range w.tenants {
				for len(f.unacked) > 0 {
					w.acknowledgeOne(f)
				}
			}
			w.deliver()
			for len(s.inbox) > 0 {
				w.work(s)
			}
		}
	}
	w.tolerant = false
	w.check()
	for _, s := range w.sites {
		a := w.agents[s.id]
		if !a.total.Equal(s.total) || !a.settled.Equal(s.total) || len(a.advanced) > 0 {
			w.t.Errorf("agent %s has %s, and the master believes in %s, of which %s is certain", s.id, s.total, a.total, a.settled)
		}
		if len(a.operations) > 0 || len(s.pending) > 0 {
			w.t.Errorf("agent %s: operations are left: %v and %v", s.id, a.operations, s.pending)
		}
	}
	if len(w.views.operations) > 0 {
		w.t.Errorf("readers see %v", w.views.operations)
	}
	for _, f := range w.frameworks {
		if len(f.operations)+len(f.operationIDs) > 0 {
			w.t.Errorf("framework %s: operations are left: %v, %v", f.id, f.operations, f.operationIDs)
		}
	}
	for kind, states := range w.counters.operations {
		if n := states[mesospb.OperationState_OPERATION_PENDING]; n != 0 {
			w.t.Errorf("the metrics have %d pending %s", n, mesospb.Offer_Operation_Type(kind))
		}
	}
}
