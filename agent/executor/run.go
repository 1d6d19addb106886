package executor

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Agent is what a built-in executor needs of its agent: the executor API.
type Agent interface {
	// Subscribe sends a SUBSCRIBE. The events come until the channel is closed,
	// or until ctx is done. The agent must queue them: this executor may be about
	// to make a call while one comes.
	Subscribe(ctx context.Context, call *executorpb.Call) (<-chan *executorpb.Event, error)
	// Call makes any other call and returns when the agent has taken it in.
	Call(ctx context.Context, call *executorpb.Call) error
}

// Config is what RunCommand and RunDefault need.
type Config struct {
	Framework mesos.FrameworkID
	Executor  mesos.ExecutorID
	Container mesos.ContainerID
	Sandbox   string // absolute
	User      string // of tasks that name none; empty: the agent's own
	// Environment is what the agent gives a command executor, as "NAME=value"; the
	// task gets it too.
	Environment []string
	// AgentIP is the address of tasks on the host's network.
	AgentIP string
	// ShutdownGracePeriod is how long after a SHUTDOWN the agent destroys the container.
	ShutdownGracePeriod time.Duration
	// Outlive is how long the tasks run on without an agent; 0: they end with it.
	Outlive time.Duration

	Agent         Agent
	Containerizer container.Containerizer
	UUID          func() [16]byte
	Log           *slog.Logger
	// Recovered is the tasks of another executor, for this one to go on with; nil
	// if it begins.
	Recovered []Recovered
}

func (c *Config) core() CoreConfig {
	return CoreConfig{
		Framework: c.Framework, Executor: c.Executor, Container: c.Container,
		AgentIP: c.AgentIP, ShutdownGracePeriod: c.ShutdownGracePeriod, UUID: c.UUID,
	}
}

// RunCommand runs a command executor to its end and returns its exit status as
// wait(2) encodes it: 0 once its task's terminal update was acknowledged. When
// ctx is done the executor is destroyed, that is, it ends at once as if it was
// killed. No process of the task is left when RunCommand returns.
func RunCommand(ctx context.Context, config Config) syscall.WaitStatus {
	r := newRunner(ctx, config, NewCommand(config.core()))
	r.spec = config.commandSpec
	return r.run().Status
}

// RunDefault runs a default executor, whose container is there, to its end, and
// returns how that container ended: with status 0 once the updates of all tasks
// were acknowledged, or by itself, which ends the executor and its tasks. When ctx
// is done it is destroyed. No process of it is left when RunDefault returns.
func RunDefault(ctx context.Context, config Config) container.Exit {
	r := newRunner(ctx, config, NewDefault(config.core()))
	r.spec = config.nestedSpec
	r.name = func(task mesos.TaskID, id mesos.ContainerID) {
		if err := linkTask(config.Sandbox, task, id); err != nil {
			r.warn("name the sandbox of a task", err)
		}
	}
	if status, err := config.Containerizer.Status(config.Container); err == nil {
		r.pid = int(status.GetExecutorPid())
	}
	r.work.Go(func() {
		exit, err := config.Containerizer.Wait(r.ctx, config.Container)
		if mesos.KindOf(err) != mesos.Unavailable && r.ctx.Err() == nil { // else it goes on without this agent
			r.ended <- exit
		}
	})
	return r.run()
}

// core is an executor's.
type core interface {
	Step(now time.Time, in Input) []Effect
	Next() time.Time
}

// runner is the shell of an executor.
type runner struct {
	config Config
	core   core
	spec   func(mesos.ContainerID, *mesospb.TaskInfo) container.Spec
	name   func(mesos.TaskID, mesos.ContainerID) // a task's container; may be nil
	inputs chan Input
	calls  chan *executorpb.Call
	ended  chan container.Exit // of the executor's own container, if it has one
	pid    int                 // of its first process
	ctx    context.Context     // of the whole run
	cancel context.CancelFunc
	work   sync.WaitGroup
	// tasks are the containers of tasks that have not ended.
	tasks  map[mesos.ContainerID]*contained
	events <-chan *executorpb.Event // nil while there is no stream
	hangUp context.CancelFunc       // of that stream
}

// contained is a task's container.
type contained struct {
	spec container.Spec
	stop context.CancelFunc // of its launch
	pid  atomic.Int64       // of its first process; 0 until that is known
	// checks is the context of the probes under way; nil if there was none yet.
	checks     context.Context
	stopChecks context.CancelFunc
}

// callsQueued is how many calls can wait for the agent before the executor does.
const callsQueued = 16

const killedStatus = syscall.WaitStatus(syscall.SIGKILL)

func newRunner(ctx context.Context, config Config, core core) *runner {
	r := &runner{
		config: config, core: core,
		inputs: make(chan Input),
		calls:  make(chan *executorpb.Call, callsQueued),
		ended:  make(chan container.Exit, 1),
		tasks:  map[mesos.ContainerID]*contained{},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r
}

// run runs the executor to its end, and ends what it started.
func (r *runner) run() container.Exit {
	r.work.Go(r.send)
	exit := r.loop()
	r.cancel()
	for _, task := range r.tasks {
		task.stop()
	}
	r.destroy(r.config.Container)
	r.work.Wait()
	return exit
}

func (r *runner) loop() container.Exit {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var in Input = Start{}
	if r.config.Recovered != nil {
		in = Resume{r.config.Recovered}
	}
	for {
		for _, effect := range r.core.Step(time.Now(), in) {
			if t, ok := effect.(Terminate); ok {
				return container.Exit{Status: syscall.WaitStatus(t.Status << 8), Known: true}
			}
			r.do(effect)
		}
		if next := r.core.Next(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
		select {
		case in = <-r.inputs:
			r.notice(in)
		case event, ok := <-r.events:
			in = Received{event}
			if !ok {
				r.disconnect()
				in = Disconnected{}
			}
		case <-timer.C:
			in = Tick{}
		case exit := <-r.ended:
			return exit
		case <-r.ctx.Done():
			return container.Exit{Status: killedStatus, Known: true}
		}
	}
}

// notice keeps the shell's own books.
func (r *runner) notice(in Input) {
	switch in := in.(type) {
	case Disconnected:
		r.disconnect()
	case LaunchFailed:
		delete(r.tasks, in.Container)
	case Ended:
		delete(r.tasks, in.Container)
	}
}

func (r *runner) do(effect Effect) {
	switch e := effect.(type) {
	case Subscribe:
		r.subscribe(e.Call)
	case Send:
		select {
		case r.calls <- e.Call:
		case <-r.ctx.Done():
		}
	case Launch:
		ctx, task := r.take(e.Container, e.Task)
		r.work.Go(func() { r.launch(ctx, task, e.Task) })
	case Adopt:
		_, task := r.take(e.Container, e.Task)
		r.work.Go(func() { r.adopt(task, e.News) })
	case Signal:
		err := r.config.Containerizer.Signal(e.Container, e.Signal)
		switch {
		case err == nil:
		case mesos.KindOf(err) != mesos.NotFound:
			r.warn("signal a task", err)
		case e.OrDestroy:
			r.stop(e.Container)
		}
	case Destroy:
		r.stop(e.Container)
	case Check:
		r.startCheck(e)
	case StopChecks:
		if task := r.tasks[e.Container]; task != nil && task.checks != nil {
			task.stopChecks()
			task.checks = nil
		}
	}
}

// stop destroys a task's container, or stops its launch.
func (r *runner) stop(id mesos.ContainerID) {
	if task := r.tasks[id]; task != nil {
		task.stop()
		r.work.Go(func() { r.destroy(id) })
	}
}

// tell gives the core an input, unless the run is over.
func (r *runner) tell(in Input) {
	select {
	case r.inputs <- in:
	case <-r.ctx.Done():
	}
}

func (r *runner) subscribe(call *executorpb.Call) {
	ctx, cancel := context.WithCancel(r.ctx)
	events, err := r.config.Agent.Subscribe(ctx, call)
	if err != nil {
		cancel()
		r.warn("subscribe", err)
		r.work.Go(func() { r.tell(Disconnected{}) })
		return
	}
	r.events, r.hangUp = events, cancel
}

func (r *runner) disconnect() {
	if r.hangUp != nil {
		r.hangUp()
	}
	r.events, r.hangUp = nil, nil
}

// send makes the calls, in order, so that the run does not wait for the agent's disk.
func (r *runner) send() {
	for {
		select {
		case call := <-r.calls:
			if err := r.config.Agent.Call(r.ctx, call); err != nil && r.ctx.Err() == nil {
				r.warn("call the agent", err)
				r.tell(Disconnected{})
			}
		case <-r.ctx.Done():
			return
		}
	}
}

func (r *runner) warn(what string, err error) {
	r.config.Log.Warn("built-in executor: "+what, "executor", r.config.Executor,
		"container", r.config.Container, "error", err)
}
