package execute

import (
	"context"
	"fmt"
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
		o.left(a, &s)
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

// left is of tasks that are left to themselves: their IDs are what is printed.
func (o *options) left(a *app.App, s *show) {
	tell, several := s.tell, o.instances > 0 || len(o.array) > 0
	var ids []mesos.TaskID
	s.tell = func(n exec.Notice) {
		if n, ok := n.(exec.Submitted); ok {
			ids = append(ids, n.IDs...)
		}
		if _, ok := n.(exec.NothingFits); ok || !several {
			tell(n)
		}
	}
	s.finish = func(exec.Result) {
		for _, id := range ids {
			fmt.Fprintln(a.IO.Out, id)
		}
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
