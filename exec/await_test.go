package exec

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A task is awaited from its agent's first word until it runs or ends.
func TestTaskIsAwaitedUntilItRuns(t *testing.T) {
	count := func(b *bench) (awaited, arrived []mesos.TaskID) {
		for _, e := range b.effects {
			switch e := e.(type) {
			case Await:
				awaited = append(awaited, e.Task)
			case Arrived:
				arrived = append(arrived, e.Task)
			}
		}
		return awaited, arrived
	}
	for _, last := range []mesospb.TaskState{mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_FAILED} {
		b := newBench(t, nil)
		b.launched()
		b.step(update(mesospb.TaskState_TASK_STARTING, ""))
		if awaited, arrived := count(b); !slices.Equal(awaited, []mesos.TaskID{"hello"}) || arrived != nil {
			t.Errorf("starting: %v awaited, %v arrived", awaited, arrived)
		}
		b.step(update(mesospb.TaskState_TASK_STARTING, "again"))
		if awaited, arrived := count(b); awaited != nil || arrived != nil {
			t.Errorf("starting again: %v awaited, %v arrived", awaited, arrived)
		}
		b.step(update(last, ""))
		if awaited, arrived := count(b); awaited != nil || !slices.Equal(arrived, []mesos.TaskID{"hello"}) {
			t.Errorf("%s: %v awaited, %v arrived", last, awaited, arrived)
		}
	}
}

func TestWhatTaskWaitsForInWords(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer == "" || r.URL.Path != "/mesosctl/images" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	agent := client.NewAgent(strings.TrimPrefix(server.URL, "http://"), client.Config{})
	task := Await{Task: "t", Sandbox: "/sandbox", Container: &mesospb.ContainerID{Value: proto.String("c")}}
	for said, want := range map[string]string{
		"":             "", // an agent of Apache Mesos
		`{"pulls":[]}`: "",
		`{"pulls":[{"container_id":"d","image":"a"}]}`:                                                                  "",
		`{"pulls":[{"container_id":"c","image":"a"}]}`:                                                                  "pulling a",
		`{"pulls":[{"container_id":"c.n","image":"a","layers":3,"layers_done":1}]}`:                                     "pulling a: 1 of 3 layers",
		`{"pulls":[{"container_id":"c","image":"a","layers":3,"layers_done":1,"bytes":30000000,"bytes_done":1500000}]}`: "pulling a: 1 of 3 layers, 1.5 of 30.0 MB",
	} {
		answer = said
		if got := waitsFor(t.Context(), agent, task); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
	file := func(name string, mode uint32, size uint64, at int64) *mesospb.FileInfo {
		return &mesospb.FileInfo{
			Path: proto.String("/sandbox/" + name), Mode: &mode, Size: &size, Mtime: &mesospb.TimeInfo{Nanoseconds: &at},
		}
	}
	files := []*mesospb.FileInfo{
		file("stdout", 0o100644, 9e6, 9), file("dir", 0o040755, 4096, 9),
		file("old.tar", 0o100644, 1e6, 1), file("new.tar", 0o100644, 2e6, 2),
	}
	if got := fetching(files); got != "fetching new.tar: 3.0 MB so far" {
		t.Errorf("files: %q", got)
	}
	if got := fetching(files[:2]); got != "" {
		t.Errorf("no files: %q", got)
	}
}
