package lines

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
)

// Note is a line at the end of the terminal behind the standard error that changes
// in place, such as how far something is. Whatever else is written there while it
// stands must go through Over, or come after Clear. Where nobody watches, it is
// never written. It is safe for concurrent use.
type Note struct {
	streams *iostreams.Streams

	mu    sync.Mutex
	shown string
}

// NewNote makes a note, which says nothing yet.
func NewNote(streams *iostreams.Streams) *Note { return &Note{streams: streams} }

// Set changes what the note says; what is too long for the terminal is cut.
func (n *Note) Set(text string) {
	if !n.streams.ErrTerminal {
		return
	}
	n.set(text, n.streams.ErrWidth()-1)
}

// Bar makes the note say how much is done of all, with figures after it that say it
// more precisely. A bar for which there is no room, or nothing to do, is left out.
func (n *Note) Bar(done, all int64, figures string) {
	if !n.streams.ErrTerminal {
		return
	}
	const narrowest, widest = 10, 50
	width := n.streams.ErrWidth() - 1
	if room := min(width-len("[] ")-utf8.RuneCountInString(figures), widest); all > 0 && room >= narrowest {
		full := int(float64(room) * min(float64(done)/float64(all), 1))
		figures = "[" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "] " + figures
	}
	n.set(figures, width)
}

// set shows a text, cut to a number of columns.
func (n *Note) set(text string, width int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for utf8.RuneCountInString(text) > max(width, 0) {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	if text != n.shown {
		fmt.Fprint(n.streams.Err, "\r", text, "\x1b[K")
		n.shown = text
	}
}

// Clear removes the note.
func (n *Note) Clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clear()
}

func (n *Note) clear() {
	if n.shown != "" {
		fmt.Fprint(n.streams.Err, "\r\x1b[K")
		n.shown = ""
	}
}

// Over is a writer that removes the note before it writes to w.
func (n *Note) Over(w io.WriteCloser) io.WriteCloser { return over{n, w} }

type over struct {
	note *Note
	io.WriteCloser
}

func (o over) Write(p []byte) (int, error) {
	o.note.mu.Lock()
	defer o.note.mu.Unlock()
	o.note.clear()
	return o.WriteCloser.Write(p)
}
