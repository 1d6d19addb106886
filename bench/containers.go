package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Containers measures how many command tasks one real agent runs a second: master,
// agent and containers are processes, the scheduler is this one.
func Containers(ctx context.Context, opts Options) ([]Row, error) {
	if err := opts.findBinary(); err != nil {
		return nil, err
	}
	var rows []Row
	for _, kind := range kindsOfContainers() {
		measured, err := containersOf(ctx, opts, kind)
		rows = append(rows, measured...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// kindOfContainer is what containers are isolated by.
type kindOfContainer struct {
	name  string
	goal  float64 // tasks a second
	needs string  // empty, or what keeps this machine from it
	// prepare makes what the agent needs in a directory and returns its flags.
	prepare   func(dir string) ([]string, error)
	cleanup   func(dir string) // or nil
	container *mesospb.ContainerInfo
}

// containersOf measures one kind, from launch to end and while being killed.
func containersOf(ctx context.Context, opts Options, kind kindOfContainer) ([]Row, error) {
	if kind.needs != "" {
		opts.logf("containers: %s: not measured: %s", kind.name, kind.needs)
		return nil, nil
	}
	tasks, goal := 100, kind.goal
	if opts.Tasks > 0 {
		tasks, goal = opts.Tasks, 0
	}
	dir, err := os.MkdirTemp("", "mesosctl-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	flags, err := kind.prepare(dir)
	if err != nil {
		return nil, err
	}
	defer kind.clean(dir)
	cluster, err := startCluster(ctx, opts.Binary, dir, append(flags, roomFor(tasks))...)
	if err != nil {
		return nil, err
	}
	defer cluster.stop()
	rows, err := kind.measure(ctx, opts, cluster, tasks, goal)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, cluster.logs())
	}
	return rows, nil
}

// clean removes what an agent that has ended left outside of a directory.
func (kind *kindOfContainer) clean(dir string) {
	if kind.cleanup != nil {
		kind.cleanup(dir)
	}
}

// roomFor is the flag of an agent with room for that many tasks.
func roomFor(tasks int) string {
	return fmt.Sprintf("--resources=cpus:%d;mem:%d", tasks+1, 33*tasks+64)
}

func (kind *kindOfContainer) measure(ctx context.Context, opts Options, cluster *localCluster, tasks int, goal float64) ([]Row, error) {
	launched, err := kind.launcher(ctx, cluster, "true")
	if err != nil {
		return nil, err
	}
	times, err := launched.measure(ctx, opts, tasks, nil)
	launched.close()
	if err != nil {
		return nil, err
	}
	setting := fmt.Sprintf("%d tasks, %s, no checkpoints, median of %d", tasks, kind.name, len(times))
	row := rate("command tasks on one real agent, launch to TASK_FINISHED", setting, tasks, median(times), goal)
	row.Name = "containers"
	opts.logf("containers: %s: %.0f/s", kind.name, row.Value)
	destroyed, err := kind.destroy(ctx, opts, cluster, tasks)
	if err != nil {
		return nil, err
	}
	killed := rate("running command tasks killed, KILL to TASK_KILLED", setting, tasks, destroyed, goal)
	killed.Name = "containers"
	return []Row{row, killed}, nil
}

// launcher is a scheduler whose tasks run a program.
func (kind *kindOfContainer) launcher(ctx context.Context, cluster *localCluster, program string, args ...string) (*launcher, error) {
	s, err := newLauncher(ctx, cluster.master, &mesospb.TaskInfo{
		Name:      proto.String("task"),
		Resources: convert.ToWire(resources.MustParse("cpus:1;mem:32")),
		Command: &mesospb.CommandInfo{
			Shell: proto.Bool(false), Value: proto.String("/bin/" + program), Arguments: append([]string{program}, args...),
		},
		Container: kind.container,
	})
	if err == nil {
		s.whole = true
	}
	return s, err
}

// destroy measures how long it takes until killed tasks are gone.
func (kind *kindOfContainer) destroy(ctx context.Context, opts Options, cluster *localCluster, tasks int) (time.Duration, error) {
	s, err := kind.launcher(ctx, cluster, "sleep", "1000")
	if err != nil {
		return 0, err
	}
	defer s.close()
	repeat := 5
	if opts.Repeat > 0 {
		repeat = opts.Repeat
	}
	var times []time.Duration
	for i := range repeat + 1 {
		running, err := s.start(ctx, tasks)
		if err != nil {
			return 0, err
		}
		start := time.Now()
		if err := s.kill(ctx, running); err != nil {
			return 0, err
		}
		if i > 0 { // the first one warms up
			times = append(times, time.Since(start))
		}
	}
	return median(times), nil
}

// start launches tasks and waits until all of them run.
func (s *launcher) start(ctx context.Context, tasks int) (running []*mesospb.TaskStatus, err error) {
	if err := s.gather(ctx, tasks); err != nil {
		return nil, err
	}
	s.use(tasks)
	err = s.updates(ctx, func(status *mesospb.TaskStatus) (bool, error) {
		switch status.GetState() {
		case mesospb.TaskState_TASK_STARTING:
			return false, nil
		case mesospb.TaskState_TASK_RUNNING:
			running = append(running, status)
			return len(running) == tasks, nil
		}
		return false, unexpected(status)
	})
	return running, err
}

// kill kills tasks and waits until all of them are gone.
func (s *launcher) kill(ctx context.Context, running []*mesospb.TaskStatus) error {
	for _, status := range running {
		s.callers.call(&schedulerpb.Call{
			FrameworkId: s.framework, Type: schedulerpb.Call_KILL.Enum(),
			Kill: &schedulerpb.Call_Kill{TaskId: status.TaskId, AgentId: status.AgentId},
		})
	}
	left := len(running)
	return s.updates(ctx, func(status *mesospb.TaskStatus) (bool, error) {
		switch status.GetState() {
		case mesospb.TaskState_TASK_KILLING:
			return false, nil
		case mesospb.TaskState_TASK_KILLED:
			left--
			return left == 0, nil
		}
		return false, unexpected(status)
	})
}

// updates acknowledges updates until done says that it was the last one.
func (s *launcher) updates(ctx context.Context, done func(*mesospb.TaskStatus) (bool, error)) error {
	for {
		select {
		case event := <-s.events:
			switch event.GetType() {
			case schedulerpb.Event_OFFERS:
				s.offers = append(s.offers, event.GetOffers().GetOffers()...)
			case schedulerpb.Event_UPDATE:
				status := event.GetUpdate().GetStatus()
				s.acknowledge(status)
				if last, err := done(status); last || err != nil {
					return err
				}
			}
		case err := <-s.failed:
			return err
		case err := <-s.callers.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func unexpected(status *mesospb.TaskStatus) error {
	return mesos.Errorf(mesos.Internal, "task %s: %v: %s", status.GetTaskId().GetValue(), status.GetState(), status.GetMessage())
}
