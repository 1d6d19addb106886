package httpapi

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// largeCluster fills a view with agents, each with tasks that run and as many
// that have ended.
func largeCluster(v *MasterView, agents, tasksPerAgent, frameworks int) {
	for i := range frameworks {
		v.PutFramework(frameworkRecordOf(fmt.Sprintf("1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-%04d", i), true), false)
	}
	for i := range agents {
		agent := fmt.Sprintf("1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-S%d", i)
		v.PutAgent(registeredAgent(agent))
		for j := range tasksPerAgent {
			framework := fmt.Sprintf("1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-%04d", (i+j)%frameworks)
			id := fmt.Sprintf("task-%d-%d", i, j)
			v.PutTask(task(framework, agent, id, mesospb.TaskState_TASK_RUNNING, 1795292506), TaskActive)
			v.PutTask(task(framework, agent, id+"-old", mesospb.TaskState_TASK_FINISHED, 1795292506), TaskCompleted)
		}
	}
}

// nowhere takes an answer and forgets it.
type nowhere struct {
	header http.Header
	bytes  int64
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(int)             {}
func (n *nowhere) Write(p []byte) (int, error) { n.bytes += int64(len(p)); return len(p), nil }

// BenchmarkState is about 2,000 agents with 20,000 tasks that run and 20,000
// that ended: a tenth of the cluster that `mesosctl bench state` measures.
func BenchmarkState(b *testing.B) {
	config, _ := leader()
	largeCluster(config.View, 2000, 10, 100)
	master := NewMaster(config)
	for name, request := range map[string]func() *http.Request{
		"page": func() *http.Request { return httptest.NewRequest(http.MethodGet, "/state", nil) },
		"gzip": func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/state", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			return r
		},
		"json":     func() *http.Request { return getState(jsonType) },
		"protobuf": func() *http.Request { return getState(protobufType) },
		"tasks":    func() *http.Request { return httptest.NewRequest(http.MethodGet, "/tasks", nil) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := &nowhere{header: make(http.Header)}
				master.ServeHTTP(w, request())
				b.SetBytes(w.bytes)
			}
		})
	}
	b.Run("page over TCP", func(b *testing.B) {
		server := httptest.NewServer(master)
		defer server.Close()
		for b.Loop() {
			answer, err := http.Get(server.URL + "/state")
			if err != nil {
				b.Fatal(err)
			}
			n, _ := io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			b.SetBytes(n)
		}
	})
}

// What is measured above is right, too.
func TestALargeClusterIsShownWhole(t *testing.T) {
	const agents, tasks, frameworks = 200, 10, 20
	config, _ := leader()
	config.View = NewMasterView()
	largeCluster(config.View, agents, tasks, frameworks)
	master := NewMaster(config)
	// covers: MasterStateQuery_BENCHMARK_Test.GetState
	state := call(t, master, `{"type":"GET_STATE"}`, new(masterpb.Response))
	running, ended := state.GetGetState().GetGetTasks().GetTasks(), state.GetGetState().GetGetTasks().GetCompletedTasks()
	if state.GetType() != masterpb.Response_GET_STATE || len(running) != agents*tasks || len(ended) != agents*tasks {
		t.Errorf("%s has %d running and %d ended tasks", state.GetType(), len(running), len(ended))
	}
	page := fetch[struct{ Slaves, Frameworks []object }](t, master, "/state")
	if len(page.Slaves) != agents || len(page.Frameworks) != frameworks {
		t.Errorf("/state has %d agents and %d frameworks", len(page.Slaves), len(page.Frameworks))
	}
	// covers: MasterMetricsQuery_BENCHMARK_Test.GetMetrics
	config.MetricGroups = func(context.Context) (list []*MetricGroup) {
		for i := range 10_000 {
			prefix := fmt.Sprintf("master/frameworks/f/%d/", i)
			list = append(list, &MetricGroup{Prefix: prefix, Metrics: func() []Metric {
				return []Metric{{prefix + "calls", float64(i)}, {prefix + "active", 1}}
			}})
		}
		return list
	}
	master = NewMaster(config)
	metrics := call(t, master, `{"type":"GET_METRICS","get_metrics":{}}`, new(masterpb.Response)).GetGetMetrics().GetMetrics()
	snapshot := fetch[map[string]float64](t, master, "/metrics/snapshot")
	if len(metrics) != 20_002 || len(snapshot) != 20_002 || snapshot["master/frameworks/f/9999/calls"] != 9999 {
		t.Errorf("there are %d metrics, and %d in the snapshot", len(metrics), len(snapshot))
	}
	// covers: MasterActorResponsiveness_BENCHMARK_Test.WithV0StateLoad
	server := httptest.NewServer(master)
	defer server.Close()
	get := func(path string) {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		if n, err := io.Copy(io.Discard, answer.Body); answer.StatusCode != http.StatusOK || err != nil {
			t.Errorf("%s: %d after %d bytes, %v", path, answer.StatusCode, n, err)
		}
	}
	var readers sync.WaitGroup
	for range 10 {
		readers.Go(func() {
			for range 5 {
				get("/state")
			}
		})
	}
	for range 50 {
		get("/health")
	}
	readers.Wait()
}

func getState(accept string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(`{"type":"GET_STATE"}`))
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("Accept", accept)
	return r
}

// BenchmarkPutTask is what publishing a change of a task costs the writer.
func BenchmarkPutTask(b *testing.B) {
	v := NewMasterView()
	largeCluster(v, 1000, 10, 10)
	t := task("1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-0003", "1c8c5da7-a6e5-4f8a-8c0e-0c9b5ba4a0a5-S3", "task-3-0", mesospb.TaskState_TASK_RUNNING, 1)
	b.ReportAllocs()
	for b.Loop() {
		v.PutTask(t, TaskActive)
	}
}

// BenchmarkIdleStreams reports what a subscriber that waits costs the server in
// memory: heap and stacks.
func BenchmarkIdleStreams(b *testing.B) {
	const streams = 1000
	config, backend := leader()
	backend.streams = make(chan *Stream, streams)
	server := httptest.NewServer(NewMaster(config))
	defer server.Close()
	body := []byte(`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"f"}}}`)
	head := fmt.Appendf(nil, "POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	for b.Loop() {
		before := inUse()
		var conns []net.Conn
		var open []*Stream
		for range streams {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			conns = append(conns, conn)
			if _, err := conn.Write(head); err != nil {
				b.Fatal(err)
			}
			open = append(open, <-backend.streams)
		}
		for _, conn := range conns { // each has its answer
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(inUse()-before)/streams, "B/stream")
		for i, conn := range conns {
			open[i].Close()
			conn.Close()
		}
	}
}
