package logs

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/tui/component/pane"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/text"
)

// firstLines is how many of the last lines of a file are shown at first.
const firstLines = 1000

// maxLine is the longest line that waits for its end, in bytes.
const maxLine = 16 << 10

// source is one task whose logs are shown.
type source struct {
	ref   page.Ref
	id    string
	color func() lipgloss.Style

	started bool
	ended   chan struct{} // closed once nothing more is written
	over    bool          // it is
	state   string        // how it ended
}

// end tells the readers that the task has ended.
func (s *source) end(state string) {
	if !s.over {
		s.over, s.state = true, state
		close(s.ended)
	}
}

// batch is lines that came, on their way to the page.
type batch []entry

// read follows both files of a task until it has ended, and sends what they say.
func (s *source) read(ctx context.Context, task *taskref.Task, to chan<- batch, now func() time.Time) {
	var files sync.WaitGroup
	for name, of := range map[string]stream{"stdout": stdout, "stderr": stderr} {
		files.Go(func() {
			w := &lines{ctx: ctx, to: to, source: s, stream: of, opened: now(), now: now}
			err := task.Log(name).Follow(ctx, firstLines, w, s.ended)
			if err == nil {
				err = w.flush()
			}
			if err != nil && ctx.Err() == nil {
				w.send(batch{{source: s, stream: notice, text: text.Clean(strings.ReplaceAll(err.Error(), task.Sandbox()+"/", ""))}})
			}
		})
	}
	files.Wait()
	if ctx.Err() == nil {
		last := &lines{ctx: ctx, to: to}
		last.send(batch{{source: s, stream: notice, text: endOfLog}})
	}
}

// endOfLog stands for how the task ended, which the page knows.
const endOfLog = ""

// lines makes entries of what is written to it.
type lines struct {
	ctx    context.Context
	to     chan<- batch
	source *source
	stream stream
	opened time.Time
	now    func() time.Time
	rest   []byte // of a line that has not ended
}

// Write implements io.Writer.
func (l *lines) Write(data []byte) (int, error) {
	const fresh = 2 * time.Second // what comes at once was there before
	n := len(data)
	var seen time.Time
	if at := l.now(); at.Sub(l.opened) > fresh {
		seen = at
	}
	var out batch
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		whole := end > 0
		if !whole {
			end = len(data)
		}
		l.rest = append(l.rest, data[:end]...)
		data = data[end:]
		for whole && len(l.rest) > 0 || len(l.rest) >= maxLine {
			cut := min(len(l.rest), maxLine)
			out = append(out, l.entry(l.rest[:cut], seen))
			l.rest = l.rest[cut:]
		}
	}
	l.rest = bytes.Clone(l.rest)
	if len(out) > 0 && !l.send(out) {
		return 0, io.ErrClosedPipe
	}
	return n, nil
}

func (l *lines) entry(line []byte, seen time.Time) entry {
	return entry{source: l.source, stream: l.stream, seen: seen, text: pane.Sanitize(line)}
}

// flush sends what there is of the last line.
func (l *lines) flush() error {
	if len(l.rest) > 0 && !l.send(batch{l.entry(l.rest, l.now())}) {
		return io.ErrClosedPipe
	}
	return nil
}

// send reports whether the page still takes lines.
func (l *lines) send(b batch) bool {
	select {
	case l.to <- b:
		return true
	case <-l.ctx.Done():
		return false
	}
}
