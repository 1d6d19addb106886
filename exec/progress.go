package exec

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Progress shows how an execution of several runs goes: on a terminal as a bar on
// its last line, else in a line for each tenth. What failed gets a line of its own.
type Progress struct {
	w     io.Writer
	now   func() time.Time
	began time.Time
	total int
	// Each tells of every run, not only of those that fail, and of no tenths.
	Each bool
	// Line is what the bar is drawn on; nil: nobody watches.
	Line Line

	drawnAt       time.Time
	drawn         bool
	killing       bool
	tenths        int
	running       int
	done, retried int
	failed        map[string][]int // the indexes of each way to fail
	ways          []string         // in the order in which they came
	plain         Printer
}

// Line is the last line of a terminal, which changes in place. What is written above
// it comes after Clear.
type Line interface {
	// Bar shows how much is done of all, and figures that say it more precisely.
	Bar(done, all int64, figures string)
	Clear()
}

// redraw is how often a bar is drawn at most.
const redraw = time.Second / 10

// NewProgress makes the display of so many runs.
func NewProgress(w io.Writer, total int, now func() time.Time) *Progress {
	return &Progress{w: w, now: now, began: now(), total: total, failed: map[string][]int{}, plain: Plain(w)}
}

// Print is a Printer.
func (p *Progress) Print(n Notice) {
	switch n := n.(type) {
	case Submitted:
		p.running++
	case RunOver:
		p.running--
		p.over(n)
	case Updated:
		return // one of very many
	case Killing:
		if !p.killing {
			p.killing = true
			p.say("killing what runs: %d", p.running)
		}
	default:
		p.clear()
		p.plain(n)
	}
	p.draw(false)
}

func (p *Progress) over(n RunOver) {
	way := wayOf(n.Result)
	switch {
	case n.Again:
		p.retried++
		p.say("%d: %s on %s, tried again", n.Index, way, n.Host)
		return
	case way != "" && p.killing: // that is why
		return
	case way != "":
		if p.failed[way] == nil {
			p.ways = append(p.ways, way)
		}
		p.failed[way] = append(p.failed[way], n.Index)
		p.say("%d: %s on %s", n.Index, way, n.Host)
	case p.Each:
		p.say("%d: done on %s", n.Index, n.Host)
	}
	p.done++
	if tenth := p.done * 10 / p.total; tenth > p.tenths && p.Line == nil && !p.Each && p.done < p.total {
		p.tenths = tenth
		fmt.Fprintf(p.w, "%d of %d done, %d failed\n", p.done, p.total, p.failures())
	}
}

// wayOf is how a run failed, in few words; empty if it did not.
func wayOf(r Result) string {
	switch {
	case r.Err != nil:
		text := r.Err.Error()
		if _, after, ok := strings.Cut(text, "' ended as "); ok { // which task it was is said already
			text = after
		}
		return text
	case r.Code != 0:
		return fmt.Sprintf("exit code %d", r.Code)
	}
	return ""
}

func (p *Progress) failures() (n int) {
	for _, indexes := range p.failed {
		n += len(indexes)
	}
	return n
}

// say writes a line above the bar.
func (p *Progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *Progress) clear() {
	if p.drawn {
		p.Line.Clear()
		p.drawn = false
	}
}

// draw draws the bar, unless it was drawn a moment ago.
func (p *Progress) draw(now bool) {
	if p.Line == nil || !now && p.drawn && p.now().Sub(p.drawnAt) < redraw {
		return
	}
	p.drawnAt, p.drawn = p.now(), true
	p.Line.Bar(int64(p.done), int64(p.total), p.figures())
}

// figures is how far it is, and how fast it goes.
func (p *Progress) figures() string {
	figures := fmt.Sprintf("%d/%d", p.done, p.total)
	if n := p.failures(); n > 0 {
		figures += fmt.Sprintf(", %d failed", n)
	}
	figures += fmt.Sprintf(", %d running", p.running)
	if took := p.now().Sub(p.began).Seconds(); p.done > 0 && took >= 1 {
		rate := float64(p.done) / took
		left := time.Duration(float64(p.total-p.done) / rate * float64(time.Second))
		figures += fmt.Sprintf(", %s/s, %s left", rounded(rate), left.Round(time.Second))
	}
	return figures
}

// rounded is a rate in two digits or so.
func rounded(rate float64) string {
	if rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

// Finish replaces the bar by the summary.
func (p *Progress) Finish() {
	p.clear()
	took := p.now().Sub(p.began)
	line := fmt.Sprintf("%d of %d done", p.done-p.failures(), p.total)
	if n := p.failures(); n > 0 {
		line += fmt.Sprintf(", %d failed", n)
	}
	if left := p.total - p.done; left > 0 {
		line += fmt.Sprintf(", %d did not run to their end", left)
	}
	if p.retried > 0 {
		line += fmt.Sprintf(", %d tried again", p.retried)
	}
	precision := time.Second / 10
	line += fmt.Sprintf(", in %s", took.Round(precision))
	if seconds := took.Seconds(); seconds >= 1 {
		line += fmt.Sprintf(" (%s/s)", rounded(float64(p.done)/seconds))
	}
	fmt.Fprintln(p.w, line)
	for _, way := range p.ways {
		indexes := p.failed[way]
		slices.Sort(indexes)
		fmt.Fprintf(p.w, "failed with %s: %s\n", way, formatIndexes(indexes))
	}
}
