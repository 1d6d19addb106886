package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// State measures readers of a large cluster, and what they do to a scheduler.
func State(ctx context.Context, opts Options) ([]Row, error) {
	var rows []Row
	for _, measure := range []func(context.Context, Options) ([]Row, error){readState, callsUnderRead, readMetrics} {
		more, err := measure(ctx, opts)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// load is what a cluster holds that was made up: each agent has as many running
// tasks as completed ones.
type load struct{ agents, tasks, frameworks int }

func (l load) String() string {
	return fmt.Sprintf("%d agents, %d running and %d completed tasks of %d frameworks",
		l.agents, l.agents*l.tasks, l.agents*l.tasks, l.frameworks)
}

// large is the load of the goals, unless the options say otherwise.
func large(opts Options) (l load, usual bool) {
	if opts.Agents > 0 || opts.Tasks > 0 || opts.Frameworks > 0 {
		return load{cmp.Or(opts.Agents, 1), cmp.Or(opts.Tasks, 1), cmp.Or(opts.Frameworks, 1)}, false
	}
	return load{20_000, 10, 200}, true // a framework keeps 1000 completed tasks
}

// hold makes a control plane that knows of the load, told by simulated agents.
func (l load) hold(ctx context.Context) (*controlPlane, *fleet, error) {
	master, err := startControlPlane(ctx, l.agents)
	if err != nil {
		return nil, nil, err
	}
	f := newFleet(master, l.agents, "cpus:24;mem:4096;disk:4096;ports:[31000-32000]")
	if err = f.connect(ctx); err == nil {
		err = f.register(ctx)
	}
	if err == nil {
		l.fill(f)
		f.disconnect()
		err = master.restart(ctx)
	}
	if err == nil {
		err = f.connect(ctx)
	}
	if err != nil {
		f.disconnect()
		master.stop()
		return nil, nil, err
	}
	return master, f, nil
}

// fill makes up what the agents run and ran.
func (l load) fill(f *fleet) {
	frameworks := make([]*mesospb.FrameworkInfo, l.frameworks)
	for i := range frameworks {
		frameworks[i] = benchFramework(i)
	}
	for i, a := range f.agents {
		framework := frameworks[i%l.frameworks]
		message := &linkpb.Reregister{
			AgentInfo: a.info, Version: proto.String("1.12.0"), Capabilities: capabilities,
			Frameworks: []*mesospb.FrameworkInfo{framework},
		}
		for j := range l.tasks {
			id := strconv.Itoa(i) + "." + strconv.Itoa(j)
			message.Tasks = append(message.Tasks, runningTask(framework.Id, a.info.Id, id))
			message.CompletedTasks = append(message.CompletedTasks, finishedTask(framework.Id, a.info.Id, "done."+id))
		}
		a.reregister = &linkpb.ToMaster{Message: &linkpb.ToMaster_Reregister{Reregister: message}}
	}
}

// benchFramework is a framework of many.
func benchFramework(i int) *mesospb.FrameworkInfo {
	return &mesospb.FrameworkInfo{
		User: proto.String("root"), Name: proto.String("bench " + strconv.Itoa(i)),
		Id:         &mesospb.FrameworkID{Value: proto.String(fmt.Sprintf("bench-%04d", i))},
		Checkpoint: proto.Bool(true), FailoverTimeout: proto.Float64(3600), Roles: []string{mesos.AnyRole},
		Capabilities: []*mesospb.FrameworkInfo_Capability{{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}},
	}
}

// finishedTask is a task as an agent tells of it when all is acknowledged.
func finishedTask(framework *mesospb.FrameworkID, agent *mesospb.AgentID, id string) *mesospb.Task {
	task := runningTask(framework, agent, id)
	finished := mesospb.TaskState_TASK_FINISHED.Enum()
	last := task.Statuses[0].CloneVT()
	last.State, last.Timestamp = finished, proto.Float64(1.8e9+60)
	task.Statuses = append(task.Statuses, last)
	task.State, task.StatusUpdateState = finished, finished
	return task
}

// readState measures one reader of everything.
func readState(ctx context.Context, opts Options) ([]Row, error) {
	l, usual := large(opts)
	master, f, err := l.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer master.stop()
	defer f.disconnect()
	before := heap()
	if err := f.again(ctx); err != nil {
		return nil, err
	}
	opts.logf("state: %s: %d MB of the master's heap", l, (heap()-before)>>20)
	getState, err := wire.MarshalJSON(&masterpb.Call{Type: masterpb.Call_GET_STATE.Enum()})
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, read := range []struct {
		work, path, body, accept string
		goal                     time.Duration
	}{
		{"/state", "/state", "", wire.JSON.String(), 200 * time.Millisecond},
		{"GET_STATE, protobuf", "/api/v1", string(getState), wire.Protobuf.String(), 200 * time.Millisecond},
		{"GET_STATE, JSON", "/api/v1", string(getState), wire.JSON.String(), 300 * time.Millisecond},
	} {
		if !usual {
			read.goal = 0
		}
		var first time.Duration
		var times []time.Duration
		var bytes int64
		for i := range cmp.Or(opts.Repeat, 7) + 1 {
			var failed error
			took := timed(func() { bytes, failed = fetch(ctx, master.address(), read.path, read.body, read.accept) })
			if failed != nil {
				return rows, failed
			}
			if i == 0 {
				first = took // records are encoded once
				continue
			}
			times = append(times, took)
		}
		rows = append(rows, seconds("state", read.work,
			fmt.Sprintf("%s, %d MB, one client, median of %d; the first one took %v", l, bytes>>20, len(times), first.Round(time.Millisecond)),
			median(times), read.goal))
		runtime.GC() // what is for one is not the next one's to sweep
	}
	opts.logf("state: %d MB of the master's heap after every encoding was asked for", (heap()-before)>>20)
	return rows, nil
}

// readBytes is how much a reader takes at once: it shares the processors with the
// master, and is not what is measured.
const readBytes = 128 << 10

// fetch reads an answer to its end and returns its size.
func fetch(ctx context.Context, address, path, body, accept string) (int64, error) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", wire.JSON.String())
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, readBytes))
	if err == nil && response.StatusCode != http.StatusOK {
		err = mesos.Errorf(mesos.Internal, "%s: %s", path, response.Status)
	}
	return n, err
}

// callsUnderRead measures a scheduler's calls while others read.
func callsUnderRead(ctx context.Context, opts Options) ([]Row, error) {
	if err := opts.findBinary(); err != nil {
		return nil, err
	}
	const clients = 5
	l, goal := load{100, 100, 10}, 5*time.Millisecond
	if other, usual := large(opts); !usual {
		l, goal = other, 0
	}
	master, f, err := l.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer master.stop()
	defer f.disconnect()
	if err := f.again(ctx); err != nil {
		return nil, err
	}
	scheduler, reconcile, err := reconciler(ctx, master)
	if err != nil {
		return nil, err
	}
	defer scheduler.Close()
	others, err := startReaders(opts.Binary, master.address(), clients) // of which the first has every record encoded
	if err != nil {
		return nil, err
	}
	defer others.stop() //nolint:errcheck // it is asked below if all went well
	calls := cmp.Or(opts.Repeat, 2000)
	times := make([]time.Duration, 0, calls)
	for range calls {
		var failed error
		times = append(times, timed(func() {
			failed = scheduler.Call(ctx, reconcile)
		}))
		if failed != nil {
			return nil, failed
		}
	}
	if err := others.stop(); err != nil {
		return nil, err
	}
	slices.Sort(times)
	return []Row{seconds("state", "a scheduler's call under read load, 99th percentile",
		fmt.Sprintf("%d calls one after the other, %d clients in another process load /state of %s; median %v, slowest %v", calls, clients, l,
			times[len(times)/2].Round(time.Microsecond), times[len(times)-1].Round(time.Microsecond)),
		times[len(times)*99/100], goal)}, nil
}

// reconciler is a scheduler and its call that asks for the state of one task. Its
// events are taken until it is closed.
func reconciler(ctx context.Context, master *controlPlane) (*client.Scheduler, *schedulerpb.Call, error) {
	c, err := client.New(client.Config{Masters: []string{master.address()}, MediaType: wire.Protobuf})
	if err != nil {
		return nil, nil, err
	}
	info := benchFramework(0)
	info.Id = nil
	s, err := c.Subscribe(ctx, &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info},
	})
	if err != nil {
		return nil, nil, err
	}
	subscribed, err := s.Next()
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	go func() {
		for err == nil {
			_, err = s.Next()
		}
	}()
	return s, &schedulerpb.Call{
		Type: schedulerpb.Call_RECONCILE.Enum(), FrameworkId: subscribed.GetSubscribed().GetFrameworkId(),
		Reconcile: &schedulerpb.Call_Reconcile{Tasks: []*schedulerpb.Call_Reconcile_Task{{
			TaskId: &mesospb.TaskID{Value: proto.String("0.0")},
		}}},
	}, nil
}

// readMetrics measures /metrics/snapshot with many frameworks subscribed.
func readMetrics(ctx context.Context, opts Options) ([]Row, error) {
	frameworks, goal := 10_000, 30*time.Millisecond
	if opts.Agents > 0 || opts.Tasks > 0 || opts.Frameworks > 0 {
		frameworks, goal = cmp.Or(opts.Frameworks, 1), 0
	}
	master, err := startControlPlane(ctx, sockets+1) // within the process
	if err != nil {
		return nil, err
	}
	defer master.stop()
	for i := range frameworks {
		conn, err := subscribeBare(ctx, master, i)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
	}
	var times []time.Duration
	var bytes int64
	for range cmp.Or(opts.Repeat, 20) + 1 {
		var failed error
		times = append(times, timed(func() {
			bytes, failed = fetch(ctx, master.address(), "/metrics/snapshot", "", wire.JSON.String())
		}))
		if failed != nil {
			return nil, failed
		}
	}
	return []Row{seconds("state", "/metrics/snapshot",
		fmt.Sprintf("%d frameworks subscribed, %d kB, median of %d", frameworks, bytes>>10, len(times)-1), median(times[1:]), goal)}, nil
}

// subscribeBare subscribes a framework and leaves the stream alone: it is small
// enough for what a framework without offers is told.
func subscribeBare(ctx context.Context, master *controlPlane, i int) (net.Conn, error) {
	info := benchFramework(i)
	info.Id = nil
	body, err := wire.Marshal(&schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info},
	})
	if err != nil {
		return nil, err
	}
	conn, err := master.dial(ctx)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "POST /api/v1/scheduler HTTP/1.1\r\nHost: bench\r\nContent-Type: %[1]s\r\nAccept: %[1]s\r\nContent-Length: %[2]d\r\n\r\n%[3]s",
		wire.Protobuf, len(body), body)
	if err == nil {
		var status string
		if status, err = bufio.NewReader(conn).ReadString('\n'); err == nil && !strings.Contains(status, " 200 ") {
			err = mesos.Errorf(mesos.Internal, "subscribe: %s", strings.TrimSpace(status))
		}
	}
	if err != nil {
		conn.Close() // it is not used
		return nil, err
	}
	return conn, nil
}
