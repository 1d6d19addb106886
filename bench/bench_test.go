package bench

import (
	"bytes"
	"context"
	"testing"
)

// TestAllocatorRows runs the allocator's benchmark on a small cluster.
func TestAllocatorRows(t *testing.T) {
	var log bytes.Buffer
	rows, err := Run(context.Background(), "allocator", Options{Agents: 20, Frameworks: 5, Repeat: 2, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 8 || log.Len() == 0 {
		t.Errorf("got %d rows and %d bytes of log", len(rows), log.Len())
	}
	for _, r := range rows {
		if r.Value <= 0 || r.Unit != "s" || r.Better != "less" || r.Setting == "" {
			t.Errorf("bad row: %+v", r)
		}
	}
	if err := Table(&log, rows); err != nil {
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
