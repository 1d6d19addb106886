package logs

import (
	"io"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/kinds/taskref"
)

// printer decides where the files of tasks are shown.
type printer struct {
	*lines.Printer
	streams *iostreams.Streams
	prefix  bool
	both    bool // standard output and standard error
}

func newPrinter(streams *iostreams.Streams, tasks []*taskref.Task, o *options) *printer {
	width := 0
	for _, task := range tasks {
		width = max(width, len(task.ID()))
	}
	return &printer{lines.New(streams, width), streams, len(tasks) > 1 && !o.noPrefix, o.all}
}

// lines is where a file of a task is to be written. The standard error of one goes
// to this process's if both are shown.
func (p *printer) lines(task *taskref.Task, stderr bool) io.WriteCloser {
	switch stderr = stderr && p.both; {
	case !p.prefix && stderr:
		return lines.Raw(p.streams.Err)
	case !p.prefix:
		return lines.Raw(p.streams.Out)
	case stderr:
		return p.Err(task.ID())
	default:
		return p.Out(task.ID())
	}
}
