package container_test

import (
	"context"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"google.golang.org/protobuf/proto"
)

// covers: MesosContainerizerDestroyTest.DestroyWhileFetching
func TestDestroyWhileFetching(t *testing.T) {
	l := containertest.New(t, container.Config{})
	fetching := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(fetching)
		<-r.Context().Done()
	}))
	defer server.Close()
	spec := containertest.Spec(t, containertest.Shell("echo ran"))
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: proto.String(server.URL + "/file")}}
	launched := make(chan error, 1)
	go func() {
		_, err := l.Launch(context.Background(), spec)
		launched <- err
	}()
	<-fetching
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy = %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "destroyed") {
		t.Errorf("launch = %v, want that it was destroyed", err)
	}
	if stdout := containertest.Read(t, spec, "stdout"); stdout != "" {
		t.Errorf("the command ran: %q", stdout)
	}
	if m := l.Metrics(); m["containerizer/fetcher/task_fetches_failed"] != 1 {
		t.Errorf("metrics = %v, want a fetch that failed", m)
	}
}

// slowIsolator prepares until it is told to stop.
type slowIsolator struct {
	container.Passive
	preparing chan struct{}
}

func (i slowIsolator) Prepare(ctx context.Context, _ *container.Plan) error {
	close(i.preparing)
	<-ctx.Done()
	return ctx.Err()
}

// covers: MesosContainerizerDestroyTest.DestroyWhilePreparing
func TestDestroyWhilePreparing(t *testing.T) {
	preparing := make(chan struct{})
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{slowIsolator{preparing: preparing}}})
	spec := containertest.Spec(t, containertest.Shell("echo ran"))
	launched := make(chan error, 1)
	go func() {
		_, err := l.Launch(context.Background(), spec)
		launched <- err
	}()
	<-preparing
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy = %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v, want that it was destroyed", err)
	}
}

func TestFetchedProgramRuns(t *testing.T) {
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Argv("program"))
	from := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(from, []byte("#!/bin/sh\necho fetched\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &from, Executable: proto.Bool(true)}}
	if _, stdout, _ := containertest.Run(t, l, spec); stdout != "fetched\n" {
		t.Errorf("stdout = %q", stdout)
	}
	if m := l.Metrics(); m["containerizer/fetcher/task_fetches_succeeded"] != 1 {
		t.Errorf("metrics = %v, want a fetch that succeeded", m)
	}
}

// testIsolator fails where it is told to and counts its cleanups.
type testIsolator struct {
	container.Passive
	prepare, isolate error
	cleanups         *int
}

func (i testIsolator) Prepare(context.Context, *container.Plan) error        { return i.prepare }
func (i testIsolator) Isolate(context.Context, mesos.ContainerID, int) error { return i.isolate }
func (i testIsolator) Cleanup(context.Context, mesos.ContainerID) error      { *i.cleanups++; return nil }

// covers: MesosContainerizerIsolatorPreparationTest.ScriptFails
func TestIsolatorThatFails(t *testing.T) {
	broken := mesos.Errorf(mesos.Unavailable, "broken")
	for _, isolator := range []testIsolator{{prepare: broken}, {isolate: broken}} {
		cleanups := 0
		isolator.cleanups = &cleanups
		l := containertest.New(t, container.Config{Isolators: []container.Isolator{isolator}})
		spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
		_, err := l.Launch(t.Context(), spec)
		if isolator.prepare != nil && err == nil {
			t.Error("launched what could not be prepared")
		}
		if isolator.isolate != nil {
			exit := containertest.Wait(t, l, spec.ID)
			if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED || !strings.Contains(exit.Message, "broken") {
				t.Errorf("exit = %+v", exit)
			}
		}
		if cleanups != 1 {
			t.Errorf("cleaned up %d times", cleanups)
		}
	}
}
