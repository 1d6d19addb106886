package execute

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
	"github.com/mesosctl/mesosctl/exec"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// With --detach a second process of this program, which has no terminal, is the
// scheduler of the tasks for as long as they live. It is started with the same
// arguments and the variable behindVariable, and shares stderr with the first one
// until nobody needs to wait any more. Its stdin is a pipe from the first one: what
// that one read from its own stdin, one record for each flag that asked for it, then a
// byte for each request to end. Its stdout is a pipe as well: a handover.

// behindVariable tells a process that it is the second one.
const behindVariable = "MESOSCTL_EXECUTE_BEHIND"

// handover is what the first process is told when it need not wait any more.
type handover struct {
	// Tasks are the IDs to print.
	Tasks []mesos.TaskID `json:"tasks"`
	// Left tells that the tasks go on; else this process ends now.
	Left bool `json:"left"`
}

const (
	// maxDocument is how long what was read from stdin may be.
	maxDocument = 64 << 20
	// logsKept is how long the logs of such processes are kept.
	logsKept = 30 * 24 * time.Hour
)

// behind is the second process.
type behind struct {
	app  *app.App
	in   *bufio.Reader
	left atomic.Bool
	log  io.Writer // once it is left; nil: there is none
	// framework is of whom it is the scheduler, once it is left.
	framework mesos.FrameworkID
}

// newBehind returns nil in the first process.
func newBehind(a *app.App) *behind {
	if a.Getenv(behindVariable) == "" {
		return nil
	}
	return &behind{app: a, in: bufio.NewReader(a.IO.In)}
}

// document is the next thing that the first process read from its stdin.
func (b *behind) document() ([]byte, error) {
	document, err := wire.NewRecordReader(b.in, maxDocument).Next()
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "take over: %w", err)
	}
	return document, nil
}

// interrupts adds those that the first process passes on to those of this one.
func (b *behind) interrupts(own <-chan struct{}) <-chan struct{} {
	all := make(chan struct{})
	go func() {
		for range own {
			all <- struct{}{}
		}
	}()
	go func() {
		for asked := false; ; asked = true {
			_, err := b.in.ReadByte()
			if b.left.Load() || err != nil && asked {
				return
			}
			all <- struct{}{} // also if the first process was killed
		}
	}()
	return all
}

// leave lets the first process go, and is in the background from now on.
func (b *behind) leave(e exec.Background) {
	log, err := b.open(string(e.Framework))
	if err != nil {
		fmt.Fprintf(b.app.IO.Err, "there will be no log of what is in the background: %v\n", err)
	}
	b.left.Store(true)
	b.framework = e.Framework
	b.tell(handover{e.Tasks, true})
	err = background(log)
	if log == nil {
		return
	}
	b.log = log
	fmt.Fprintf(b, "process %d is the scheduler of framework %s until its tasks have ended: %s\n", os.Getpid(), e.Framework, several(e.Tasks))
	if err != nil {
		fmt.Fprintf(b, "take leave of the terminal: %v\n", err)
	}
}

// Write writes a line to the log, with the time before it.
func (b *behind) Write(line []byte) (int, error) {
	if b.log != nil {
		_, _ = fmt.Fprintf(b.log, "%s %s", time.Now().Format(time.RFC3339), line) // where else to say that
	}
	return len(line), nil
}

func (b *behind) tell(h handover) {
	_ = json.NewEncoder(b.app.IO.Out).Encode(h) // whoever is not there any more needs none
}

// open opens the log of a framework, and removes those of long ago.
func (b *behind) open(framework string) (*os.File, error) {
	dir := filepath.Join(string(local.FindLasting(b.app.Getenv)), "detached")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "*.log")) // the pattern is fine
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > logsKept {
			_ = os.Remove(path)
		}
	}
	name := strings.ReplaceAll(framework, string(filepath.Separator), "_") + ".log"
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// end says how the tasks ended, if anybody ever wants to know.
func (b *behind) end(r exec.Result) {
	switch {
	case r.Abandoned:
		fmt.Fprintf(b, "ended by a signal: the tasks go on without a scheduler; 'mesosctl teardown %s' ends them\n", b.framework)
	case r.Err != nil:
		fmt.Fprintln(b, r.Err)
	default:
		fmt.Fprintf(b, "all tasks have ended, with exit code %d\n", r.Code)
	}
}

// several is the first and the last of a list.
func several(tasks []mesos.TaskID) string {
	last := len(tasks) - 1
	if last == 0 {
		return string(tasks[0])
	}
	return fmt.Sprintf("%d, %s to %s", len(tasks), tasks[0], tasks[last])
}

// errKilled tells that the second process ended without a word.
var errKilled = errors.New("the process that was to see to the tasks was killed: see 'mesosctl get tasks'")
