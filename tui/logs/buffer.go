package logs

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/tui/text"
)

// What is kept of logs: the oldest lines go first. Bytes are those of the lines.
const (
	maxLines = 20_000
	maxBytes = 16 << 20
)

// stream is what a line was written to.
type stream uint8

const (
	stdout stream = iota
	stderr
	notice // this program says something about a task
)

// entry is one line.
type entry struct {
	source *source
	stream stream
	seen   time.Time // zero: it was there before
	text   string    // sanitized
}

// streams is which of them are shown.
type streams uint8

const (
	both streams = iota
	onlyStdout
	onlyStderr
)

func (s streams) String() string {
	return [...]string{"stdout and stderr", "stdout", "stderr"}[s]
}

// buffer is the newest lines, and which of them are shown. It implements pane.Lines.
type buffer struct {
	entries []entry
	first   int // the number of entries[0]; numbers count from the first line ever
	bytes   int
	shown   []int // the numbers of those that pass the filter and are of the streams

	sifts int // ever begun

	filter   page.Filter
	streams  streams
	times    bool
	prefixes bool // of tasks
	width    int  // of theirs, in cells
	style    func() *style.Style
}

// add takes lines, and returns how many that were shown are gone for them.
func (b *buffer) add(lines []entry) (gone int) {
	for _, e := range lines {
		b.entries = append(b.entries, e)
		b.bytes += len(e.text)
		if b.passes(e) {
			b.shown = append(b.shown, b.first+len(b.entries)-1)
		}
	}
	for len(b.entries) > maxLines || b.bytes > maxBytes && len(b.entries) > 1 {
		b.bytes -= len(b.entries[0].text)
		b.entries = b.entries[1:] // the rest stays as it is: somebody may be sifting it
		b.first++
	}
	for gone < len(b.shown) && b.shown[gone] < b.first {
		gone++
	}
	b.shown = b.shown[gone:]
	return gone
}

// clear forgets all lines.
func (b *buffer) clear() {
	b.first += len(b.entries)
	b.entries, b.shown, b.bytes = nil, nil, 0
	b.sifts++
}

// sift finds what is shown anew, after the filter or the streams have changed. It may be
// called by any goroutine; finish takes what it returns.
func (b *buffer) sift() (find func() sifted) {
	b.sifts++
	number, first, entries, choice := b.sifts, b.first, b.entries, *b
	return func() sifted {
		found := sifted{number: number, end: first + len(entries)}
		for i, e := range entries {
			if choice.passes(e) {
				found.shown = append(found.shown, first+i)
			}
		}
		return found
	}
}

// sifted is which lines are shown of those before an end.
type sifted struct {
	number, end int
	shown       []int
}

// finish takes what a sift has found, and what came since then.
func (b *buffer) finish(found sifted) {
	if found.number != b.sifts {
		return // there is a later one
	}
	at, _ := slices.BinarySearch(found.shown, b.first)
	b.shown = found.shown[at:]
	for n := max(found.end, b.first); n < b.first+len(b.entries); n++ {
		if b.passes(b.entries[n-b.first]) {
			b.shown = append(b.shown, n)
		}
	}
}

func (b *buffer) passes(e entry) bool {
	switch {
	case e.stream == notice:
		return true
	case b.streams == onlyStdout && e.stream != stdout, b.streams == onlyStderr && e.stream != stderr:
		return false
	}
	return b.filter.Empty() || b.filter.Match(plain(e.text))
}

// plain is a line without colours.
func plain(text string) string {
	if strings.IndexByte(text, ansi.ESC) < 0 {
		return text
	}
	return ansi.Strip(text)
}

// Len implements pane.Lines.
func (b *buffer) Len() int { return len(b.shown) }

func (b *buffer) at(i int) entry { return b.entries[b.shown[i]-b.first] }

// Line implements pane.Lines.
func (b *buffer) Line(i int) string {
	e, st := b.at(i), b.style()
	if e.stream == notice {
		return st.Dim.Render("-- " + e.source.id + ": " + e.text)
	}
	var prefix string
	if b.times {
		const layout = "15:04:05"
		when := strings.Repeat(" ", len(layout))
		if !e.seen.IsZero() {
			when = e.seen.Format(layout)
		}
		prefix = st.Dim.Render(when) + " "
	}
	if b.prefixes {
		prefix += e.source.color().Render(text.Left(text.CutLeft(e.source.id, b.width), b.width)+" |") + " "
	}
	if b.streams == both {
		mark := " "
		if e.stream == stderr {
			mark = st.Bad.Render("▌")
		}
		prefix += mark
	}
	return prefix + e.text
}

// text is all that is shown, without colours, for a file.
func (b *buffer) text() string {
	var all strings.Builder
	for i := range b.shown {
		all.WriteString(plain(b.Line(i)))
		all.WriteByte('\n')
	}
	return all.String()
}
