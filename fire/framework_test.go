//go:build linux

package fire

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// framework is a scheduler that keeps some tasks running for good and launches
// short ones on and on. It watches that the cluster keeps its word.
type framework struct {
	t       *testing.T
	name    string
	cluster *cluster
	ledger  *ledger
	long    int // tasks that run for good
	// mortal tells that tasks that are to run for good may fail: others take their place.
	mortal bool

	mu         sync.Mutex
	id         *mesospb.FrameworkID
	host       string // subscribed to
	offers     map[string]bool
	tasks      map[string]*task
	launched   int
	finished   int // short tasks
	duplicates int
	stopping   bool
}

// task is a task as its scheduler sees it.
type task struct {
	id    string
	long  bool
	agent string
	state mesospb.TaskState
	seen  []string // UUIDs of its updates, each once
}

// taskVariable is in the environment of tasks: their marks.
const taskVariable = "FIRE_TASK"

// marks is where a task leaves a line each time that it begins to run.
func (f *framework) marks(id string) string { return filepath.Join(f.cluster.dir, "marks", id) }

// run subscribes, again and again, until the context ends.
func (f *framework) run(ctx context.Context) {
	api, err := client.New(client.Config{Masters: f.cluster.hosts, MediaType: wire.Protobuf, Patience: 2 * time.Second})
	if err != nil {
		f.t.Error(err)
		return
	}
	defer api.Close()
	for ctx.Err() == nil {
		if err := f.subscription(ctx, api); err != nil && ctx.Err() == nil {
			f.t.Logf("%s: %v", f.name, err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (f *framework) subscription(ctx context.Context, api *client.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	id := f.id
	f.mu.Unlock()
	stream, err := api.Subscribe(ctx, &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), FrameworkId: id,
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
			Id: id, User: new("root"), Name: &f.name, Roles: []string{"*"}, Checkpoint: new(true), FailoverTimeout: new(3600.0),
			Capabilities: []*mesospb.FrameworkInfo_Capability{
				{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()},
				{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()},
			},
		}},
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	go f.follow(ctx, stream.Host(), cancel)
	for {
		event, err := stream.Next()
		if err != nil {
			f.mu.Lock()
			f.host = ""
			f.mu.Unlock()
			return err
		}
		if err := f.take(ctx, stream, event); err != nil {
			return err
		}
	}
}

// follow gives a subscription up when another master leads, as a scheduler does
// that is told by a detector: a connection to a host that is cut off does not break.
func (f *framework) follow(ctx context.Context, host string, giveUp func()) {
	for ctx.Err() == nil {
		if i := f.cluster.leader(); i >= 0 && f.cluster.hosts[i] != host {
			giveUp()
			return
		}
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (f *framework) take(ctx context.Context, stream *client.Scheduler, event *schedulerpb.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch event.GetType() {
	case schedulerpb.Event_SUBSCRIBED:
		f.id, f.host = event.GetSubscribed().GetFrameworkId(), stream.Host()
		for id := range f.offers { // they are void
			f.ledger.release(id)
		}
		clear(f.offers)
		return f.ask(ctx, stream)
	case schedulerpb.Event_HEARTBEAT:
		return f.ask(ctx, stream)
	case schedulerpb.Event_OFFERS:
		for _, o := range event.GetOffers().GetOffers() {
			if err := f.consider(ctx, stream, o); err != nil {
				return err
			}
		}
	case schedulerpb.Event_RESCIND:
		id := event.GetRescind().GetOfferId().GetValue()
		f.ledger.release(id)
		delete(f.offers, id)
	case schedulerpb.Event_UPDATE:
		return f.updated(ctx, stream, event.GetUpdate().GetStatus())
	case schedulerpb.Event_ERROR:
		f.t.Errorf("%s: ERROR %s", f.name, event.GetError().GetMessage())
	}
	return nil
}

func (f *framework) call(ctx context.Context, stream *client.Scheduler, call *schedulerpb.Call) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	call.FrameworkId = f.id
	return stream.Call(ctx, call)
}

const taskCPUs = 0.25

// consider uses an offer for a few tasks, or declines it for a short while.
func (f *framework) consider(ctx context.Context, stream *client.Scheduler, o *mesospb.Offer) error {
	id := o.GetId().GetValue()
	f.offers[id] = true
	f.ledger.offered(o)
	running, short := 0, 0
	for _, t := range f.tasks {
		switch {
		case mesos.TaskState(t.state).Terminal():
		case t.long:
			running++
		default:
			short++
		}
	}
	var infos []*mesospb.TaskInfo
	for left := cpusOf(o.GetResources()); left >= taskCPUs && len(infos) < 3 && !f.stopping; left -= taskCPUs {
		switch {
		case running < f.long:
			running++
			infos = append(infos, f.newTask(o, true))
		case short < 4:
			short++
			infos = append(infos, f.newTask(o, false))
		default:
			left = 0
		}
	}
	f.ledger.release(id)
	delete(f.offers, id)
	filters := &mesospb.Filters{RefuseSeconds: new(0.3)}
	if len(infos) == 0 {
		return f.call(ctx, stream, &schedulerpb.Call{
			Type: schedulerpb.Call_DECLINE.Enum(), Decline: &schedulerpb.Call_Decline{OfferIds: []*mesospb.OfferID{o.GetId()}, Filters: filters},
		})
	}
	return f.call(ctx, stream, &schedulerpb.Call{
		Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{o.GetId()}, Filters: filters,
			Operations: []*mesospb.Offer_Operation{{
				Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: infos},
			}},
		},
	})
}

func (f *framework) newTask(o *mesospb.Offer, long bool) *mesospb.TaskInfo {
	f.launched++
	t := &task{id: fmt.Sprintf("%s-%d", f.name, f.launched), long: long, agent: o.GetAgentId().GetValue(), state: mesospb.TaskState_TASK_STAGING}
	f.tasks[t.id] = t
	command := fmt.Sprintf("echo $$ >> %s; sleep 0.3", f.marks(t.id))
	if long {
		command = fmt.Sprintf("echo $$ >> %s; exec sleep 100000", f.marks(t.id))
		if f.mortal { // and it leaves something behind
			command = fmt.Sprintf("echo $$ >> %s; (setsid sleep 100000 &); exec sleep 100000", f.marks(t.id))
		}
	}
	environment := &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: new(taskVariable), Value: new(f.marks(t.id))}}}
	return &mesospb.TaskInfo{
		Name: &t.id, TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: o.GetAgentId(),
		Command:   &mesospb.CommandInfo{Value: &command, Environment: environment},
		Resources: []*mesospb.Resource{scalar("cpus", taskCPUs), scalar("mem", 32)},
	}
}

func scalar(name string, value float64) *mesospb.Resource {
	return &mesospb.Resource{
		Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &value},
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("*")},
	}
}

// updated takes an update and acknowledges it. Those of a task come in order: one
// that was seen may come again, until its acknowledgement has arrived, but not
// after a newer one; a task that has ended has ended.
func (f *framework) updated(ctx context.Context, stream *client.Scheduler, status *mesospb.TaskStatus) error {
	t := f.tasks[status.GetTaskId().GetValue()]
	if t == nil {
		f.t.Errorf("%s is told of task %s, which it never launched", f.name, status.GetTaskId().GetValue())
		return nil
	}
	state, uuid := status.GetState(), string(status.GetUuid())
	ended := mesos.TaskState(t.state).Terminal()
	repeated := false
	if uuid != "" {
		for i, seen := range t.seen {
			if seen == uuid {
				repeated = true
				f.duplicates++
				if i < len(t.seen)-1 {
					f.t.Errorf("%s: %v of %s came again after a newer update", f.name, state, t.id)
				}
			}
		}
	}
	switch {
	case repeated:
	case ended && state != t.state:
		f.t.Errorf("%s: task %s was %v and is %v: %s", f.name, t.id, t.state, state, status.GetMessage())
	case t.long && mesos.TaskState(state).Terminal() && !f.lostOnTheWay(t, status) && !f.stopping && !f.mortal:
		f.t.Errorf("%s: task %s was to run for good and is %v (%v): %s", f.name, t.id, state, status.GetReason(), status.GetMessage())
	case uuid != "":
		t.seen = append(t.seen, uuid)
	}
	if !repeated {
		f.note(t, state)
	}
	if uuid == "" {
		return nil
	}
	return f.call(ctx, stream, &schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), Acknowledge: &schedulerpb.Call_Acknowledge{
		AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
	}})
}

// lostOnTheWay reports whether a task never began: its launch may be lost with the
// master, or with the offer.
func (f *framework) lostOnTheWay(t *task, status *mesospb.TaskStatus) bool {
	switch status.GetState() {
	case mesospb.TaskState_TASK_DROPPED, mesospb.TaskState_TASK_GONE, mesospb.TaskState_TASK_UNKNOWN:
		return t.state == mesospb.TaskState_TASK_STAGING
	}
	return false
}

func (f *framework) note(t *task, state mesospb.TaskState) {
	t.state = state
	switch {
	case mesos.TaskState(state).Terminal():
		f.ledger.release(t.id)
		if !t.long && state == mesospb.TaskState_TASK_FINISHED {
			f.finished++
		}
	case state == mesospb.TaskState_TASK_RUNNING:
		f.ledger.claim(t.id, t.agent, taskCPUs)
	}
}

// running counts the tasks that run for good.
func (f *framework) running() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tasks {
		if t.long && t.state == mesospb.TaskState_TASK_RUNNING {
			n++
		}
	}
	return n
}

// done counts the short tasks that ran.
func (f *framework) done() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.finished
}

// ask asks for the state of all tasks that the master knows and of those of which
// nothing was heard: their launch may be lost.
func (f *framework) ask(ctx context.Context, stream *client.Scheduler) error {
	call := &schedulerpb.Call{Type: schedulerpb.Call_RECONCILE.Enum(), Reconcile: &schedulerpb.Call_Reconcile{}}
	if err := f.call(ctx, stream, call); err != nil {
		return err
	}
	for _, t := range f.tasks {
		if t.state == mesospb.TaskState_TASK_STAGING {
			call.Reconcile.Tasks = append(call.Reconcile.Tasks, &schedulerpb.Call_Reconcile_Task{
				TaskId: &mesospb.TaskID{Value: &t.id}, AgentId: &mesospb.AgentID{Value: &t.agent},
			})
		}
	}
	if len(call.Reconcile.Tasks) == 0 {
		return nil
	}
	return f.call(ctx, stream, call)
}
