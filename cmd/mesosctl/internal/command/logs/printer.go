package logs

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/kinds/taskref"
)

// colors tell tasks apart on a terminal.
var colors = []iostreams.Color{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

// printer writes whole lines of several files to one stream.
type printer struct {
	streams *iostreams.Streams
	prefix  bool
	both    bool // standard output and standard error
	width   int
	color   map[string]iostreams.Color

	mu sync.Mutex
}

func newPrinter(streams *iostreams.Streams, tasks []*taskref.Task, o *options) *printer {
	p := &printer{streams: streams, prefix: len(tasks) > 1 && !o.noPrefix, both: o.all, color: map[string]iostreams.Color{}}
	for i, task := range tasks {
		p.width = max(p.width, len(task.ID()))
		p.color[task.ID()] = colors[i%len(colors)]
	}
	return p
}

// lines is where a file of a task is to be written. The standard error of one goes
// to this process's if both are shown.
func (p *printer) lines(task *taskref.Task, stderr bool) io.WriteCloser {
	l := &lines{printer: p, to: p.streams.Out}
	paint := p.streams.Paint
	if stderr && p.both {
		l.to, paint = p.streams.Err, p.streams.PaintErr
	}
	if !p.prefix {
		return raw{l.to}
	}
	id := task.ID()
	l.prefix = []byte(paint(p.color[id], id+strings.Repeat(" ", p.width-len(id))+" | "))
	return l
}

// raw passes bytes on as they are.
type raw struct{ io.Writer }

func (raw) Close() error { return nil }

// maxLine is the longest line that is kept back for its end, in bytes.
const maxLine = 64 << 10

// lines writes lines as a whole, each with its prefix.
type lines struct {
	*printer
	to     io.Writer
	prefix []byte
	rest   []byte // of a line that has not ended
}

// Write implements io.Writer.
func (l *lines) Write(data []byte) (int, error) {
	n := len(data)
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			l.rest = append(l.rest, data...)
			if len(l.rest) < maxLine {
				return n, nil
			}
			data = nil
		} else {
			l.rest = append(l.rest, data[:end]...)
			data = data[end:]
		}
		if err := l.flush(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Close writes what there is of the last line.
func (l *lines) Close() error {
	if len(l.rest) == 0 {
		return nil
	}
	return l.flush()
}

func (l *lines) flush() error {
	if !bytes.HasSuffix(l.rest, []byte("\n")) {
		l.rest = append(l.rest, '\n')
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.to.Write(append(append([]byte(nil), l.prefix...), l.rest...))
	l.rest = l.rest[:0]
	return err
}
