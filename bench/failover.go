package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Failover measures how long a new leader takes to learn a cluster: agents that
// the registry knows are connected, all register again with what they run, and
// each is answered. A figure ends with the last answer.
func Failover(ctx context.Context, opts Options) ([]Row, error) {
	works := []recovery{
		{agents: 20_000, tasks: 5, goal: 900 * time.Millisecond},
		{agents: 2_000, tasks: 50, completed: 50, goal: 500 * time.Millisecond},
		{agents: 40_000, tasks: 10, goal: 3 * time.Second},
	}
	if opts.Agents > 0 || opts.Tasks > 0 {
		works = []recovery{{agents: max(opts.Agents, 1), tasks: max(opts.Tasks, 1)}}
	}
	var rows []Row
	for _, w := range works {
		row, err := w.measure(ctx, opts)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// recovery is a cluster to be learned.
type recovery struct {
	agents, tasks int // tasks of each agent
	completed     int // tasks of each agent that have ended
	goal          time.Duration
}

func (w recovery) measure(ctx context.Context, opts Options) (Row, error) {
	master, err := startControlPlane(ctx, w.agents)
	if err != nil {
		return Row{}, err
	}
	defer master.stop()
	f := newFleet(master, w.agents, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]")
	defer f.disconnect()
	if err := f.connect(ctx); err != nil {
		return Row{}, err
	}
	if err := f.register(ctx); err != nil {
		return Row{}, err
	}
	w.load(f)
	repeat := 5
	if opts.Repeat > 0 {
		repeat = opts.Repeat
	}
	var connecting, times []time.Duration
	for i := range repeat + 1 {
		f.disconnect()
		if err := master.restart(ctx); err != nil {
			return Row{}, err
		}
		runtime.GC() // the last term is not this one's to sweep
		var failed error
		connected := timed(func() { failed = f.connect(ctx) })
		if failed != nil {
			return Row{}, failed
		}
		used := processor()
		took := timed(func() { failed = f.again(ctx) })
		used = processor() - used
		if failed == nil {
			failed = w.check(ctx, master)
		}
		if failed != nil {
			return Row{}, failed
		}
		opts.logf("failover: %d agents x %d tasks: connected in %v, registered again in %v, with %v of processor time", w.agents, w.tasks, connected, took, used)
		if i > 0 { // the first one warms up
			connecting, times = append(connecting, connected), append(times, took)
		}
	}
	return seconds("failover", "agents register again with a new leader",
		fmt.Sprintf("%d agents, %d running and %d completed tasks, %s, median of %d; connecting took %v before",
			w.agents, w.agents*w.tasks, w.agents*w.completed, master.over(), len(times), median(connecting).Round(time.Millisecond)),
		median(times), w.goal), nil
}

// load makes up what the agents run.
func (w recovery) load(f *fleet) {
	framework := &mesospb.FrameworkInfo{
		User: proto.String("root"), Name: proto.String("bench"), Id: &mesospb.FrameworkID{Value: proto.String("bench-0000")},
		Checkpoint: proto.Bool(true), FailoverTimeout: proto.Float64(3600), Roles: []string{mesos.AnyRole},
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
	}
	for i, a := range f.agents {
		message := &linkpb.Reregister{
			AgentInfo: a.info, Version: proto.String("1.12.0"), Capabilities: capabilities,
			Frameworks: []*mesospb.FrameworkInfo{framework},
		}
		for j := range w.tasks {
			message.Tasks = append(message.Tasks, runningTask(framework.Id, a.info.Id, strconv.Itoa(i)+"."+strconv.Itoa(j)))
		}
		for j := range w.completed {
			id := "done." + strconv.Itoa(i) + "." + strconv.Itoa(j)
			message.CompletedTasks = append(message.CompletedTasks, finishedTask(framework.Id, a.info.Id, id))
		}
		a.reregister = &linkpb.ToMaster{Message: &linkpb.ToMaster_Reregister{Reregister: message}}
	}
}

// taskResources is what a made-up task uses.
var taskResources = convert.ToWire(resources.MustParse("cpus:0.1;mem:32").Allocate(mesos.AnyRole))

// runningTask is a task as an agent tells of it.
func runningTask(framework *mesospb.FrameworkID, agent *mesospb.AgentID, id string) *mesospb.Task {
	state := mesospb.TaskState_TASK_RUNNING.Enum()
	uuid := []byte("0123456789abcdef")
	task := &mesospb.TaskID{Value: proto.String(id)}
	return &mesospb.Task{
		Name: proto.String("task " + id), TaskId: task, FrameworkId: framework, AgentId: agent, State: state,
		Resources: taskResources,
		Statuses: []*mesospb.TaskStatus{{
			TaskId: task, State: state, AgentId: agent, Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
			Timestamp: proto.Float64(1.8e9), Uuid: uuid,
		}},
		StatusUpdateState: state, StatusUpdateUuid: uuid,
	}
}

// check has the master say that everything is there.
func (w recovery) check(ctx context.Context, master *controlPlane) error {
	metrics, err := master.metrics(ctx)
	if err != nil {
		return err
	}
	for name, want := range map[string]int{
		"master/slaves_active": w.agents, "master/tasks_running": w.agents * w.tasks,
	} {
		if int(metrics[name]) != want {
			return mesos.Errorf(mesos.Internal, "after the failover %s is %v, not %d", name, metrics[name], want)
		}
	}
	return nil
}

// metrics is the master's /metrics/snapshot.
func (c *controlPlane) metrics(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address()+"/metrics/snapshot", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var metrics map[string]float64
	if err := json.NewDecoder(response.Body).Decode(&metrics); err != nil {
		return nil, fmt.Errorf("/metrics/snapshot: %w", err)
	}
	return metrics, nil
}
