package execute

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/dialogue"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/mesos"
)

// show is how an execution is shown.
type show struct {
	tell   exec.Printer
	output func(mesos.TaskID) (stdout, stderr io.WriteCloser)
	attach func(context.Context, *client.Agent, exec.Follow) error
	finish func(exec.Result)
	watch  bool // tell what tasks wait for
	left   func(exec.Background)
}

// show decides by the flags, and by what there is to show it on.
func (o *options) show(a *app.App, spec exec.Spec) (show, error) {
	s := show{finish: func(exec.Result) {}, tell: exec.Plain(a.IO.Err)}
	if o.quiet {
		s.tell = func(exec.Notice) {}
	}
	switch {
	case o.interactive:
		return o.joined(a, s)
	case o.detach:
		o.background(&s, max(len(spec.Indexes), 1))
	case len(spec.Indexes) > 0:
		o.several(a, &s, spec.Indexes)
	case o.output != "none":
		s.output = func(mesos.TaskID) (io.WriteCloser, io.WriteCloser) { return lines.Raw(a.IO.Out), lines.Raw(a.IO.Err) }
	}
	if a.IO.ErrTerminal && !o.quiet && len(o.array) == 0 {
		s.noted(lines.NewNote(a.IO))
	}
	return s, nil
}

// noted shows what tasks wait for in a line that changes, below everything else.
func (s *show) noted(note *lines.Note) {
	tell, output := s.tell, s.output
	s.watch = true
	s.tell = func(n exec.Notice) {
		if waiting, ok := n.(exec.Waiting); ok {
			note.Set(string(waiting.Task) + ": " + waiting.What)
			return
		}
		note.Clear()
		tell(n)
	}
	if output != nil {
		s.output = func(task mesos.TaskID) (io.WriteCloser, io.WriteCloser) {
			stdout, stderr := output(task)
			return note.Over(stdout), note.Over(stderr)
		}
	}
	if left := s.left; left != nil {
		s.left = func(e exec.Background) {
			note.Clear()
			left(e)
		}
	}
	finish := s.finish
	s.finish = func(r exec.Result) {
		note.Clear()
		finish(r)
	}
}

// joined is of a task whose terminal is this one.
func (o *options) joined(a *app.App, s show) (show, error) {
	terminal, err := dialogue.FindTerminal(a.IO)
	if err != nil {
		return s, mesos.Errorf(mesos.Invalid, "--interactive: the standard input is no terminal: leave it out")
	}
	plain := exec.Plain(a.IO.Err)
	s.tell = func(n exec.Notice) {
		switch n.(type) {
		case exec.NothingFits, exec.OutputLost:
			plain(n)
		}
	}
	s.attach = func(ctx context.Context, agent *client.Agent, task exec.Follow) error {
		output, missed, err := exec.AttachOutput(ctx, agent, task)
		if err != nil {
			return err
		}
		defer output.Close()
		talk := &dialogue.Dialogue{
			Streams: a.IO, Output: output, Terminal: terminal, Before: missed,
			Input: func(ctx context.Context) (*client.Input, error) { return agent.AttachInput(ctx, task.Container) },
		}
		return talk.Run(ctx)
	}
	if a.IO.ErrTerminal && !o.quiet {
		s.noted(lines.NewNote(a.IO))
	}
	return s, nil
}

// background is of tasks that are left: their IDs are what is printed, and how they
// fare is in a log.
func (o *options) background(s *show, total int) {
	b := o.behind
	if b == nil {
		return // the process in the background shows them
	}
	tell, several := s.tell, o.instances > 0 || len(o.array) > 0
	log := exec.Plain(b)
	progress := exec.NewProgress(b, total, time.Now)
	if several {
		log = progress.Print
	}
	var ids []mesos.TaskID
	s.tell = func(n exec.Notice) {
		log(n)
		if n, ok := n.(exec.Submitted); ok && !b.left.Load() {
			ids = append(ids, n.IDs...)
		}
		if _, ok := n.(exec.NothingFits); (ok || !several) && !b.left.Load() {
			tell(n)
		}
	}
	s.left = b.leave
	s.finish = func(r exec.Result) {
		if !b.left.Load() {
			b.tell(handover{ids, false})
			return
		}
		if several {
			progress.Finish()
		}
		b.end(r)
	}
}

// several is of many tasks.
func (o *options) several(a *app.App, s *show, indexes []int) {
	if o.output == "all" || o.output == "" && o.instances > 0 {
		width := len(strconv.Itoa(indexes[len(indexes)-1]))
		printer := lines.New(a.IO, width)
		s.output = func(task mesos.TaskID) (io.WriteCloser, io.WriteCloser) {
			label := exec.IndexOf(task)
			return printer.Out(label), printer.Err(label)
		}
	}
	if o.quiet {
		return
	}
	progress := exec.NewProgress(a.IO.Err, len(indexes), time.Now)
	progress.Each = o.instances > 0
	if a.IO.ErrTerminal && s.output == nil {
		progress.Line = lines.NewNote(a.IO)
	}
	s.tell = progress.Print
	s.finish = func(exec.Result) { progress.Finish() }
}
