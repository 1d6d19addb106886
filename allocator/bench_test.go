package allocator

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// crowd is an allocator of 20,000 agents and 200 frameworks, of which the last
// declined everything.
func crowd(b *testing.B, config Config) *Allocator {
	b.Helper()
	al, now := New(config), time.Unix(1_800_000_000, 0)
	var last allocation.OffersReady
	step := func(in allocation.Input) {
		for _, out := range al.Step(now, in) {
			if offers, ok := out.(allocation.OffersReady); ok {
				last = offers
			}
		}
	}
	for f := range 200 {
		id := mesos.FrameworkID(fmt.Sprintf("F%d", f))
		step(allocation.AddFramework{Framework: &allocation.Framework{ID: id, Roles: []string{fmt.Sprintf("r%d", f%20)}}, Active: true})
	}
	total := parse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]")
	for a := range 20_000 {
		id := mesos.AgentID(fmt.Sprintf("S%d", a))
		step(allocation.AddAgent{Agent: &allocation.Agent{ID: id, Hostname: "host", Total: total}})
	}
	step(allocation.Tick{})
	for _, o := range last.Offers {
		step(allocation.Recover{
			Grant:  allocation.Grant{Framework: last.Framework, Agent: o.Agent, Resources: o.Resources},
			Refuse: time.Hour, Declined: true,
		})
	}
	return al
}

// BenchmarkExplain explains all agents of a large cluster to one framework.
func BenchmarkExplain(b *testing.B) {
	al := crowd(b, Config{MinAllocatable: DefaultMinAllocatable()})
	b.ResetTimer()
	for b.Loop() {
		if _, err := al.Explain("F0", "", ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMetrics collects the metrics of a large cluster.
func BenchmarkMetrics(b *testing.B) {
	al := crowd(b, Config{MinAllocatable: DefaultMinAllocatable()})
	b.ResetTimer()
	for b.Loop() {
		al.Metrics()
	}
}

// BenchmarkRandomPass offers 20,000 agents to 200 frameworks in random order.
func BenchmarkRandomPass(b *testing.B) {
	for b.Loop() {
		crowd(b, Config{RoleSorter: Random, FrameworkSorter: Random})
	}
}
