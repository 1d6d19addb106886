package allocator

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

func userTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano())
}

// BenchmarkAddAgents adds 10,000 agents that are partly used while 200 frameworks wait.
func BenchmarkAddAgents(b *testing.B) {
	ports := ""
	for p := 31000; p < 31032; p += 2 {
		ports += fmt.Sprintf(",%d-%d", p, p)
	}
	total, used := parse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]"), parse("cpus:16;mem:2014;disk:1024;ports:["+ports[1:]+"]")
	inputs := make([]allocation.AddAgent, 10_000)
	for i := range inputs {
		id := mesos.AgentID(fmt.Sprintf("5a3c1f4e-9a0b-4c7c-8b1e-0d3f6a7b8c9d-S%d", i))
		inputs[i] = allocation.AddAgent{Agent: &allocation.Agent{ID: id, Hostname: "host", Total: total},
			Used: []allocation.Grant{{Framework: mesos.FrameworkID(fmt.Sprintf("F%d", i%200)), Agent: id, Resources: used.Allocate("*")}}}
	}
	var user time.Duration
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		al, now := New(Config{MinAllocatable: DefaultMinAllocatable()}), time.Unix(1_800_000_000, 0)
		for f := range 200 {
			al.Step(now, allocation.AddFramework{Framework: &allocation.Framework{ID: mesos.FrameworkID(fmt.Sprintf("F%d", f)), Roles: []string{"*"}}, Active: true})
		}
		runtime.GC()
		b.StartTimer()
		before := userTime()
		for i, in := range inputs {
			al.Step(now, in)
			if i%64 == 63 {
				al.Step(now, allocation.Tick{})
			}
		}
		al.Step(now, allocation.Tick{})
		user += userTime() - before
		n++
	}
	b.ReportMetric(float64(user.Microseconds())/1000/float64(n), "user-ms")
}
