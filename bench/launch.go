package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// executorMem is the memory of the executor on a real agent, in MB: this binary, with
// the race detector if that is built in.
const executorMem = 256

// Launch measures how many tasks a second a scheduler gets through a master.
func Launch(ctx context.Context, opts Options) ([]Row, error) {
	many, err := launchMany(ctx, opts)
	if err != nil {
		return nil, err
	}
	one, err := launchOne(ctx, opts)
	if err != nil {
		return []Row{many}, err
	}
	return []Row{many, one}, nil
}

// rate is a row of tasks a second.
func rate(work, setting string, tasks int, took time.Duration, goal float64) Row {
	return Row{
		Name: "launch", Work: work, Setting: setting,
		Value: float64(tasks) / took.Seconds(), Unit: "tasks/s", Goal: goal, Better: "more",
	}
}

// launchMany is tasks on simulated agents.
func launchMany(ctx context.Context, opts Options) (Row, error) {
	const slots = 20 // tasks that an agent has room for
	agents, tasks, goal := 200, 50_000, 10_000.0
	if opts.Agents > 0 || opts.Tasks > 0 {
		agents, tasks, goal = cmp.Or(opts.Agents, agents), cmp.Or(opts.Tasks, tasks), 0
	}
	master, err := startControlPlane(ctx, agents)
	if err != nil {
		return Row{}, err
	}
	defer master.stop()
	f := newFleet(master, agents, fmt.Sprintf("cpus:%d;mem:%d", slots, slots*32))
	defer f.disconnect()
	if err := f.connect(ctx); err != nil {
		return Row{}, err
	}
	if err := f.register(ctx); err != nil {
		return Row{}, err
	}
	s, err := newLauncher(ctx, master.address(), &mesospb.TaskInfo{
		Name:      proto.String("task"),
		Resources: convert.ToWire(resources.MustParse("cpus:1;mem:32")),
		Command:   &mesospb.CommandInfo{Value: proto.String("true")},
	})
	if err != nil {
		return Row{}, err
	}
	defer s.close()
	times, err := s.measure(ctx, opts, tasks, f.failed)
	if err != nil {
		return Row{}, err
	}
	return rate("tasks launched, run to TASK_FINISHED and acknowledged over the scheduler HTTP API",
		fmt.Sprintf("%d tasks with two updates each on %d simulated agents with room for %d each (%s), protobuf, median of %d",
			tasks, agents, slots, master.over(), len(times)),
		tasks, median(times), goal), nil
}

// launchOne is tasks from one offer through one executor on one agent: the
// daemons, and the executor that the agent starts, are processes of their own.
func launchOne(ctx context.Context, opts Options) (Row, error) {
	tasks, goal := 1_000, 3_000.0
	if opts.Tasks > 0 {
		tasks, goal = opts.Tasks, 0
	}
	if err := opts.findBinary(); err != nil {
		return Row{}, err
	}
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return Row{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	cluster, err := startCluster(ctx, opts.Binary, dir, fmt.Sprintf("--resources=cpus:%d;mem:%d", tasks+1, 8*tasks+executorMem))
	if err != nil {
		return Row{}, err
	}
	defer cluster.stop()
	s, err := newLauncher(ctx, cluster.master, &mesospb.TaskInfo{
		Name:      proto.String("task"),
		Resources: convert.ToWire(resources.MustParse("cpus:1;mem:8")),
		Executor: &mesospb.ExecutorInfo{
			Type: mesospb.ExecutorInfo_CUSTOM.Enum(), ExecutorId: &mesospb.ExecutorID{Value: proto.String("bench")},
			Resources: convert.ToWire(resources.MustParse(fmt.Sprintf("cpus:0.1;mem:%d", executorMem))),
			Command: &mesospb.CommandInfo{
				Shell: proto.Bool(false), Value: proto.String(opts.Binary), Arguments: []string{"mesosctl", "bench", "executor"},
			},
		},
	})
	if err != nil {
		return Row{}, err
	}
	defer s.close()
	s.whole = true
	times, err := s.measure(ctx, opts, tasks, nil)
	if err != nil {
		return Row{}, fmt.Errorf("%w\n%s", err, cluster.logs())
	}
	return rate("tasks from one offer through one custom executor on one real agent",
		fmt.Sprintf("%d tasks with two updates each, from the ACCEPT to the last acknowledgement, the executor is running, no checkpoints, protobuf, median of %d",
			tasks, len(times)),
		tasks, median(times), goal), nil
}

// launcher is a scheduler that launches tasks on whatever it is offered, and
// acknowledges every update.
type launcher struct {
	task      *mesospb.TaskInfo // without ID and agent
	scheduler *client.Scheduler
	framework *mesospb.FrameworkID
	events    chan *schedulerpb.Event
	failed    chan error
	callers   *callers
	client    *client.Client
	launched  int              // ever
	offers    []*mesospb.Offer // not used yet
	whole     bool             // all tasks are to be launched on one offer
}

// connections is over how many a launcher calls.
const connections = 8

func newLauncher(ctx context.Context, master string, task *mesospb.TaskInfo) (*launcher, error) {
	c, err := client.New(client.Config{Masters: []string{master}, MediaType: wire.Protobuf})
	if err != nil {
		return nil, err
	}
	s := &launcher{task: task, client: c, events: make(chan *schedulerpb.Event, 1024), failed: make(chan error, 1)}
	s.scheduler, err = c.Subscribe(ctx, &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
			User: proto.String("root"), Name: proto.String("bench"), Roles: []string{mesos.AnyRole},
			Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
		}},
	})
	if err != nil {
		return nil, err
	}
	first, err := s.scheduler.Next()
	if err == nil {
		s.framework = first.GetSubscribed().GetFrameworkId()
		s.callers, err = newCallers(ctx, s.scheduler, connections)
	}
	if err != nil {
		s.scheduler.Close()
		return nil, err
	}
	go s.receive(ctx)
	return s, nil
}

func (s *launcher) close() {
	s.scheduler.Close()
	s.callers.close()
	s.client.Close()
}

func (s *launcher) receive(ctx context.Context) {
	for {
		event, err := s.scheduler.Next()
		if err != nil {
			s.failed <- err
			return
		}
		select {
		case s.events <- event:
		case <-ctx.Done():
			return
		}
	}
}

// measure launches that many tasks several times.
func (s *launcher) measure(ctx context.Context, opts Options, tasks int, failed <-chan error) (times []time.Duration, _ error) {
	repeat := 5
	if opts.Repeat > 0 {
		repeat = opts.Repeat
	}
	for i := range repeat + 1 {
		if s.whole {
			if err := s.gather(ctx, tasks); err != nil {
				return nil, err
			}
		}
		used := processor()
		start := time.Now()
		if err := s.run(ctx, tasks, failed); err != nil {
			return nil, err
		}
		took := time.Since(start)
		opts.logf("launch: %d tasks: %v, with %v of processor time", tasks, took, processor()-used)
		if i > 0 { // the first one warms up
			times = append(times, took)
		}
	}
	return times, nil
}

// run launches tasks and returns when all of them are over, acknowledged, and
// every call was answered.
func (s *launcher) run(ctx context.Context, tasks int, failed <-chan error) error {
	left, running := s.use(tasks), tasks
	for running > 0 {
		select {
		case event := <-s.events:
			switch event.GetType() {
			case schedulerpb.Event_OFFERS:
				s.offers = append(s.offers, event.GetOffers().GetOffers()...)
				left = s.use(left)
			case schedulerpb.Event_UPDATE:
				over, err := s.update(event.GetUpdate().GetStatus())
				if err != nil {
					return err
				}
				if over {
					running--
				}
			case schedulerpb.Event_RESCIND, schedulerpb.Event_ERROR, schedulerpb.Event_FAILURE:
				return mesos.Errorf(mesos.Internal, "unexpected event: %v", event)
			}
		case err := <-s.failed:
			return err
		case err := <-s.callers.failed:
			return err
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for s.callers.waiting.Load() > 0 {
		time.Sleep(100 * time.Microsecond)
	}
	return ctx.Err()
}

// gather declines what it is offered until one offer has room for n tasks.
func (s *launcher) gather(ctx context.Context, n int) error {
	for {
		for i, offer := range s.offers {
			if s.room(offer) >= n {
				s.offers = s.offers[i : i+1]
				return nil
			}
			s.callers.call(s.accept(offer, 0))
		}
		s.offers = nil
		select {
		case event := <-s.events:
			s.offers = event.GetOffers().GetOffers()
		case err := <-s.failed:
			return err
		case err := <-s.callers.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// room is how many tasks an offer has room for.
func (s *launcher) room(offer *mesospb.Offer) int {
	return int(scalar(offer.Resources, "cpus") / scalar(s.task.Resources, "cpus"))
}

// use launches up to n tasks on offers and returns how many it did not.
func (s *launcher) use(n int) int {
	for n > 0 && len(s.offers) > 0 {
		offer := s.offers[0]
		s.offers = s.offers[1:]
		count := min(n, s.room(offer))
		s.callers.call(s.accept(offer, count))
		n -= count
	}
	return n
}

func scalar(list []*mesospb.Resource, name string) (sum float64) {
	for _, r := range list {
		if r.GetName() == name {
			sum += r.GetScalar().GetValue()
		}
	}
	return sum
}

// accept launches n tasks on an offer, and declines the rest for a moment.
func (s *launcher) accept(offer *mesospb.Offer, n int) *schedulerpb.Call {
	tasks := make([]*mesospb.TaskInfo, n)
	for i := range tasks {
		s.launched++
		tasks[i] = &mesospb.TaskInfo{
			Name: s.task.Name, Resources: s.task.Resources, Command: s.task.Command, Executor: s.task.Executor, Container: s.task.Container,
			TaskId: &mesospb.TaskID{Value: proto.String(strconv.Itoa(s.launched))}, AgentId: offer.AgentId,
		}
	}
	return &schedulerpb.Call{
		FrameworkId: s.framework,
		Type:        schedulerpb.Call_ACCEPT.Enum(),
		Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{offer.Id},
			Operations: []*mesospb.Offer_Operation{{
				Type:   mesospb.Offer_Operation_LAUNCH.Enum(),
				Launch: &mesospb.Offer_Operation_Launch{TaskInfos: tasks},
			}},
			Filters: &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
		},
	}
}

// update acknowledges an update, and reports whether its task is over.
func (s *launcher) update(status *mesospb.TaskStatus) (over bool, err error) {
	switch status.GetState() {
	case mesospb.TaskState_TASK_FINISHED:
		over = true
	case mesospb.TaskState_TASK_STARTING, mesospb.TaskState_TASK_RUNNING:
	default:
		return false, unexpected(status)
	}
	s.acknowledge(status)
	return over, nil
}

func (s *launcher) acknowledge(status *mesospb.TaskStatus) {
	if status.Uuid == nil {
		return
	}
	s.callers.call(&schedulerpb.Call{
		FrameworkId: s.framework,
		Type:        schedulerpb.Call_ACKNOWLEDGE.Enum(),
		Acknowledge: &schedulerpb.Call_Acknowledge{AgentId: status.AgentId, TaskId: status.TaskId, Uuid: status.Uuid},
	})
}
