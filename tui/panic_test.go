package tui

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
)

// output is a terminal's, which any goroutine may write to.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// broken is a page that can't be drawn.
type broken struct{ page.Page }

func (b broken) Update(tea.Msg) (page.Page, tea.Cmd) { return b, nil }

func (broken) View(int, int) string { panic("in the middle of a draw") }

// Whatever happens in the middle of a draw, the terminal is given back, and it is said.
func TestAPanicGivesTheTerminalBack(t *testing.T) {
	c, err := client.New(client.Config{Masters: []string{"m1.example.org:5050"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out output
	err = Run(ctx, Config{Client: c, Live: &stage{}, Now: noon, Theme: style.None},
		Terminal{In: strings.NewReader(""), Out: &out, Environ: []string{"TERM=xterm-256color"}},
		tea.WithWindowSize(80, 24), tea.WithoutSignals(), tea.WithFilter(func(m tea.Model, msg tea.Msg) tea.Msg {
			if model, ok := m.(*Model); ok && strings.Contains(out.String(), "\x1b[?1049h") {
				model.stack = []page.Page{broken{model.stack[0]}}
			}
			return msg
		}))
	if err == nil || mesos.KindOf(err) != mesos.Internal || !strings.Contains(err.Error(), "draw the cluster: ") {
		t.Fatalf("the error is %v", err)
	}
	seen := out.String()
	for _, pair := range [][2]string{{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}} {
		if !strings.Contains(seen, pair[0]) || strings.LastIndex(seen, pair[1]) < strings.LastIndex(seen, pair[0]) {
			t.Errorf("%q is not taken back", pair[0])
		}
	}
}
