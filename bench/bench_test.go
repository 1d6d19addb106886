package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// TestMain makes this program the one that the benchmarks start.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "bench" && os.Args[2] == "readers" {
		n, err := strconv.Atoi(os.Args[4])
		if err == nil {
			err = RunReaders(context.Background(), os.Args[3], n, os.Stdin, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestAllocatorRows runs the allocator's benchmark on a small cluster.
func TestAllocatorRows(t *testing.T) {
	var log bytes.Buffer
	rows, err := Run(context.Background(), "allocator", Options{Agents: 20, Frameworks: 5, Repeat: 2, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 24 || log.Len() == 0 {
		t.Errorf("got %d rows and %d bytes of log", len(rows), log.Len())
	}
	for i, r := range rows {
		if r.Name != "allocator" || r.Value < 0 || r.Better != "less" || r.Setting == "" || r.Goal != 0 {
			t.Errorf("bad row: %+v", r)
		}
		if r.Unit != "s" && (i < 8 || !slices.Contains([]string{"MB", "objects", "times"}, r.Unit)) {
			t.Errorf("bad unit: %+v", r)
		}
	}
	if err := Table(&log, rows); err != nil {
		t.Error(err)
	}
}

// TestShapesAreChosen measures one shape only, and none that isn't there.
func TestShapesAreChosen(t *testing.T) {
	opts := Options{Agents: 20, Frameworks: 5, Repeat: 1, Shapes: []string{"quota"}}
	rows, err := Run(context.Background(), "allocator", opts)
	if err != nil || len(rows) != 2 {
		t.Errorf("got %d rows: %v", len(rows), err)
	}
	opts.Shapes = []string{"round"}
	if _, err := Run(context.Background(), "allocator", opts); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("got %v", err)
	}
}

// TestControlPlaneRows runs those that need a master, in this process, on small clusters.
func TestControlPlaneRows(t *testing.T) {
	opts := Options{Agents: 3, Tasks: 50, Repeat: 1}
	rows, err := Failover(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	launched, err := launchMany(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	read, err := State(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	held, err := masterMemory(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if held.Name != "memory" || held.Value < 0 || held.Setting == "" || held.Goal != 0 { // so small a cluster may cost nothing
		t.Errorf("bad row: %+v", held)
	}
	if len(rows) != 1 || rows[0].Better != "less" || launched.Better != "more" || len(read) != 5 {
		t.Errorf("bad rows: %+v, %+v, %+v", rows, launched, read)
	}
	for _, r := range append(rows, launched) {
		if r.Name == "" || r.Value <= 0 || r.Setting == "" || r.Goal != 0 {
			t.Errorf("bad row: %+v", r)
		}
	}
}

// TestAgentsWithinTheProcess is of agents that are more than there may be sockets.
func TestAgentsWithinTheProcess(t *testing.T) {
	master, err := startControlPlane(t.Context(), sockets+1)
	if err != nil {
		t.Fatal(err)
	}
	defer master.stop()
	f := newFleet(master, 20, "cpus:1;mem:64")
	if err := f.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer f.disconnect()
	if err := f.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (recovery{agents: 20}).check(t.Context(), master); err != nil {
		t.Error(err)
	}
}

// TestGoals runs the work that the goals are set for: go test -run Goals -goals.
func TestGoals(t *testing.T) {
	if !*goals {
		t.Skip("measures for a minute; ask for it with -goals")
	}
	rows, err := Run(context.Background(), *name, Options{Agents: *agents, Frameworks: *frameworks, CPUProfile: *cpu, Log: testLog{t}})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := Table(&table, rows); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
}
