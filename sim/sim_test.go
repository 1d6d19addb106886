package sim

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

var (
	seed     = flag.Int64("seed", -1, "replay one seed and print its trace")
	apart    = flag.Bool("remote", false, "with -seed: run the allocator in a process of its own")
	operated = flag.Bool("operated", true, "with -seed: with reservations, quotas and maintenance")
	first    = flag.Uint64("first", 1, "the first seed to run")
	seeds    = flag.String("seeds", "6", "how many seeds to run, or forever")
)

// TestSeeds runs the cluster from many seeds, each twice: with the same seed
// the same must happen.
func TestSeeds(t *testing.T) {
	if *seed >= 0 {
		replay(t, uint64(*seed))
		return
	}
	count, first := 0, *first
	if *seeds != "forever" {
		n, err := strconv.Atoi(*seeds)
		if err != nil {
			t.Fatalf("-seeds=%s is neither a number nor forever", *seeds)
		}
		count = n
	} else if first == 1 {
		first = uint64(time.Now().UnixNano())
	}
	began, steps := time.Now(), 0
	for s := first; count == 0 || s < first+uint64(count); s++ {
		n, ok := try(t, s, true)
		if steps += n; !ok {
			return
		}
		if n := s - first + 1; n%100 == 0 {
			fmt.Printf("%d seeds passed, from %d; %.0f steps a second\n", n, first, float64(steps)/time.Since(began).Seconds())
		}
	}
}

// kept are seeds that found something once. What a seed does changes with the
// simulator, so that each finding has a test of its own in the room where it was;
// these are run for what they may find again.
var kept = []struct {
	seed             uint64
	remote, operated bool
	found            string
}{
	{28, false, false, "while the simulator was built"},
	{40, false, false, "while the simulator was built"},
	{44, false, false, "an executor that ended while its agent registered ran for ever in the master's books"},
	{65, false, false, "a task came back after its framework was told TASK_GONE"},
	{163, false, false, "reconciliation told of the end of a task before its beginning"},
	{242, false, false, "a task whose updates were still coming was said to be gone"},
	{1795304695404944671, true, true, "offers under way when an agent left were taken after it was back"},
	{20010, false, true, "allocator and master sent an inverse offer of an agent that was away back and forth for ever"},
	{20057, false, true, "a registry write that was tried twice was done again after what was written since"},
	{30011, true, true, "tasks of a framework that an agent shuts down ran for ever in a new master's books"},
}

func TestKeptSeeds(t *testing.T) {
	for _, k := range kept {
		tryWith(t, k.seed, k.remote, k.operated)
	}
}

// try runs a seed twice, with the allocator here and elsewhere, and reports how
// many steps were done and whether it passed.
func try(t *testing.T, seed uint64, operated bool) (steps int, ok bool) {
	for _, remote := range []bool{false, true} {
		n, ok := tryWith(t, seed, remote, operated)
		if steps += n; !ok {
			return steps, false
		}
	}
	return steps, true
}

func tryWith(t *testing.T, seed uint64, remote, operated bool) (steps int, ok bool) {
	r := run(seed, remote, operated)
	if r.Err != nil {
		t.Errorf("%v\n...\n%s\nreplay with: go test ./sim -run=TestSeeds -seed=%d -remote=%v -operated=%v -v", r.Err, tail(r.Trace, 60), seed, remote, operated)
		return r.Steps, false
	}
	if again := run(seed, remote, operated); !bytes.Equal(r.Trace, again.Trace) {
		t.Errorf("seed %d gave two different traces, which part after:\n%s", seed, tail(common(r.Trace, again.Trace), 20))
		return r.Steps, false
	}
	return 2 * r.Steps, true
}

func replay(t *testing.T, seed uint64) {
	r := run(seed, *apart, *operated)
	if testing.Verbose() {
		os.Stdout.Write(r.Trace)
	}
	if r.Err != nil {
		t.Error(r.Err)
	}
	if again := run(seed, *apart, *operated); !bytes.Equal(r.Trace, again.Trace) {
		t.Errorf("a second run gave another trace, which parts after:\n%s", tail(common(r.Trace, again.Trace), 20))
	}
}

// common is what two traces begin with.
func common(a, b []byte) []byte {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// tail is the last lines of a trace.
func tail(trace []byte, lines int) []byte {
	at := len(trace)
	for range lines {
		at = bytes.LastIndexByte(trace[:max(0, at-1)], '\n') + 1
	}
	return trace[at:]
}
