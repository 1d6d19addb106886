package executor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func benchConfig(b *testing.B, local *container.Local, n int, agent *testAgent) Config {
	id := fmt.Sprintf("%d-%d", os.Getpid(), n)
	return Config{
		Framework: "f", Executor: "t", Container: mesos.ContainerID(id),
		Sandbox: filepath.Join(b.TempDir(), id), Agent: agent, Containerizer: local,
		UUID: func() [16]byte { return [16]byte{byte(len(agent.statuses))} },
		Log:  slog.New(slog.DiscardHandler),
	}
}

func newBenchLocal(b *testing.B) *container.Local {
	local, err := container.New(container.Config{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { local.Close() })
	return local
}

// BenchmarkRunCommand runs tasks from LAUNCH to the last acknowledgement, 16 at
// a time.
func BenchmarkRunCommand(b *testing.B) {
	local := newBenchLocal(b)
	slots := make(chan struct{}, 16)
	var all sync.WaitGroup
	for n := range b.N {
		slots <- struct{}{}
		all.Go(func() {
			RunCommand(b.Context(), benchConfig(b, local, n, newTestAgent(commandTask("exit 0"))))
			<-slots
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
}

// BenchmarkMemoryOfATask measures what one more running task adds to the
// agent's process and its supervisor.
func BenchmarkMemoryOfATask(b *testing.B) {
	const tasks = 200
	for b.Loop() {
		local := newBenchLocal(b)
		supervisor := childOf(b, os.Getpid())
		ctx, cancel := context.WithCancel(b.Context())
		var all sync.WaitGroup
		run := func(n int) {
			agent := newTestAgent(commandTask("exec sleep 1000"))
			all.Go(func() { RunCommand(ctx, benchConfig(b, local, n, agent)) })
			for status := range agent.updated {
				if status.GetState() == mesospb.TaskState_TASK_RUNNING {
					break
				}
			}
		}
		run(0) // whatever is made once
		before := memory(b, os.Getpid()) + memory(b, supervisor)
		for n := range tasks {
			run(n + 1)
		}
		after := memory(b, os.Getpid()) + memory(b, supervisor)
		b.ReportMetric(float64(after-before)/tasks, "KiB/task")
		cancel()
		all.Wait()
		local.Close()
	}
}

// memory is the proportional memory of a process, in KiB.
func memory(b *testing.B, pid int) int {
	debug.FreeOSMemory()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	kb, err := strconv.Atoi(string(regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB`).FindSubmatch(data)[1]))
	if err != nil {
		b.Fatal(err)
	}
	return kb
}

func childOf(b *testing.B, pid int) (child int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		if len(data) > 0 {
			fmt.Sscan(string(data), &child)
		}
	}
	if child == 0 {
		b.Fatal("there is no supervisor")
	}
	return child
}
