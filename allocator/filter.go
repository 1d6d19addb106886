package allocator

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// filter keeps what a client declined from being offered to it again for a
// while: any offer of that agent that is part of what was refused.
// See Filters in https://mesos.apache.org/documentation/latest/scheduler-http-api/.
type filter struct {
	client     int32
	generation uint32 // the client's when it declined; void if that has moved on
	until      instant
	refused    resources.Resources // without allocation role
}

// instant is a point in time as the allocator's clock counts.
type instant int64

// maxRefuse is the longest that a filter lasts.
const maxRefuse = 365 * 24 * time.Hour

// instantOf counts from the first Step.
func (al *Allocator) instantOf(t time.Time) instant {
	return instant(t.Sub(al.start))
}

// addFilter keeps what a client refused from it for that long, and at least
// until the next periodic pass would come: an offer declined without a filter
// goes to others at once, but not straight back.
func (al *Allocator) addFilter(i, c int32, refused resources.Resources, refuse time.Duration) {
	wait := max(al.config.AllocationInterval, min(refuse, maxRefuse))
	f := filter{
		client:     c,
		generation: al.clients[c].generation,
		until:      al.instantOf(al.now.Add(wait)),
		refused:    refused,
	}
	a := al.agents[i]
	if a.free.Equal(refused) {
		f.refused = a.free // the same memory for everybody who declined it
	}
	if f.refused.Contains(a.free) {
		a.denials.add(c, a.free)
	}
	end, _ := a.findFilter(c)
	a.filterers.set(c)
	for end < len(a.filters) && a.filters[end].client == c {
		old := &a.filters[end]
		if old.generation != f.generation || old.until <= f.until && f.refused.Contains(old.refused) {
			if old.generation != f.generation {
				al.clients[c].filters++
			}
			*old = f // the old one is void, or says nothing that the new one doesn't
			al.expiries.add(expiry{f.until, i, c})
			return
		}
		end++
	}
	a.filters = slices.Insert(a.filters, end, f)
	al.filters++
	al.clients[c].filters++
	al.expiries.add(expiry{f.until, i, c})
}

func byClient(f filter, c int32) int { return cmp.Compare(f.client, c) }

// findFilter is where a client's filters begin, or would, and whether it has any.
func (a *agent) findFilter(c int32) (int, bool) {
	// All clients before this one have a filter at least, and rarely more.
	at := a.filterers.rank(c)
	if at < len(a.filters) && a.filters[at].client < c {
		more, _ := slices.BinarySearchFunc(a.filters[at:], c, byClient)
		at += more
	}
	return at, a.filterers.has(c)
}

// countOut says that a filter is no more.
func (al *Allocator) countOut(f *filter) {
	al.filters--
	if cl := &al.clients[f.client]; f.generation == cl.generation {
		cl.filters--
	}
}

// filtered is the filter that keeps an offer from a client, or nil.
func (al *Allocator) filtered(a *agent, c int32, offer resources.Resources) *filter {
	if al.clients[c].filters == 0 || !a.filterers.has(c) {
		return nil
	}
	at, _ := a.findFilter(c)
	generation := al.clients[c].generation
	for ; at < len(a.filters) && a.filters[at].client == c; at++ {
		if f := &a.filters[at]; f.generation == generation && f.refused.Contains(offer) {
			return f
		}
	}
	return nil
}

// dropFilters makes all filters about an agent void.
func (al *Allocator) dropFilters(a *agent) {
	for f := range a.filters {
		al.countOut(&a.filters[f])
	}
	clear(a.filters)
	a.filters = a.filters[:0]
	a.filterers.clear()
}

// expireFilters drops the filters whose time is over.
func (al *Allocator) expireFilters() {
	now := al.instantOf(al.now)
	for {
		e, ok := al.expiries.pop(now)
		if !ok {
			break
		}
		a := al.agents[e.agent]
		if e.client == noClient {
			al.expireInverse(e.agent, now)
			continue
		}
		at, found := a.findFilter(e.client)
		if !found {
			continue
		}
		for at < len(a.filters) && a.filters[at].client == e.client {
			if a.filters[at].until > now {
				at++
				continue
			}
			al.countOut(&a.filters[at])
			a.filters = slices.Delete(a.filters, at, at+1)
			a.denials.remove(e.client)
			al.touch(e.agent)
		}
		if _, left := slices.BinarySearchFunc(a.filters, e.client, byClient); !left {
			a.filterers.unset(e.client)
		}
	}
	if len(al.expiries) > 2*al.filters+1024 {
		al.rebuildExpiries()
	}
}

// rebuildExpiries forgets the expiries of filters that are no more.
func (al *Allocator) rebuildExpiries() {
	al.expiries = al.expiries[:0]
	for i := range al.agents {
		for _, f := range al.agents[i].filters {
			al.expiries = append(al.expiries, expiry{f.until, int32(i), f.client})
		}
		al.expiries = al.agents[i].maintenance.appendExpiries(al.expiries, int32(i))
	}
	heap.Init(&al.expiries)
}

// expiry is when some filter about an agent may end.
type expiry struct {
	at     instant
	agent  int32
	client int32 // or noClient, of an inverse offer's filter
}

const noClient int32 = -1

// expiries is a heap, first expiry on top.
type expiries []expiry

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].at < e[j].at }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push and Pop are container/heap's.
func (e *expiries) Push(x any) { *e = append(*e, x.(expiry)) }
func (e *expiries) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (e *expiries) add(x expiry) {
	*e = append(*e, x)
	heap.Fix(e, len(*e)-1)
}

// pop takes the first expiry if its time has come.
func (e *expiries) pop(now instant) (expiry, bool) {
	if len(*e) == 0 || (*e)[0].at > now {
		return expiry{}, false
	}
	first := (*e)[0]
	last := len(*e) - 1
	(*e)[0] = (*e)[last]
	*e = (*e)[:last]
	if last > 0 {
		heap.Fix(e, 0)
	}
	return first, true
}
