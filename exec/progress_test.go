package exec

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

func progress(out *strings.Builder, total int) (*Progress, *time.Time) {
	now := start
	return NewProgress(out, total, func() time.Time { return now }), &now
}

func (p *Progress) take(n int, result Result) {
	p.Print(Submitted{})
	p.Print(RunOver{Index: n, Host: "h", Result: result})
}

func TestProgressInLines(t *testing.T) {
	var out strings.Builder
	p, now := progress(&out, 20)
	for i := range 20 {
		var r Result
		switch i {
		case 3, 4, 5, 9:
			r.Code = 7
		case 6:
			r.Err = mesos.Errorf(mesos.Internal, "task 'x.6' ended as TASK_LOST: gone")
		}
		p.take(i, r)
	}
	*now = now.Add(4 * time.Second)
	p.Finish()
	want := `2 of 20 done, 0 failed
3: exit code 7 on h
4 of 20 done, 1 failed
4: exit code 7 on h
5: exit code 7 on h
6 of 20 done, 3 failed
6: TASK_LOST: gone on h
8 of 20 done, 4 failed
9: exit code 7 on h
10 of 20 done, 5 failed
12 of 20 done, 5 failed
14 of 20 done, 5 failed
16 of 20 done, 5 failed
18 of 20 done, 5 failed
15 of 20 done, 5 failed, in 4s (5.0/s)
failed with exit code 7: 3-5,9
failed with TASK_LOST: gone: 6
`
	if out.String() != want {
		t.Errorf("it says:\n%swant:\n%s", out.String(), want)
	}
}

// line is a terminal's last line, which keeps what was drawn on it.
type line struct {
	out   *strings.Builder
	drawn []string
}

func (l *line) Bar(_, _ int64, figures string) { l.drawn = append(l.drawn, figures) }
func (l *line) Clear()                         { l.out.WriteString("<cleared>") }

func TestProgressOnATerminal(t *testing.T) {
	var out strings.Builder
	p, now := progress(&out, 1000)
	last := &line{out: &out}
	p.Line = last
	for i := range 412 {
		p.take(i, Result{})
	}
	*now = now.Add(4 * time.Second)
	before := len(last.drawn)
	p.Print(Submitted{}) // some time after the last one was drawn
	p.Print(Submitted{})
	if len(last.drawn) != before+1 {
		t.Errorf("the bar is not drawn, or too often: %d and then %d times", before, len(last.drawn))
	}
	if got, want := last.drawn[before], "412/1000, 1 running, 103/s, 6s left"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	p.Finish()
	if want := "<cleared>412 of 1000 done, 588 did not run to their end, in 4s (103/s)\n"; out.String() != want {
		t.Errorf("it ends with %q", out.String())
	}
}

func TestWhatWasKilledDidNotFail(t *testing.T) {
	var out strings.Builder
	p, _ := progress(&out, 3)
	p.take(1, Result{})
	p.Print(Submitted{})
	p.Print(Killing{})
	p.Print(Killing{})
	p.Print(RunOver{Index: 2, Host: "h", Result: Result{Code: 143}})
	p.Finish()
	want := "1 of 3 done, 0 failed\nkilling what runs: 1\n1 of 3 done, 2 did not run to their end, in 0s\n"
	if out.String() != want {
		t.Errorf("it says:\n%s", out.String())
	}
}
