package agent

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
)

// TestWhateverHappensTheBooksAreRight plays random commands, sensible or not,
// and looks at the agent's books after each.
func TestWhateverHappensTheBooksAreRight(t *testing.T) {
	for seed := range uint64(60) {
		w := &watcher{stage: newStage(t, State{}), shown: map[mesos.ContainerID]*shownExecutor{},
			outstanding: map[string]string{}, ended: map[string]bool{}}
		w.agent.config.MaxCompletedExecutorsPerFramework = 2
		r := rand.New(rand.NewPCG(seed, 1))
		w.watch("start")
		w.watch("connected")
		w.watch("registered")
		for range 300 {
			w.watch(w.randomCommand(r))
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

func (w *watcher) randomCommand(r *rand.Rand) string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	framework := " framework=" + pick("F", "F", "G aware", "H checkpoint")
	executor := " executor=" + pick("A", "B")
	task := fmt.Sprint(" task=t", r.IntN(12))
	uuid := fmt.Sprint(" uuid=", 1_000_000+r.IntN(200))
	container := " container=1"
	if ids := slices.Sorted(maps.Keys(w.agent.containers)); len(ids) > 0 {
		container = " container=" + short(ids[r.IntN(len(ids))])[1:]
	}
	stream := "none"
	if ids := slices.Sorted(maps.Keys(w.agent.streams)); len(ids) > 0 {
		stream = string(ids[r.IntN(len(ids))])
	}
	switch r.IntN(18) {
	case 0, 1, 2:
		return "run" + framework + executor + task + pick("", " new=true", " new=false")
	case 3:
		return "run" + framework + task + " cpu_limit=2"
	case 4:
		return fmt.Sprintf("run%s%s tasks=g%d,h%d group default", framework, executor, r.IntN(9), r.IntN(9)+9)
	case 5, 6:
		return "subscribe" + framework + executor + fmt.Sprint(" stream=", r.Uint64()) + pick("", " unacked-tasks=t1,t2")
	case 7, 8, 9:
		return "update" + framework + executor + task + uuid + " state=" + pick("STARTING", "RUNNING", "RUNNING", "FINISHED", "FAILED")
	case 10, 11:
		return "ack-any" + framework + task
	case 12:
		return "kill" + framework + task
	case 13:
		return pick("shutdown-executor"+framework+executor, "ended"+container, "ended unlaunched"+container,
			"update-failed"+container)
	case 14:
		return pick("started"+container, "stream-closed stream="+stream)
	case 15:
		return pick("link-closed", "connected", "registered", "registered reconcile=t1,zz", "ping connected=false", "connect-failed")
	case 16:
		return pick("after 1s", "after 10s", "after 5m")
	}
	return pick("message-to-executor"+framework+executor, "update-framework"+framework, "shutdown-framework"+framework, "tick")
}

// watcher sees what an agent does as the master and the readers of its state do.
type watcher struct {
	*stage
	shown       map[mesos.ContainerID]*shownExecutor
	outstanding map[string]string // UUID of the update that was sent last, by framework/task
	ended       map[string]bool   // framework/task/container that was published as ended
}

type shownExecutor struct {
	record *ExecutorRecord
	tasks  map[mesos.TaskID]PutTask
}

func (w *watcher) watch(command string) {
	words := splitWords(command)
	if words[0] == "shutdown-framework" { // its updates are forgotten
		id := strings.TrimPrefix(words[1], "framework=") + "/"
		maps.DeleteFunc(w.outstanding, func(key, _ string) bool { return strings.HasPrefix(key, id) })
	}
	if words[0] == "after" {
		w.after(words[1])
	} else {
		args := arguments{}
		for _, word := range words[1:] {
			for i := range word {
				if word[i] == '=' {
					args[word[:i]] = word[i+1:]
				}
			}
			if _, ok := args[word]; !ok {
				args[word] = ""
			}
		}
		if words[0] == "ack-any" {
			key := args["framework"] + "/" + args["task"]
			if w.outstanding[key] == "" {
				return
			}
			w.see(w.agent.Step(w.now, toAgent(w.link, &linkpb.ToAgent{Message: &linkpb.ToAgent_Acknowledge{
				Acknowledge: &linkpb.Acknowledge{FrameworkId: args.framework(), TaskId: args.task(),
					Uuid: []byte(w.outstanding[key])}}})), key)
		} else {
			w.see(w.agent.Step(w.now, w.input(words[0], args)), "")
		}
	}
	w.audit(command)
}

// after lets time pass.
func (w *watcher) after(text string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		w.t.Fatal(err)
	}
	end := w.now.Add(d)
	for {
		next := w.agent.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
		w.see(w.agent.Step(w.now, Tick{}), "")
	}
	w.now = end
}

// see takes effects; acknowledged is the framework/task whose update was
// acknowledged just before them.
func (w *watcher) see(effects []Effect, acknowledged string) {
	if acknowledged != "" {
		delete(w.outstanding, acknowledged)
	}
	for _, effect := range effects {
		switch e := effect.(type) {
		case SendMaster:
			if !w.agent.holds(e.Link) && w.agent.link.state != linkDown {
				w.t.Errorf("sent on link %d, which is not held", e.Link)
			}
			if u := e.Message.GetStatusUpdate(); u != nil {
				w.sent(u)
			}
		case PutExecutor:
			if w.shown[e.Executor.Container] == nil {
				w.shown[e.Executor.Container] = &shownExecutor{tasks: map[mesos.TaskID]PutTask{}}
			}
			w.shown[e.Executor.Container].record = e.Executor
		case PutTask:
			w.published(e)
		case DropTask:
			delete(w.shown[e.Container].tasks, e.Task)
		case DropExecutor:
			delete(w.shown, e.Container)
		case DropFramework:
			for id, x := range w.shown {
				if x.record.Info.GetFrameworkId().GetValue() == string(e.ID) {
					delete(w.shown, id)
				}
			}
		}
	}
}

func (w *watcher) sent(u *linkpb.StatusUpdate) {
	key := u.GetFrameworkId().GetValue() + "/" + u.GetStatus().GetTaskId().GetValue()
	id := string(u.GetStatus().GetUuid())
	if before, ok := w.outstanding[key]; ok && before != id {
		w.t.Errorf("update %x of %s was sent before %x was acknowledged", id, key, before)
	}
	w.outstanding[key] = id
}

func (w *watcher) published(e PutTask) {
	id := mesos.TaskID(e.Task.GetTaskId().GetValue())
	key := fmt.Sprint(e.Task.GetFrameworkId().GetValue(), "/", id, "/", e.Container)
	terminal := mesos.TaskState(e.Task.GetState()).Terminal()
	if w.ended[key] && !terminal && e.List != TaskQueued {
		w.t.Errorf("task %s left a terminal state for %s", key, e.Task.GetState())
	}
	w.ended[key] = terminal
	if w.shown[e.Container] == nil {
		w.t.Errorf("task %s was published before its executor", key)
		return
	}
	w.shown[e.Container].tasks[id] = e
}

// audit compares the agent's books with each other and with what was published.
func (w *watcher) audit(command string) {
	a := w.agent
	var used [len(meteredResources)]amount
	var tasks [len(a.metrics.tasks)]int
	var executors [len(a.metrics.executors)]int
	for _, f := range a.frameworks.values() {
		if f.executors.len() == 0 {
			w.t.Errorf("after %q: framework %s has no executor", command, f.id)
		}
		n := 0
		for _, e := range f.executors.values() {
			n += w.auditExecutor(command, e)
			executors[e.state]++
			count(&used, e.allocated, +1)
			for _, t := range e.live() {
				tasks[t.state()]++
			}
		}
		if n != len(f.tasks) {
			w.t.Errorf("after %q: framework %s has %d tasks, its executors %d", command, f.id, len(f.tasks), n)
		}
	}
	if used != a.metrics.used || tasks != a.metrics.tasks || executors != a.metrics.executors {
		w.t.Errorf("after %q: meters are %v %v %v, should be %v %v %v", command,
			a.metrics.used, a.metrics.tasks, a.metrics.executors, used, tasks, executors)
	}
	for i, x := range a.alarms.heap {
		if x.place != i+1 {
			w.t.Errorf("after %q: alarm %d believes to be at %d", command, i, x.place-1)
		}
	}
}

func (w *watcher) auditExecutor(command string, e *executor) int {
	sum := resources.Resources{}
	if e.state != executorTerminated {
		sum = e.own
	}
	n := 0
	for _, list := range []TaskList{TaskQueued, TaskLaunched, TaskTerminated} {
		for _, t := range e.list(list).values() {
			n++
			if list.live() {
				sum = sum.Add(t.resources)
			}
			if e.framework.tasks[t.id] != t || t.list != list {
				w.t.Errorf("after %q: task %s is not where it should be", command, t.id)
			}
			if shown := w.shown[e.container].tasks[t.id]; shown.List != list || shown.Task != t.record {
				w.t.Errorf("after %q: task %s is shown as %v", command, t.id, shown)
			}
			if (list == TaskTerminated) && !e.framework.terminating && !t.state().Terminal() {
				w.t.Errorf("after %q: task %s has ended, but is %s", command, t.id, t.state())
			}
		}
	}
	if !sum.Equal(e.allocated) {
		w.t.Errorf("after %q: executor %s holds %s, should hold %s", command, e.id, e.allocated, sum)
	}
	if shown := w.shown[e.container]; shown == nil || resourcesText(shown.record.Resources) != resourcesText(e.resources()) {
		w.t.Errorf("after %q: executor %s is shown wrong", command, e.id)
	}
	if e.connected() != (w.agent.streams[e.stream] == e) {
		w.t.Errorf("after %q: stream of executor %s is lost", command, e.id)
	}
	return n
}
