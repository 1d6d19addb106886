// Package exec is the framework behind `mesosctl execute`: it subscribes, launches
// a task (or a task group), once or many times, on offers that fit, shows what the
// tasks print, and ends with the last of them.
//
// Machine decides, without network or clock; Run is the shell around it.
package exec

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// Waits of the machine.
const (
	// killRetry is how often a kill is asked for until the task has ended.
	killRetry = 5 * time.Second
	// killPatience is how long a task may take to die beyond its grace period: its agent
	// may be gone, of which the master hears much later.
	killPatience = 15 * time.Second
	// resubscribeMin and resubscribeMax bound the pause before a broken
	// subscription is opened again.
	resubscribeMin = 50 * time.Millisecond
	resubscribeMax = time.Second
)

// Exit codes of a run that was interrupted, as shells give them.
const (
	CodeInterrupted = 128 + 2  // SIGINT
	CodePipeClosed  = 128 + 13 // SIGPIPE
)

// Spec is what to run, and how patiently.
type Spec struct {
	Framework *mesospb.FrameworkInfo
	// Tasks is the one task to launch, or those of the group. Their agent_id is filled in.
	Tasks []*mesospb.TaskInfo
	// Group launches Tasks as one task group, in the default executor.
	Group bool
	// Networks are CNI networks that the group's executor joins.
	Networks []string

	// Indexes makes several runs of Tasks, one for each: the IDs of its tasks end in
	// the index, and their commands have it as MESOS_TASK_INDEX. None: one run, as it is.
	Indexes []int
	// Parallel is how many runs there are at most at a time; 0: as many as there is room for.
	Parallel int
	// Retries is how often a run that did not succeed is tried again.
	Retries int
	// Constraints are what agents must be like.
	Constraints []Constraint
	// Detach tells (Background) once every run is under way, or as many as Parallel allows:
	// from then on nobody watches. What goes away is waited for as long as LeftPatience,
	// and an interrupt ends the execution without its tasks.
	Detach       bool
	LeftPatience time.Duration
	// Interactive follows a task only once it runs: Follow names its container then.
	Interactive bool

	// KillAfter kills each task that long after it runs; zero never does.
	KillAfter time.Duration
	// Timeout ends the whole run, with the task; zero never does.
	Timeout time.Duration
	// OfferPatience is how long to wait for an offer that fits before saying what
	// was asked and what there is.
	OfferPatience time.Duration
	// UnreachablePatience is how long to wait for a master or agent that went
	// away; zero waits for ever.
	UnreachablePatience time.Duration
}

// Input is one thing that happened.
type Input interface{ isInput() }

type (
	// Start begins the run. It is the first input.
	Start struct{}
	// Event is an event of the subscription.
	Event struct{ Event *schedulerpb.Event }
	// Disconnected tells that the subscription broke, or did not come about.
	Disconnected struct{ Err error }
	// CallFailed tells that a Send was refused or got no answer.
	CallFailed struct {
		Call *schedulerpb.Call
		Err  error
	}
	// TornDown tells that the master took a TEARDOWN.
	TornDown struct{}
	// Interrupted is a person's wish to end; a second one ends at once. Code is
	// the exit code that it leads to.
	Interrupted struct{ Code int }
	// Tick tells that the time that Next named has come.
	Tick struct{}
)

func (Start) isInput()        {}
func (Event) isInput()        {}
func (Disconnected) isInput() {}
func (CallFailed) isInput()   {}
func (TornDown) isInput()     {}
func (Interrupted) isInput()  {}
func (Tick) isInput()         {}

// Effect is one thing to do, in the order given.
type Effect interface{ isEffect() }

type (
	// Subscribe opens a subscription.
	Subscribe struct{ Call *schedulerpb.Call }
	// Send sends a call over the subscription, after those sent before.
	Send struct{ Call *schedulerpb.Call }
	// Follow shows a task's stdout and stderr from now until Finish.
	Follow struct {
		Task mesos.TaskID
		// Agent is the host:port of the agent, Sandbox the virtual path of the
		// task's sandbox there.
		Agent, Sandbox string
		// Container is the task's, as soon as that is known.
		Container *mesospb.ContainerID
	}
	// Await tells that a task was taken on by its agent and does not run yet, and
	// Arrived that it does, or has ended.
	Await   Follow
	Arrived struct{ Task mesos.TaskID }
	// Unfollow tells that a task that is followed has ended: the rest of its output is shown.
	Unfollow struct{ Task mesos.TaskID }
	// Tell is something that a person may want to know.
	Tell struct{ Notice Notice }
	// Explain tells why nothing was launched yet: Asked is what the tasks need.
	Explain struct{ Asked resources.Resources }
	// Background tells, once, that an execution with Detach needs no person any more.
	Background struct {
		Framework mesos.FrameworkID
		// Tasks are those of all runs, also of those that wait for others to end.
		Tasks []mesos.TaskID
	}
	// Finish is the last effect. AtOnce is set if not even the rest of the output
	// is to be waited for.
	Finish struct {
		Result Result
		AtOnce bool
	}
)

func (Subscribe) isEffect()  {}
func (Send) isEffect()       {}
func (Follow) isEffect()     {}
func (Await) isEffect()      {}
func (Arrived) isEffect()    {}
func (Unfollow) isEffect()   {}
func (Tell) isEffect()       {}
func (Explain) isEffect()    {}
func (Background) isEffect() {}
func (Finish) isEffect()     {}

// Result is how a run ended.
type Result struct {
	// Code is the exit code of the task, if Err is nil; of several runs that of the
	// first, by its index, that did not succeed, or 1 if that has none.
	Code int
	// Err says why there is no exit code.
	Err error
	// Ended tells that every task came to its end, however that was.
	Ended bool
	// Abandoned tells that the tasks go on without anybody.
	Abandoned bool
}

// Machine is the state of one execution. It is not safe for concurrent use.
type Machine struct {
	spec  Spec
	asked resources.Resources   // of one run
	needs []resources.Resources // of each of its tasks

	jobs    []job // all runs, in order
	waiting []int // of jobs that are to be launched
	active  []*job
	tasks   map[string]place // the tasks of active jobs

	// demands are what the master is asked to offer; refused tells that it would
	// not have them, and is asked once more without.
	demands *schedulerpb.OfferConstraints
	refused bool

	frameworkID string
	subscribed  bool
	suppressed  bool
	launched    bool    // something was, ever
	begun       int     // runs that were under way, ever
	alone       bool    // nobody watches
	parting     *Result // all tasks have ended, the framework has not
	finished    bool

	interrupts int
	code       int   // what an interrupt leads to
	gaveUp     error // what a timeout leads to

	resubscribePause time.Duration
	deadlines        [deadlineCount]time.Time
	effects          []Effect
}

// deadline is one of the things that the machine waits for.
type deadline int

const (
	offerDeadline       deadline = iota // say why nothing was launched
	timeoutDeadline                     // the whole run
	surrenderDeadline                   // the tasks that are to end don't
	killDeadline                        // ask for the kill again
	resubscribeDeadline                 // open the subscription again
	masterDeadline                      // the master stays away
	partDeadline                        // ask for the framework's end again
	deadlineCount
)

// Step takes one input and returns what to do. The slice is valid until the next Step.
func (m *Machine) Step(now time.Time, in Input) []Effect {
	clear(m.effects)
	m.effects = m.effects[:0]
	if m.finished {
		return nil
	}
	switch in := in.(type) {
	case Start:
		m.arm(timeoutDeadline, now, m.spec.Timeout)
		m.subscribe()
	case Event:
		m.event(now, in.Event)
	case Disconnected:
		m.disconnected(now, in.Err)
	case CallFailed:
		m.callFailed(now, in)
	case TornDown:
		if m.parting != nil {
			m.finish(*m.parting, true)
		}
	case Interrupted:
		m.interrupted(now, in.Code)
	case Tick:
		m.tick(now)
	}
	return m.effects
}

// Next returns when the next Tick is due; zero means never.
func (m *Machine) Next() time.Time {
	var next time.Time
	if m.finished {
		return next
	}
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, t := range m.deadlines {
		sooner(t)
	}
	for _, j := range m.active {
		sooner(j.awayUntil)
		for i := range j.tasks {
			sooner(j.tasks[i].killAt)
			sooner(j.tasks[i].hearsayUntil)
		}
	}
	return next
}

func (m *Machine) arm(d deadline, now time.Time, after time.Duration) {
	if after > 0 {
		m.deadlines[d] = now.Add(after)
	}
}

func (m *Machine) disarm(d deadline) { m.deadlines[d] = time.Time{} }

// due reports whether a deadline has passed, and disarms it.
func (m *Machine) due(d deadline, now time.Time) bool {
	t := m.deadlines[d]
	if t.IsZero() || now.Before(t) {
		return false
	}
	m.disarm(d)
	return true
}

func (m *Machine) emit(e Effect)     { m.effects = append(m.effects, e) }
func (m *Machine) tell(n Notice)     { m.emit(Tell{n}) }
func (m *Machine) finishErr(e error) { m.finish(Result{Err: e}, false) }

func (m *Machine) finish(r Result, atOnce bool) {
	m.finished = true
	m.emit(Finish{r, atOnce})
}

func (m *Machine) framework() *mesospb.FrameworkID {
	id := m.frameworkID // a copy: calls are encoded on another goroutine
	return &mesospb.FrameworkID{Value: &id}
}

func (m *Machine) send(kind schedulerpb.Call_Type, fill func(*schedulerpb.Call)) {
	call := &schedulerpb.Call{Type: kind.Enum(), FrameworkId: m.framework()}
	if fill != nil {
		fill(call)
	}
	m.emit(Send{call})
}
