package allocator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesosctl/mesosctl/mesos/resources"
)

// TestSameAsReference tells the allocator and the reference the same random
// events and expects the same offers at the same times.
func TestSameAsReference(t *testing.T) {
	for seed := range uint64(100) {
		m := newModel(seed)
		for range 120 {
			m.event()
			got, want := canonical(m.story.wait(0)), canonical(m.tickReference())
			m.log = append(m.log, got...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d: offers differ (-reference +allocator):\n%safter:\n%s", seed, diff, strings.Join(m.log, "\n"))
			}
		}
	}
}

// TestSameAsReferenceWithQuota is TestSameAsReference with quotas. What one
// event frees of a quota is offered of other agents in the next pass, so that
// the two are compared at passes, after some events each.
func TestSameAsReferenceWithQuota(t *testing.T) {
	for seed := range uint64(100) {
		m := newModel(seed)
		m.quotas = true
		for range 40 {
			for range 1 + m.rand.IntN(4) {
				m.event()
				m.ref.settle()
			}
			m.pass(time.Second)
			got, want := canonical(m.story.wait(0)), canonical(m.tickReference())
			m.log = append(m.log, got...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d: offers differ (-reference +allocator):\n%safter:\n%s", seed, diff, strings.Join(m.log, "\n"))
			}
			m.checkLimits(t)
		}
	}
}

// checkLimits checks that nobody has more than a limit, but what it had before.
func (m *model) checkLimits(t *testing.T) {
	t.Helper()
	for role, q := range m.ref.quotas {
		for name, limit := range q.limit.All() {
			if used := m.ref.consumed(role).Get(name); used > max(limit, m.before[role].Get(name)) {
				t.Fatalf("role %s consumes %v %s, its limit is %v", role, used, name, limit)
			}
		}
	}
}

// canonical is offers whose order, and the order of whose resources, doesn't count.
func canonical(offers []string) []string {
	for i, offer := range offers {
		who, what, _ := strings.Cut(offer, ": ")
		parts := strings.Split(what, "; ")
		slices.Sort(parts)
		offers[i] = who + ": " + strings.Join(parts, "; ")
	}
	slices.Sort(offers)
	return offers
}

// model is both allocators and the random choices they are told.
type model struct {
	story *story
	ref   *reference
	rand  *rand.Rand
	log   []string
	next  int

	quotas bool
	before map[string]resources.Quantities // what roles consumed before the last pass
}

func newModel(seed uint64) *model {
	config := Config{AllocationInterval: time.Second, MinAllocatable: DefaultMinAllocatable()}
	if seed%3 == 0 {
		config.RoleSorter = Priority
	}
	m := &model{story: newStory(config), ref: newReference(config), rand: rand.New(rand.NewPCG(seed, 0))}
	m.ref.now = m.story.now
	return m
}

func (m *model) tickReference() []string {
	m.before = map[string]resources.Quantities{}
	for role := range m.ref.quotas {
		m.before[role] = m.ref.consumed(role)
	}
	m.ref.settle()
	return m.ref.tick()
}

// tell tells the allocator something in words.
func (m *model) tell(format string, args ...any) {
	command := fmt.Sprintf(format, args...)
	m.log = append(m.log, "> "+command)
	m.log = append(m.log, m.story.step(m.story.input(strings.Fields(command)))...)
}

// pass lets time pass; whoever is due ticks.
func (m *model) pass(d time.Duration) {
	m.log = append(m.log, fmt.Sprintf("> wait %v", d))
	m.story.now = m.story.now.Add(d)
	m.ref.now = m.story.now
}

func pick[T any](m *model, from []T) (T, bool) {
	var none T
	if len(from) == 0 {
		return none, false
	}
	return from[m.rand.IntN(len(from))], true
}

var (
	roles  = []string{"a", "b", "a/x", "a/x/1", "a/y", "c"}
	totals = []string{
		"cpus:1;mem:100", "cpus:4;mem:512;ports:[1-9]", "cpus:2;mem:512;cpus(a):1;mem(a):64",
		"cpus:0.5;mem(b):64", "cpus(a/x):1;cpus:1", "gpus:1;cpus:3;mem:16",
		"cpus:2;~cpus:2;mem:64", "cpus:1;cpus(a>a/x):1;mem(c):32", "mem:100;disk^m1:50;cpus:1",
	}
)

// event makes one thing happen.
func (m *model) event() {
	agent, ok := pick(m, m.agents())
	if m.quotas && m.rand.IntN(6) == 0 {
		m.quota()
		return
	}
	switch n := m.rand.IntN(24); {
	case n < 3 || !ok:
		total, _ := pick(m, totals)
		id := fmt.Sprintf("S%d", m.next)
		m.next++
		m.tell("agent %s %s", id, total)
		m.ref.addAgent(id, parse(total))
	case n < 4:
		m.tell("lose %s", agent.id)
		m.ref.removeAgent(agent.id)
	case n < 5:
		total, _ := pick(m, totals)
		rack, _ := pick(m, []string{agent.rack, "r1", "r2"})
		if rack == "" {
			m.tell("update %s %s", agent.id, total)
		} else {
			m.tell("update %s %s rack=%s", agent.id, total, rack)
		}
		if rack != agent.rack {
			m.ref.dropFilters(func(f refFilter) bool { return f.agent == agent.id })
		}
		agent.total, agent.rack = parse(total), rack
	case n < 6:
		agent.active = !agent.active
		m.tell("%s %s", map[bool]string{true: "undrain", false: "drain"}[agent.active], agent.id)
	case n < 7:
		m.whitelist()
	case n < 14:
		m.giveBack()
	case n < 20:
		m.frameworkEvent(n - 14)
	default:
		m.pass(250 * time.Millisecond)
	}
}

// quota gives a role a quota, or takes it away.
func (m *model) quota() {
	role, _ := pick(m, roles)
	if m.rand.IntN(4) == 0 {
		delete(m.ref.quotas, role)
		m.tell("quota %s", role)
		return
	}
	var guarantee, limit []string
	for _, name := range []string{"cpus", "mem", "disk"} {
		amount := m.rand.IntN(5)
		if name != "cpus" {
			amount *= 50
		}
		if amount > 0 && m.rand.IntN(2) == 0 {
			guarantee = append(guarantee, fmt.Sprintf("%s:%d", name, amount))
		}
		if more := amount + m.rand.IntN(3); more > 0 && m.rand.IntN(2) == 0 {
			limit = append(limit, fmt.Sprintf("%s:%d", name, more))
		}
	}
	g, l := strings.Join(guarantee, ";"), strings.Join(limit, ";")
	m.ref.quotas[role] = refQuota{must(resources.ParseQuantities(g)), must(resources.ParseQuantities(l))}
	m.tell("quota %s guarantee=%s limit=%s", role, g, l)
}

func (m *model) agents() []*refAgent {
	return slices.DeleteFunc(slices.Clone(m.ref.slots), func(a *refAgent) bool { return a == nil })
}

func (m *model) whitelist() {
	hosts := []string{"nobody"}
	m.ref.whitelist = map[string]bool{}
	for _, a := range m.agents() {
		if m.rand.IntN(4) > 0 {
			hosts = append(hosts, a.id)
			m.ref.whitelist[a.id] = true
		}
	}
	m.tell("whitelist %s", strings.Join(hosts, " "))
}

// giveBack declines or frees some of what somebody holds, or all.
func (m *model) giveBack() {
	held := slices.SortedFunc(maps.Keys(m.ref.held), func(a, b refHolding) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	h, ok := pick(m, held)
	if !ok {
		return
	}
	part := m.ref.held[h]
	if m.rand.IntN(3) == 0 {
		n := m.rand.IntN(part.Len())
		part = part.Filter(func(resources.Resource) bool { n--; return n < 0 })
	}
	refuse := time.Duration(m.rand.IntN(20)) * 250 * time.Millisecond
	text := strings.ReplaceAll(words(part.Unallocate()), " ", "")
	if m.rand.IntN(4) == 0 {
		m.tell("free %s %s %s %s", h.framework, h.agent, h.role, text)
		m.ref.decline(h, part, 0, false)
		return
	}
	m.tell("decline %s %s %s %s refuse=%v", h.framework, h.agent, h.role, text, refuse)
	m.ref.decline(h, part, refuse, true)
}

func (m *model) frameworkEvent(n int) {
	ids := slices.Sorted(maps.Keys(m.ref.frameworks))
	id, ok := pick(m, ids)
	if n < 2 || !ok {
		verb := "subscribe"
		if !ok || m.rand.IntN(3) == 0 {
			id, verb = fmt.Sprintf("F%d", m.next), "framework"
			m.next++
			m.ref.frameworks[id] = &refFramework{active: true}
		}
		m.subscribe(id, verb)
		return
	}
	f := m.ref.frameworks[id]
	switch role, _ := pick(m, slices.Sorted(maps.Keys(f.roles))); n {
	case 2:
		f.suppressed[role] = true
		m.tell("suppress %s %s", id, role)
	case 3:
		delete(f.suppressed, role)
		m.ref.dropFilters(func(x refFilter) bool { return x.refClient == refClient{id, role} })
		m.tell("revive %s %s", id, role)
	case 4:
		if m.rand.IntN(3) == 0 {
			m.tell("remove %s", id)
			m.ref.removeFramework(id)
			return
		}
		weight := 1 << m.rand.IntN(3)
		m.ref.weights[role] = float64(weight)
		m.tell("weight %s %d", role, weight)
	case 5:
		f.active = !f.active
		if !f.active {
			m.ref.dropFilters(func(x refFilter) bool { return x.framework == id })
		}
		m.tell("%s %s", map[bool]string{true: "activate", false: "deactivate"}[f.active], id)
	}
}

// subscribe gives a framework some roles, and suppresses some of them. What it
// suppressed before and doesn't now is as if revived.
func (m *model) subscribe(id, verb string) {
	f := m.ref.frameworks[id]
	before, was := f.roles, f.suppressed
	f.roles, f.suppressed = map[string]bool{}, map[string]bool{}
	for range 1 + m.rand.IntN(3) {
		role, _ := pick(m, roles)
		f.roles[role] = true
		if m.rand.IntN(4) == 0 {
			f.suppressed[role] = true
		}
	}
	m.ref.dropFilters(func(x refFilter) bool {
		return x.framework == id && (!f.roles[x.role] || !f.suppressed[x.role] && (was[x.role] || !before[x.role]))
	})
	can := []string{"region"}
	if f.revocable = m.rand.IntN(2) == 0; f.revocable {
		can = append(can, "revocable")
	}
	if f.refined = m.rand.IntN(2) == 0; f.refined {
		can = append(can, "refined")
	}
	on := ""
	if f.rack = ""; m.rand.IntN(4) == 0 {
		f.rack = "r1"
		on = " on=r1"
	}
	m.tell("%s %s %s suppressed=%s can=%s%s", verb, id, strings.Join(slices.Sorted(maps.Keys(f.roles)), " "),
		strings.Join(slices.Sorted(maps.Keys(f.suppressed)), ","), strings.Join(can, ","), on)
}
