package bench

import (
	"flag"
	"strings"
	"testing"
)

var (
	goals      = flag.Bool("goals", false, "measure what the goals are set for")
	name       = flag.String("name", "allocator", "the benchmark to measure")
	agents     = flag.Int("agents", 0, "agents instead of those of the goals")
	frameworks = flag.Int("frameworks", 0, "frameworks instead of those of the goals")
	cpu        = flag.String("cpu", "", "write a CPU profile to this file")
)

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
