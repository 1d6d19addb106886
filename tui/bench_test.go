package tui

import (
	"context"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// What a key press costs the loop with 200,000 tasks: Update and View, without
// what is done beside it.
func BenchmarkKey(b *testing.B) {
	state := sceneState()
	for i := range 200_000 {
		m := sceneTask(i)
		m.TaskId.Value, m.State = p(fmt.Sprint("task.", i)), mesospb.TaskState_TASK_RUNNING.Enum()
		state.GetTasks.Tasks = append(state.GetTasks.Tasks, m)
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel() // nothing comes but what is given here
	m, err := New(ctx, Config{Page: "tasks", Theme: style.Dark, Live: &stage{}, Now: noon})
	if err != nil {
		b.Fatal(err)
	}
	a := &actor{Model: m}
	a.send(tea.WindowSizeMsg{Width: 200, Height: 60})
	a.batch(noon, live.Snapshot{Cluster: cluster.Snapshot(state, noon)})
	for _, keys := range []string{"j", "HS", "/x"} {
		b.Run(keys, func(b *testing.B) {
			i := 0
			var longest time.Duration
			for b.Loop() {
				r := rune(keys[i%len(keys)])
				start := time.Now()
				m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
				_ = m.View()
				longest = max(longest, time.Since(start))
				i++
			}
			b.ReportMetric(float64(longest.Microseconds()), "us/worst")
		})
	}
}
