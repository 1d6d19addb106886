package container

import (
	"cmp"
	"slices"
	"sync"

	"github.com/mesosctl/mesosctl/mesos"
)

// Pending is a step that an isolator has begun and not finished.
type Pending struct {
	Operation string // "isolator::step"
	Container mesos.ContainerID
}

// pending are all of them.
type pending struct {
	mu    sync.Mutex
	steps map[Pending]int
}

// begin notes a step; done is called when it is.
func (p *pending) begin(isolator Isolator, step string, id mesos.ContainerID) (done func()) {
	what := Pending{isolator.Name() + "::" + step, id}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.steps == nil {
		p.steps = map[Pending]int{}
	}
	p.steps[what]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.steps[what]--; p.steps[what] == 0 {
			delete(p.steps, what)
		}
	}
}

// Pending implements Containerizer.
func (l *Local) Pending() []Pending {
	l.pending.mu.Lock()
	defer l.pending.mu.Unlock()
	var list []Pending
	for what := range l.pending.steps {
		list = append(list, what)
	}
	slices.SortFunc(list, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Operation, b.Operation))
	})
	return list
}
