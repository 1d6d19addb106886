package master

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// frameworkCounters is what the master counts of one framework. Its methods count.
type frameworkCounters struct {
	changes    uint64 // of everything else here
	calls      [callTypes]uint64
	events     [eventTypes]uint64
	operations [operationTypes]uint64
	active     [taskStates]int64
	terminal   [taskStates]uint64

	offersSent, offersAccepted, offersDeclined, offersRescinded uint64
}

func (c *frameworkCounters) called(call schedulerpb.Call_Type) { c.changes++; c.calls[call]++ }

func (c *frameworkCounters) told(event schedulerpb.Event_Type) { c.changes++; c.events[event]++ }

func (c *frameworkCounters) operated(kind mesospb.Offer_Operation_Type) {
	c.changes++
	c.operations[kind]++
}

// The next count offers.

func (c *frameworkCounters) sent(n int) { c.changes++; c.offersSent += uint64(n) }

func (c *frameworkCounters) accepted(n int) { c.changes++; c.offersAccepted += uint64(n) }

func (c *frameworkCounters) declined() { c.changes++; c.offersDeclined++ }

func (c *frameworkCounters) rescinded() { c.changes++; c.offersRescinded++ }

// taskState counts a task that comes to be in a state.
func (c *frameworkCounters) taskState(state mesospb.TaskState, n int64) {
	c.changes++
	if terminal(state) {
		c.terminal[state] += uint64(n)
	} else {
		c.active[state] += n
	}
}

// taskMoved counts a task that goes from one state to another.
func (c *frameworkCounters) taskMoved(from, to mesospb.TaskState) {
	c.taskGone(from)
	c.taskState(to, 1)
}

// taskGone counts a task that is no longer in a state. Terminal states are
// counted for good.
func (c *frameworkCounters) taskGone(state mesospb.TaskState) {
	if !terminal(state) {
		c.changes++
		c.active[state]--
	}
}

// FrameworkMetrics is what is counted of one framework at one time. There are
// dozens of names of each, and a cluster may have thousands of frameworks, so a
// core only copies the numbers: names are made of them elsewhere. Immutable.
type FrameworkMetrics struct {
	// First what metered looks at: with thousands of frameworks, what it takes is
	// the memory that it has to wait for.
	info       *mesospb.FrameworkInfo
	subscribed bool
	suppressed []string
	counters   frameworkCounters
	id         mesos.FrameworkID
	roles      []string
}

// FrameworkMetrics returns what is counted of each framework, in any order. Where
// nothing has changed since it was asked before, it is the same.
func (m *Master) FrameworkMetrics() []*FrameworkMetrics {
	list := make([]*FrameworkMetrics, 0, len(m.frameworks))
	for _, f := range m.frameworks {
		if !f.metered() {
			f.metrics = &FrameworkMetrics{
				info: f.info, subscribed: f.connected(), suppressed: f.suppressed, counters: f.counters,
				id: f.id, roles: f.roles,
			}
		}
		list = append(list, f.metrics)
	}
	return list
}

// metered reports whether the framework's metrics are what they were. Its name and
// its roles are those of its info.
func (f *framework) metered() bool {
	was := f.metrics
	return was != nil && was.info == f.info && was.subscribed == f.connected() &&
		was.counters.changes == f.counters.changes && slices.Equal(was.suppressed, f.suppressed)
}

// ID is that of the framework.
func (f *FrameworkMetrics) ID() mesos.FrameworkID { return f.id }

// Prefix is what all names of the framework's metrics begin with, and no others.
func (f *FrameworkMetrics) Prefix() string {
	return "master/frameworks/" + escape(f.info.GetName()) + "/" + string(f.id) + "/"
}

// Append appends the framework's metrics, by Mesos's names.
func (f *FrameworkMetrics) Append(dst []Metric) []Metric {
	prefix := f.Prefix()
	put := func(name string, value float64) { dst = append(dst, Metric{prefix + name, value}) }
	subscribed := 0.0
	if f.subscribed {
		subscribed = 1
	}
	put("subscribed", subscribed)
	table(put, "calls", f.counters.calls[:], schedulerpb.Call_Type_name)
	table(put, "events", f.counters.events[:], schedulerpb.Event_Type_name)
	table(put, "operations", f.counters.operations[:], mesospb.Offer_Operation_Type_name)
	for i := range taskStates {
		state := mesospb.TaskState(i)
		if terminal(state) {
			put("tasks/terminal/"+lower(state, ""), float64(f.counters.terminal[i]))
		} else if state != mesospb.TaskState_TASK_UNKNOWN {
			put("tasks/active/"+lower(state, ""), float64(f.counters.active[i]))
		}
	}
	put("offers/sent", float64(f.counters.offersSent))
	put("offers/accepted", float64(f.counters.offersAccepted))
	put("offers/declined", float64(f.counters.offersDeclined))
	put("offers/rescinded", float64(f.counters.offersRescinded))
	for _, role := range f.roles {
		suppressed := 0.0
		for _, s := range f.suppressed {
			if s == role {
				suppressed = 1
			}
		}
		put("roles/"+role+"/suppressed", suppressed)
	}
	return dst
}

// table puts counts by type and their sum. UNKNOWN, which is 0, is no type.
func table(put func(string, float64), name string, counts []uint64, types map[int32]string) {
	sum := uint64(0)
	for i, n := range counts {
		if label, ok := types[int32(i)]; ok && i > 0 {
			put(name+"/"+strings.ToLower(label), float64(n))
			sum += n
		}
	}
	put(name, float64(sum))
}

// escape makes a framework's name part of a metric's name: what means something
// in a URL, and what is not ASCII, becomes %XX.
func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("$&+,/:;=?@\"<>#%{}|\\^~[]`", c) >= 0 {
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
