package executor

import (
	"context"
	"log/slog"
	"sync"
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

// Config is what Run needs.
type Config struct {
	Framework mesos.FrameworkID
	Executor  mesos.ExecutorID
	Container mesos.ContainerID
	Sandbox   string // absolute
	User      string // empty: the agent's own
	// Environment is what the agent gives an executor, as "NAME=value"; the task
	// gets it too.
	Environment []string
	// AgentIP is the address of tasks on the host's network.
	AgentIP string
	// ShutdownGracePeriod is how long after a SHUTDOWN the agent destroys the container.
	ShutdownGracePeriod time.Duration
	// Outlive is how long the task runs on without an agent; 0: it ends with it.
	Outlive time.Duration

	Agent         Agent
	Containerizer container.Containerizer
	UUID          func() [16]byte
	Log           *slog.Logger
	// Recovered has the executor go on where another was, whose container is
	// there; nil if it begins.
	Recovered *Recovered
}

// RunCommand runs a command executor to its end and returns its exit status as
// wait(2) encodes it: 0 once its task's terminal update was acknowledged. When
// ctx is done the executor is destroyed, that is, it ends at once as if it was
// killed. No process of the task is left when RunCommand returns.
func RunCommand(ctx context.Context, config Config) syscall.WaitStatus {
	ctx, cancel := context.WithCancel(ctx)
	r := &runner{
		config: config,
		core: NewCommand(CommandConfig{
			Framework: config.Framework, Executor: config.Executor, Container: config.Container,
			AgentIP: config.AgentIP, ShutdownGracePeriod: config.ShutdownGracePeriod, UUID: config.UUID,
		}),
		inputs: make(chan Input),
		calls:  make(chan *executorpb.Call, callsQueued),
		ctx:    ctx,
	}
	r.work.Go(r.send)
	status := r.run()
	cancel()
	r.destroy()
	r.work.Wait()
	return status
}

// callsQueued is how many calls can wait for the agent before the executor does.
const callsQueued = 16

// runner is the shell of a Command.
type runner struct {
	config Config
	core   *Command
	inputs chan Input
	calls  chan *executorpb.Call
	ctx    context.Context // of the whole run
	work   sync.WaitGroup
	stop   context.CancelFunc       // of the launch; nil before there is one
	events <-chan *executorpb.Event // nil while there is no stream
	hangUp context.CancelFunc       // of that stream
}

const killedStatus = syscall.WaitStatus(syscall.SIGKILL)

func (r *runner) run() syscall.WaitStatus {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var in Input = Start{}
	if recovered := r.config.Recovered; recovered != nil {
		r.stop = func() {} // there is no launch to stop, but a container to destroy
		in = Resume{*recovered}
		r.work.Go(func() { r.adopt(!recovered.runs()) })
	}
	for {
		for _, effect := range r.core.Step(time.Now(), in) {
			if t, ok := effect.(Terminate); ok {
				return syscall.WaitStatus(t.Status << 8)
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
			if _, ok := in.(Disconnected); ok {
				r.disconnect()
			}
		case event, ok := <-r.events:
			in = Received{event}
			if !ok {
				r.disconnect()
				in = Disconnected{}
			}
		case <-timer.C:
			in = Tick{}
		case <-r.ctx.Done():
			return killedStatus
		}
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
		var ctx context.Context
		ctx, r.stop = context.WithCancel(r.ctx)
		r.work.Go(func() { r.launch(ctx, e.Task) })
	case Signal:
		err := r.config.Containerizer.Signal(r.config.Container, e.Signal)
		if err != nil && mesos.KindOf(err) != mesos.NotFound {
			r.warn("signal the task", err)
		}
	case Destroy:
		r.work.Go(r.destroy)
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

// launch runs the task's command and sees it to its end.
func (r *runner) launch(ctx context.Context, task *mesospb.TaskInfo) {
	if _, err := r.config.Containerizer.Launch(ctx, r.spec(task)); err != nil {
		r.tell(LaunchFailed{err})
		return
	}
	r.adopt(true)
}

// adopt sees a container to its end, and tells first that it runs, if that is news.
func (r *runner) adopt(news bool) {
	c := r.config.Containerizer
	if news {
		status, err := c.Status(r.config.Container)
		if err != nil {
			r.warn("ask for the status of the container", err)
		}
		r.tell(Launched{status})
	}
	exit, err := c.Wait(r.ctx, r.config.Container)
	if mesos.KindOf(err) == mesos.Unavailable {
		return // the container goes on without this agent
	}
	if err != nil && r.ctx.Err() == nil {
		r.warn("wait for the container", err)
	}
	r.tell(Ended{exit})
}

// spec is the container of a task: its command with the executor's environment.
func (r *runner) spec(task *mesospb.TaskInfo) container.Spec {
	env := r.config.Environment
	if resources := task.GetResources(); len(resources) > 0 {
		role := resources[0].GetAllocationInfo().GetRole()
		env = append(env[:len(env):len(env)], "MESOS_ALLOCATION_ROLE="+role)
	}
	return container.Spec{
		ID:          r.config.Container,
		Sandbox:     r.config.Sandbox,
		User:        r.config.User,
		Command:     task.GetCommand(),
		Environment: env,
		Container:   task.GetContainer(),
		Resources:   task.GetResources(),
		Limits:      task.GetLimits(),
		Task:        true,
		Outlive:     r.config.Outlive,
	}
}

// destroy destroys the container, if there is one, or stops its launch: if the
// containerizer does not know it yet, it will find the launch stopped.
func (r *runner) destroy() {
	if r.stop == nil {
		return
	}
	r.stop()
	err := r.config.Containerizer.Destroy(context.Background(), r.config.Container)
	if kind := mesos.KindOf(err); err != nil && kind != mesos.NotFound && kind != mesos.Unavailable {
		r.warn("destroy the container", err)
	}
}

func (r *runner) warn(what string, err error) {
	r.config.Log.Warn("command executor: "+what, "executor", r.config.Executor,
		"container", r.config.Container, "error", err)
}
