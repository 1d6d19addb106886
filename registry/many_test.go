package registry

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// many is a term whose registry gets the writes of many agents, in random order.
type many struct {
	testing.TB
	member *Embedded
	store  *Store
	ids    []mesos.AgentID
}

func startMany(tb testing.TB, agents int) *many {
	tb.Helper()
	member := start(tb, EmbeddedConfig{})
	m := &many{TB: tb, member: member, store: campaign(tb, member.Client(), candidate("m")).Store()}
	if _, err := m.store.Load(within(tb, 20*time.Second)); err != nil {
		tb.Fatal(err)
	}
	for i := range agents {
		m.ids = append(m.ids, mesos.AgentID(fmt.Sprintf("20131010-1658-5050-48574-S%d", i)))
	}
	return m
}

// each hands over one write an agent and waits until all are durable.
func (m *many) each(writes func(id mesos.AgentID) []master.RegistryWrite) {
	m.Helper()
	rand.Shuffle(len(m.ids), func(i, j int) { m.ids[i], m.ids[j] = m.ids[j], m.ids[i] })
	done := make(chan error, len(m.ids))
	for _, id := range m.ids {
		m.store.Submit(writes(id), func(err error) { done <- err })
	}
	for range m.ids {
		if err := <-done; err != nil {
			m.Fatal(err)
		}
	}
}

func (m *many) value(message interface{ MarshalVT() ([]byte, error) }) []byte {
	value, err := message.MarshalVT()
	if err != nil {
		m.Fatal(err)
	}
	return value
}

func (m *many) admitted(id mesos.AgentID) master.RegistryWrite {
	scalar := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &value}}
	}
	return master.RegistryWrite{Key: master.AdmittedKey(id), Value: m.value(&registrypb.AdmittedAgent{Info: &mesospb.AgentInfo{
		Hostname: new("localhost"), Id: &mesospb.AgentID{Value: new(string(id))},
		Resources: []*mesospb.Resource{scalar("cpus", 1), scalar("mem", 512), scalar("disk", 2048)},
	}})}
}

func (m *many) admit(id mesos.AgentID) []master.RegistryWrite {
	return []master.RegistryWrite{m.admitted(id)}
}

func (m *many) remove(id mesos.AgentID) []master.RegistryWrite {
	return []master.RegistryWrite{{Key: master.AdmittedKey(id)}}
}

func (m *many) unreachable(id mesos.AgentID) []master.RegistryWrite {
	return []master.RegistryWrite{{Key: master.AdmittedKey(id)}, {Key: master.UnreachableKey(id), Value: m.value(&registrypb.UnreachableAgent{
		Id: &mesospb.AgentID{Value: new(string(id))}, Since: &mesospb.TimeInfo{Nanoseconds: new(int64(1))},
	})}}
}

func (m *many) reachable(id mesos.AgentID) []master.RegistryWrite {
	return []master.RegistryWrite{{Key: master.UnreachableKey(id)}, m.admitted(id)}
}

// prune forgets half of the unreachable agents at once.
func (m *many) prune() []mesos.AgentID {
	m.Helper()
	half := m.ids[:len(m.ids)/2]
	var writes []master.RegistryWrite
	for _, id := range half {
		writes = append(writes, master.RegistryWrite{Key: master.UnreachableKey(id)})
	}
	if err := m.store.Commit(within(m, time.Minute), writes); err != nil {
		m.Fatal(err)
	}
	return half
}

// has checks what the registry holds.
func (m *many) has(admitted, unreachable int) master.Recovered {
	m.Helper()
	got, err := m.store.Load(within(m, time.Minute))
	if err != nil {
		m.Fatal(err)
	}
	if len(got.Admitted) != admitted || len(got.Unreachable) != unreachable {
		m.Errorf("the registry has %d admitted and %d unreachable agents, want %d and %d", len(got.Admitted), len(got.Unreachable), admitted, unreachable)
	}
	return got
}

// What is measured below is right, too: with more agents than one transaction or
// one page has.
func TestTheRegistryOfManyAgents(t *testing.T) {
	const agents = 2500
	m := startMany(t, agents)
	// covers: Registrar_BENCHMARK_Test.Performance
	m.each(m.admit)
	m.each(m.admit) // again, as after a failover
	m.has(agents, 0)
	// covers: Registrar_BENCHMARK_Test.MarkUnreachableThenReachable
	m.each(m.unreachable)
	m.has(0, agents)
	m.each(m.reachable)
	m.has(agents, 0)
	// covers: Registrar_BENCHMARK_Test.GcManyAgents
	m.each(m.unreachable)
	forgotten := m.prune()
	for _, agent := range m.has(0, agents-len(forgotten)).Unreachable {
		if slices.Contains(forgotten, mesos.AgentID(agent.GetId().GetValue())) {
			t.Errorf("the registry still has %v", agent.GetId())
		}
	}
	m.each(m.reachable)
	m.each(m.remove)
	m.has(0, 0)
}

// BenchmarkRegistry is what becomes of 20,000 agents; each of the names is one
// change of all of them (half of them for prune), or what the next term reads.
func BenchmarkRegistry(b *testing.B) {
	const agents = 20_000
	m := startMany(b, agents)
	for _, part := range []struct {
		name           string
		before, change func()
	}{
		{"admit", func() { m.each(m.remove) }, func() { m.each(m.admit) }},
		{"load", func() { m.each(m.admit) }, func() { m.has(agents, 0) }},
		{"mark unreachable", func() { m.each(m.reachable) }, func() { m.each(m.unreachable) }},
		{"mark reachable", func() { m.each(m.unreachable) }, func() { m.each(m.reachable) }},
		{"prune", func() { m.each(m.unreachable) }, func() { m.prune() }},
		{"remove", func() { m.each(m.reachable) }, func() { m.each(m.remove) }},
	} {
		b.Run(part.name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				part.before()
				b.StartTimer()
				part.change()
			}
		})
	}
}
