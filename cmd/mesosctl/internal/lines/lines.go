// Package lines writes what several tasks print to the standard streams, as whole
// lines that begin with their task.
package lines

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
)

// colors tell tasks apart on a terminal.
var colors = []iostreams.Color{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

// Printer writes the lines of several sources. It is safe for concurrent use.
type Printer struct {
	streams *iostreams.Streams
	width   int

	mu    sync.Mutex
	color map[string]iostreams.Color
}

// New makes a printer for labels of at most so many letters.
func New(streams *iostreams.Streams, width int) *Printer {
	return &Printer{streams: streams, width: width, color: map[string]iostreams.Color{}}
}

// Out is where to write what comes of a source and goes to the standard output.
func (p *Printer) Out(label string) io.WriteCloser {
	return &lines{p, p.streams.Out, p.prefix(label, p.streams.Paint), nil}
}

// Err is Out for the standard error.
func (p *Printer) Err(label string) io.WriteCloser {
	return &lines{p, p.streams.Err, p.prefix(label, p.streams.PaintErr), nil}
}

// prefix is what the lines of a source begin with, in its colour.
func (p *Printer) prefix(label string, paint func(iostreams.Color, string) string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	color, known := p.color[label]
	if !known {
		color = colors[len(p.color)%len(colors)]
		p.color[label] = color
	}
	return []byte(paint(color, label+strings.Repeat(" ", max(0, p.width-len(label)))+" | "))
}

// Raw passes bytes on as they are.
func Raw(w io.Writer) io.WriteCloser { return raw{w} }

type raw struct{ io.Writer }

func (raw) Close() error { return nil }

// maxLine is the longest line that is kept back for its end, in bytes.
const maxLine = 64 << 10

// lines writes lines as a whole, each with its prefix.
type lines struct {
	printer *Printer
	to      io.Writer
	prefix  []byte
	rest    []byte // of a line that has not ended
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
	l.printer.mu.Lock()
	defer l.printer.mu.Unlock()
	_, err := l.to.Write(append(append([]byte(nil), l.prefix...), l.rest...))
	l.rest = l.rest[:0]
	return err
}
