package bench

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// shapes is the works that the allocator is measured in, in the order of their
// rows.
var shapes = []struct {
	name    string
	measure func(*measurement)
}{
	{"goals", measureGoals},
	{"declining", measureDeclining},
	{"suppressing", measureSuppressing},
	{"roles", measureRoles},
	{"quota", measureQuota},
	{"reservations", measureReservations},
	{"ports", measurePorts},
	{"memory", measureMemory},
	{"growth", measureGrowth},
}

// Shapes is the names of the shapes of work that the allocator is measured in.
func Shapes() []string {
	names := make([]string, len(shapes))
	for i, s := range shapes {
		names[i] = s.name
	}
	return names
}

// Allocator measures the allocator's core: first in the works for which goals
// are set, in which Apache Mesos measures its own, then in other shapes of work.
func Allocator(ctx context.Context, opts Options) ([]Row, error) {
	for _, name := range opts.Shapes {
		if !slices.Contains(Shapes(), name) {
			return nil, mesos.Errorf(mesos.Invalid, "there is no shape %q; there are %s", name, strings.Join(Shapes(), ", "))
		}
	}
	m := &measurement{ctx: ctx, opts: opts}
	for _, s := range shapes {
		if ctx.Err() == nil && (len(opts.Shapes) == 0 || slices.Contains(opts.Shapes, s.name)) {
			s.measure(m)
		}
	}
	return m.rows, ctx.Err()
}

// measurement is figures in the making.
type measurement struct {
	ctx  context.Context
	opts Options
	rows []Row
}

// add adds a figure.
func (m *measurement) add(r Row) {
	r.Name = "allocator"
	m.opts.logf("%s, %s: %s", r.Work, r.Setting, amount(r.Value, r.Unit))
	m.rows = append(m.rows, r)
}

// took adds the time of some work; it is compared with the goal if the work has
// the size that the goal was set for.
func (m *measurement) took(work, setting string, value, goal time.Duration) {
	if m.opts.Agents > 0 || m.opts.Frameworks > 0 {
		goal = 0
	}
	m.add(seconds("allocator", work, setting, value, goal))
}

// size is how many agents and frameworks to measure with: so many unless asked
// for others.
func (m *measurement) size(agents, frameworks int) (int, int) {
	if m.opts.Agents > 0 {
		agents = m.opts.Agents
	}
	if m.opts.Frameworks > 0 {
		frameworks = m.opts.Frameworks
	}
	return agents, frameworks
}

// repeats is how often to measure: so often unless asked for otherwise.
func (m *measurement) repeats(usual int) int {
	if m.opts.Repeat > 0 {
		return m.opts.Repeat + 1 // the first is the warm-up
	}
	return usual
}

// times measures how long do takes, so often or until the context ends.
func (m *measurement) times(n int, do func()) []time.Duration {
	var list []time.Duration
	for range n {
		if m.ctx.Err() != nil && len(list) > 0 {
			break
		}
		list = append(list, timed(do))
	}
	return list
}

// timed is how long do takes.
func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
