package component

import (
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/mesosctl/mesosctl/tui/order"
)

// builder filters and sorts a list, beside the loop that draws. It stands back every
// few hundred microseconds, since there may be as few processors as goroutines that
// a key press is waiting for; and it gives up once another build is wanted.
type builder[T any] struct {
	latest  *atomic.Int64
	version int64
	items   []*T
	pass    func(*T) bool
	compare func(a, b *T) int
	steps   int
	up      bool // given up
}

// stride is how many steps are taken between two looks around.
const stride = 1024

func (b *builder[T]) given() bool { return b.latest.Load() != b.version }

// step reports whether to go on.
func (b *builder[T]) step() bool {
	if b.steps++; b.steps%stride == 0 {
		b.up = b.up || b.given()
		runtime.Gosched()
	}
	return !b.up
}

// build is the list; of a build that was given up it is of no use.
func (b *builder[T]) build() *order.List[T] {
	b.items = slices.Clone(b.items) // they were lent
	if b.pass != nil {
		b.items = slices.DeleteFunc(b.items, func(x *T) bool { return !b.step() || !b.pass(x) })
	}
	slices.SortFunc(b.items, func(x, y *T) int {
		if !b.step() {
			return 0 // a list of equal things is soon in order
		}
		return b.compare(x, y)
	})
	return order.New(b.compare, b.items)
}
