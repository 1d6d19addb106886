package httpapi

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

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
		"page":     func() *http.Request { return httptest.NewRequest(http.MethodGet, "/state", nil) },
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
