package allocator

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// reference is an allocator that remembers nothing but facts. At every tick it
// looks at every agent and every client, and computes every share from scratch
// with big.Rat. It has no shared resources.
type reference struct {
	priority   bool // role sorter
	quotas     map[string]refQuota
	interval   time.Duration
	minimum    []resources.Quantities
	now        time.Time
	slots      []*refAgent // as the allocator's: a new agent takes the place that was freed last
	freeSlots  []int
	frameworks map[string]*refFramework
	held       map[refHolding]resources.Resources
	filters    []refFilter
	served     map[string]int // by path of node, for as long as there is a client below
	weights    map[string]float64
	whitelist  map[string]bool
}

type refAgent struct {
	id, rack string
	total    resources.Resources
	active   bool
}

type refFramework struct {
	roles, suppressed  map[string]bool
	active             bool
	revocable, refined bool   // capabilities
	rack               string // that it is constrained to
}

type refQuota struct{ guarantee, limit resources.Quantities } // no limit of 0

type refClient struct{ framework, role string }

type refHolding struct {
	agent string
	refClient
}

type refFilter struct {
	refHolding
	refused resources.Resources
	until   time.Time
}

func newReference(config Config) *reference {
	return &reference{
		interval: config.AllocationInterval, minimum: config.MinAllocatable,
		frameworks: map[string]*refFramework{}, held: map[refHolding]resources.Resources{},
		served: map[string]int{}, weights: map[string]float64{}, quotas: map[string]refQuota{},
		priority: config.RoleSorter == Priority,
	}
}

func (r *reference) agent(id string) *refAgent {
	i := slices.IndexFunc(r.slots, func(a *refAgent) bool { return a != nil && a.id == id })
	if i < 0 {
		return nil
	}
	return r.slots[i]
}

func (r *reference) addAgent(id string, total resources.Resources) {
	a := &refAgent{id: id, total: total, active: true}
	if n := len(r.freeSlots); n > 0 {
		r.slots[r.freeSlots[n-1]], r.freeSlots = a, r.freeSlots[:n-1]
		return
	}
	r.slots = append(r.slots, a)
}

func (r *reference) removeAgent(id string) {
	i := slices.Index(r.slots, r.agent(id))
	r.slots[i] = nil
	r.freeSlots = append(r.freeSlots, i)
	for h := range r.held {
		if h.agent == id {
			delete(r.held, h)
		}
	}
	r.dropFilters(func(f refFilter) bool { return f.agent == id })
}

func (r *reference) removeFramework(id string) {
	delete(r.frameworks, id)
	for h := range r.held {
		if h.framework == id {
			delete(r.held, h)
		}
	}
	r.dropFilters(func(f refFilter) bool { return f.framework == id })
}

func (r *reference) dropFilters(drop func(refFilter) bool) {
	r.filters = slices.DeleteFunc(r.filters, drop)
}

func (r *reference) decline(h refHolding, part resources.Resources, refuse time.Duration, filter bool) {
	r.held[h] = r.held[h].Sub(part)
	if r.held[h].IsEmpty() {
		delete(r.held, h)
	}
	if filter {
		r.filters = append(r.filters, refFilter{h, part.Unallocate(), r.now.Add(max(refuse, r.interval))})
	}
}

// clients is everybody who is subscribed to a role or holds something under it.
func (r *reference) clients() map[refClient]bool {
	all := map[refClient]bool{}
	for id, f := range r.frameworks {
		for role := range f.roles {
			all[refClient{id, role}] = f.active && !f.suppressed[role]
		}
	}
	for h := range r.held {
		if _, ok := all[h.refClient]; !ok {
			all[h.refClient] = false
		}
	}
	return all
}

// path is a client's place in the tree.
func (c refClient) path() []string {
	return append(strings.Split(c.role, "/"), ".", c.framework)
}

// settle forgets what was about clients that are no more.
func (r *reference) settle() {
	alive := map[string]bool{}
	clients := r.clients()
	for c := range clients {
		for end := range c.path() {
			alive[strings.Join(c.path()[:end+1], "/")] = true
		}
	}
	for path := range r.served {
		if !alive[path] {
			delete(r.served, path)
		}
	}
	r.dropFilters(func(f refFilter) bool { _, ok := clients[f.refClient]; return !ok })
}

// order is the active clients, those first who are served first.
func (r *reference) order() []refClient {
	var total resources.Quantities
	for _, a := range r.slots {
		if a != nil {
			total = total.Add(a.total.Quantities())
		}
	}
	held := map[string]resources.Quantities{}
	for h, res := range r.held {
		for end := range h.path() {
			node := strings.Join(h.path()[:end+1], "/")
			held[node] = held[node].Add(res.Quantities())
		}
	}
	share := func(node string) *big.Rat {
		top := new(big.Rat)
		for name, amount := range held[node].All() {
			if all := total.Get(name); all > 0 {
				if s := big.NewRat(int64(amount), int64(all)); s.Cmp(top) > 0 {
					top = s
				}
			}
		}
		if w, ok := r.weights[node]; ok && !r.priority {
			top.Quo(top, new(big.Rat).SetFloat64(w))
		}
		return top
	}
	var list []refClient
	for c, active := range r.clients() {
		if active {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b refClient) int {
		pa, pb := a.path(), b.path()
		for i := 0; ; i++ {
			if pa[i] == pb[i] {
				continue
			}
			if wa, wb := r.weight(pa[:i+1]), r.weight(pb[:i+1]); r.priority && wa != wb {
				return cmp.Compare(wb, wa)
			}
			na, nb := strings.Join(pa[:i+1], "/"), strings.Join(pb[:i+1], "/")
			return cmp.Or(share(na).Cmp(share(nb)), cmp.Compare(r.served[na], r.served[nb]), strings.Compare(pa[i], pb[i]))
		}
	})
	return list
}

// weight is that of a node of the tree.
func (r *reference) weight(path []string) float64 {
	if w, ok := r.weights[strings.Join(path, "/")]; ok {
		return w
	}
	return 1
}

// tick offers all that can be offered and returns it in words.
func (r *reference) tick() []string {
	r.dropFilters(func(f refFilter) bool { return !f.until.After(r.now) })
	var offers []string
	if !r.required().IsEmpty() {
		offers = r.stage(true)
	}
	return append(offers, r.stage(false)...)
}

// stage offers agents, in the first stage only to those who lack guarantees.
func (r *reference) stage(first bool) (offers []string) {
	for _, a := range r.slots {
		if a == nil || !a.active || r.whitelist != nil && !r.whitelist[a.id] {
			continue
		}
		for _, c := range r.order() {
			f := r.frameworks[c.framework]
			if f.rack != "" && f.rack != a.rack {
				continue
			}
			offer := r.free(a).AllocatableTo(c.role).Filter(func(res resources.Resource) bool {
				return (f.refined || !res.HasRefinedReservation()) && (f.revocable || !res.Revocable)
			})
			offer = r.withinQuota(c.role, offer, first)
			h := refHolding{a.id, c}
			enough := slices.ContainsFunc(r.minimum, offer.ContainsQuantities)
			refused := slices.ContainsFunc(r.filters, func(f refFilter) bool { return f.refHolding == h && f.refused.Contains(offer) })
			if offer.IsEmpty() || !enough || refused {
				continue
			}
			r.held[h] = r.held[h].Add(offer.Allocate(c.role))
			for end := range c.path() {
				r.served[strings.Join(c.path()[:end+1], "/")]++
			}
			offers = append(offers, c.framework+" is offered "+a.id+" for "+c.role+": "+words(offer))
		}
	}
	return offers
}

// free is what nobody holds of an agent. What is held of resources that the
// agent has no more takes up others of that name.
func (r *reference) free(a *refAgent) resources.Resources {
	type kind struct {
		name      string
		revocable bool
	}
	room := map[kind]resources.Scalar{}
	for res := range a.total.All() {
		room[kind{res.Name, res.Revocable}] += res.Scalar
	}
	free := a.total
	for h, held := range r.held {
		if h.agent == a.id {
			free = free.Sub(held.Unallocate())
			for res := range held.All() {
				room[kind{res.Name, res.Revocable}] -= res.Scalar
			}
		}
	}
	var fits []resources.Resource
	for res := range free.All() {
		if res.Kind == resources.KindScalar {
			k := kind{res.Name, res.Revocable}
			res.Scalar = max(0, min(res.Scalar, room[k]))
			room[k] -= res.Scalar
		}
		fits = append(fits, res)
	}
	return resources.Of(fits...)
}
