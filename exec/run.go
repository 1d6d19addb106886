package exec

import (
	"context"
	"errors"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// farewellTimeout bounds what is still to be said to the master when a run is over.
const farewellTimeout = 2 * time.Second

// Config is what Run works with.
type Config struct {
	Client *client.Client
	Spec   Spec
	// Print shows the notices. It is called on one goroutine.
	Print Printer
	// Output opens what takes what a task prints; nil leaves it in the sandbox.
	Output func(task mesos.TaskID) (stdout, stderr io.WriteCloser)
	// Attach, if it is not nil, joins a task's terminal until that is over, instead.
	Attach func(ctx context.Context, agent *client.Agent, task Follow) error
	// Watch tells what tasks that start wait for, if something must be brought to
	// their agents first. It is for a person who watches.
	Watch bool
	// Background is called when nobody needs to wait any more, which Spec.Detach asks
	// for. It may be nil.
	Background func(Background)
	// Interrupts delivers a person's wish to end: one for the task, a second one
	// for leaving at once.
	Interrupts <-chan struct{}
}

// Run runs a task to its end and tells how it ended. It returns early if ctx
// ends, which is for the caller's own end; a person's goes through Interrupts.
func Run(ctx context.Context, config Config) Result {
	machine, err := New(config.Spec)
	if err != nil {
		return Result{Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{
		config: config, machine: machine, ctx: ctx,
		inputs: make(chan Input, 64), following: map[mesos.TaskID]chan struct{}{},
		awaited: map[mesos.TaskID]context.CancelFunc{}, brings: brings(config.Spec.Tasks),
	}
	r.outbox = newOutbox(r.sent)
	defer r.outbox.cancel()
	defer r.outbox.close()
	result := r.loop()
	if r.scheduler != nil {
		r.scheduler.Close()
	}
	return result
}

// run is the shell around a Machine: one goroutine steps it, one sends its calls
// in order, one reads the event stream, two read the output of each task.
type run struct {
	config  Config
	machine *Machine
	ctx     context.Context
	inputs  chan Input
	outbox  *outbox
	// following has a channel for each task that is followed, to be closed when it
	// writes no more.
	following map[mesos.TaskID]chan struct{}
	followers sync.WaitGroup
	// awaited has those tasks of which is told what they wait for; brings tells
	// whether that can be for long.
	awaited   map[mesos.TaskID]context.CancelFunc
	brings    bool
	lost      sync.Once         // the output, which is told once
	scheduler *client.Scheduler // owned by the loop
}

// Inputs of the loop that are not the machine's.
type (
	// opened tells that a subscription came about.
	opened struct{ scheduler *client.Scheduler }
	// learned tells what a goroutine found out.
	learned struct{ notice Notice }
)

func (opened) isInput()  {}
func (learned) isInput() {}

func (r *run) loop() Result {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var in Input = Start{}
	for {
		if finish := r.take(in); finish != nil {
			return r.finish(*finish)
		}
		timer.Stop()
		var tick <-chan time.Time
		if next := r.machine.Next(); !next.IsZero() {
			timer.Reset(time.Until(next))
			tick = timer.C
		}
		select {
		case in = <-r.inputs:
		case <-r.config.Interrupts:
			in = Interrupted{CodeInterrupted}
		case <-tick:
			in = Tick{}
		case <-r.ctx.Done():
			return Result{Err: mesos.Errorf(mesos.Internal, "execute: %w", r.ctx.Err())}
		}
	}
}

// take handles one input and returns the end, if that has come.
func (r *run) take(in Input) *Finish {
	switch in := in.(type) {
	case opened:
		r.scheduler = in.scheduler
		go r.readEvents(in.scheduler)
	case learned:
		if waiting, ok := in.notice.(Waiting); ok && r.awaited[waiting.Task] == nil {
			return nil // no more
		}
		r.config.Print(in.notice)
	default:
		for _, effect := range r.machine.Step(time.Now(), in) {
			if finish, ok := effect.(Finish); ok {
				return &finish
			}
			r.act(effect)
		}
	}
	return nil
}

func (r *run) act(effect Effect) {
	switch e := effect.(type) {
	case Subscribe:
		go r.subscribe(e.Call)
	case Send:
		r.outbox.put(sending{call: e.Call, scheduler: r.scheduler})
	case Tell:
		r.config.Print(e.Notice)
	case Explain:
		go r.explain(e)
	case Follow:
		r.follow(e)
	case Await:
		r.await(e)
	case Background:
		r.leave(e)
	case Arrived:
		r.arrived(e.Task)
	case Unfollow:
		if ended := r.following[e.Task]; ended != nil {
			close(ended)
			delete(r.following, e.Task)
		}
	}
}

// leave goes on without a person: what tasks wait for is nobody's concern any more.
func (r *run) leave(e Background) {
	r.config.Watch = false
	for task := range r.awaited {
		r.arrived(task)
	}
	if r.config.Background != nil {
		r.config.Background(e)
	}
}

// sent takes in what became of a call.
func (r *run) sent(call *schedulerpb.Call, err error) {
	switch {
	case err != nil:
		r.put(CallFailed{call, err})
	case call.GetType() == schedulerpb.Call_TEARDOWN:
		r.put(TornDown{})
	}
}

func (r *run) put(in Input) {
	select {
	case r.inputs <- in:
	case <-r.ctx.Done():
	}
}

func (r *run) subscribe(call *schedulerpb.Call) {
	scheduler, err := r.config.Client.Subscribe(r.ctx, call)
	if err != nil {
		r.put(Disconnected{err})
		return
	}
	r.put(opened{scheduler})
}

func (r *run) readEvents(scheduler *client.Scheduler) {
	for {
		event, err := scheduler.Next()
		if err != nil {
			scheduler.Close()
			r.put(Disconnected{err})
			return
		}
		r.put(Event{event})
	}
}

func (r *run) explain(e Explain) {
	agents, err := r.config.Client.Agents(r.ctx)
	if err != nil {
		r.put(learned{CallRefused{Call: "GET_AGENTS", Err: err}})
		return
	}
	r.put(learned{NothingFits{explain(e.Asked, r.config.Spec.Constraints, r.config.Spec.OfferPatience, agents.GetAgents())}})
}

// follow shows the output of a task until that has ended.
func (r *run) follow(e Follow) {
	agent := r.config.Client.Agent(e.Agent)
	if r.config.Attach != nil {
		r.followers.Go(func() {
			if err := r.config.Attach(r.ctx, agent, e); err != nil && r.ctx.Err() == nil {
				r.put(learned{OutputLost{err}})
			}
		})
		return
	}
	if r.config.Output == nil {
		return
	}
	ended := make(chan struct{})
	r.following[e.Task] = ended
	stdout, stderr := r.config.Output(e.Task)
	r.followers.Go(func() { r.copy(agent.Files(), e.Sandbox+"/stdout", stdout, ended) })
	r.followers.Go(func() { r.copy(agent.Files(), e.Sandbox+"/stderr", stderr, ended) })
}

// copy shows a file that grows until ended is closed.
func (r *run) copy(files client.Files, path string, w io.WriteCloser, ended <-chan struct{}) {
	err := errors.Join(files.Follow(r.ctx, path, w, ended), w.Close())
	switch {
	case err == nil || r.ctx.Err() != nil:
	case errors.Is(err, syscall.EPIPE):
		r.put(Interrupted{CodePipeClosed}) // nobody reads on: no more of it is wanted
	case mesos.KindOf(err) != mesos.NotFound: // a task that never started has no output
		r.lost.Do(func() { r.put(learned{OutputLost{err}}) })
	}
}

// finish reads the output to its end, then takes leave of the master.
func (r *run) finish(end Finish) Result {
	for _, ended := range r.following {
		close(ended)
	}
	if end.AtOnce {
		return end.Result
	}
	read := make(chan struct{})
	go func() {
		r.followers.Wait()
		close(read)
	}()
	var patience <-chan time.Time
	if !end.Result.Ended { // an agent that is gone has no more to show
		patience = time.After(farewellTimeout)
	}
	if !r.wait(read, patience) || r.scheduler == nil {
		return end.Result
	}
	teardown := &schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum(), FrameworkId: r.machine.framework()}
	r.outbox.put(sending{call: teardown, scheduler: r.scheduler})
	r.outbox.close()
	r.wait(r.outbox.done, time.After(farewellTimeout))
	return end.Result
}

// wait waits for done, or until timeout. It reports false if a person did not let it.
func (r *run) wait(done <-chan struct{}, timeout <-chan time.Time) bool {
	for {
		select {
		case <-done:
			return true
		case in := <-r.inputs:
			if in, ok := in.(learned); ok && !isWaiting(in.notice) {
				r.config.Print(in.notice)
			}
		case <-r.config.Interrupts:
			return false
		case <-timeout:
			return true
		case <-r.ctx.Done():
			return false
		}
	}
}
