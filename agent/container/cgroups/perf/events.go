// Package perf counts what happens in cgroups, such as page faults, with the
// performance counters of Linux; see perf_event_open(2).
package perf

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Event is something to count.
type Event struct {
	// Name is the event's field in PerfStatistics.
	Name string
	// kind and config are what the kernel calls it.
	kind   uint32
	config uint64
	field  protoreflect.FieldDescriptor
}

// fields are what PerfStatistics can have. To look at them takes longer than most
// commands of this binary have for their start, so who needs them asks.
func fields() protoreflect.FieldDescriptors {
	return (*mesospb.PerfStatistics)(nil).ProtoReflect().Descriptor().Fields()
}

// set sets the event's field. The kernel counts the time of clocks in nanoseconds,
// of which perf(1) and therefore the field have milliseconds.
func (e *Event) set(statistics *mesospb.PerfStatistics, count uint64) {
	value := protoreflect.ValueOfUint64(count)
	if e.field.Kind() == protoreflect.DoubleKind {
		value = protoreflect.ValueOfFloat64(float64(count) / 1e6)
	}
	statistics.ProtoReflect().Set(e.field, value)
}

// Kinds of events, and numbers of events of the kinds.
const (
	hardware = iota
	software
	_ // tracepoints
	hardwareCache
)

// events are those with names of their own.
var events = map[string]Event{
	"cycles":                  {kind: hardware, config: 0},
	"instructions":            {kind: hardware, config: 1},
	"cache_references":        {kind: hardware, config: 2},
	"cache_misses":            {kind: hardware, config: 3},
	"branches":                {kind: hardware, config: 4},
	"branch_misses":           {kind: hardware, config: 5},
	"bus_cycles":              {kind: hardware, config: 6},
	"stalled_cycles_frontend": {kind: hardware, config: 7},
	"stalled_cycles_backend":  {kind: hardware, config: 8},
	"ref_cycles":              {kind: hardware, config: 9},
	"cpu_clock":               {kind: software, config: 0},
	"task_clock":              {kind: software, config: 1},
	"page_faults":             {kind: software, config: 2},
	"context_switches":        {kind: software, config: 3},
	"cpu_migrations":          {kind: software, config: 4},
	"minor_faults":            {kind: software, config: 5},
	"major_faults":            {kind: software, config: 6},
	"alignment_faults":        {kind: software, config: 7},
	"emulation_faults":        {kind: software, config: 8},
}

// aliases are other names that perf-list(1) has.
var aliases = map[string]string{
	"cpu_cycles": "cycles", "branch_instructions": "branches", "faults": "page_faults", "cs": "context_switches", "migrations": "cpu_migrations",
	"idle_cycles_frontend": "stalled_cycles_frontend", "idle_cycles_backend": "stalled_cycles_backend",
}

// Caches, and what is done with them; a miss is what comes after that.
var (
	caches = []string{"l1_dcache_", "l1_icache_", "llc_", "dtlb_", "itlb_", "branch_", "node_"}
	uses   = [][2]string{{"loads", "load_misses"}, {"stores", "store_misses"}, {"prefetches", "prefetch_misses"}}
)

func cacheEvent(name string) (Event, bool) {
	for i, cache := range caches {
		use, ok := strings.CutPrefix(name, cache)
		if !ok {
			continue
		}
		for j, of := range uses {
			if k := slices.Index(of[:], use); k >= 0 {
				return Event{kind: hardwareCache, config: uint64(i | j<<8 | k<<16)}, true
			}
		}
	}
	return Event{}, false
}

// Parse looks up events by the names of perf-list(1), such as "task-clock" or
// "LLC-loads"; case does not matter. It is an error of kind mesos.Unsupported if one
// has no place in PerfStatistics.
func Parse(names []string) (list []Event, err error) {
	for _, given := range names {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(given)), "-", "_")
		if alias, ok := aliases[name]; ok {
			name = alias
		}
		event, ok := events[name]
		if !ok {
			event, ok = cacheEvent(name)
		}
		event.Name, event.field = name, fields().ByName(protoreflect.Name(name))
		if !ok || event.field == nil {
			return nil, mesos.Errorf(mesos.Unsupported, "perf: there is no event %q whose count can be told", given)
		}
		if !slices.ContainsFunc(list, func(e Event) bool { return e.Name == name }) {
			list = append(list, event)
		}
	}
	return list, nil
}
