package taskref

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Log is a file that a task writes, or has written.
type Log struct {
	files client.Files
	path  string
}

// Log is a file of the task's sandbox: stdout, or stderr.
func (t *Task) Log(name string) *Log {
	return &Log{files: t.Agent.Files(), path: t.Sandbox() + "/" + name}
}

// Show copies the log, or its last lines, as it is now; less than 0 lines are all. An
// error is mesos.NotFound if there is no such file.
func (f *Log) Show(ctx context.Context, tail int, w io.Writer) error {
	size, err := f.files.Size(ctx, f.path)
	if err != nil {
		return f.explain(err)
	}
	at, err := f.begin(ctx, tail, size)
	for err == nil && at < size {
		var data []byte
		if data, err = f.files.Read(ctx, f.path, at); len(data) == 0 {
			break // it has become shorter
		}
		if err == nil {
			data = data[:min(uint64(len(data)), size-at)]
			at += uint64(len(data))
			_, err = w.Write(data)
		}
	}
	return f.explain(err)
}

// Follow is Show that goes on until ended is closed (see Task.Ended). A task that does
// not write yet, and one whose agent is away for a while, are waited for.
func (f *Log) Follow(ctx context.Context, tail int, w io.Writer, ended <-chan struct{}) error {
	var at uint64
	if tail >= 0 {
		size, err := f.files.Size(ctx, f.path)
		if err == nil {
			at, err = f.begin(ctx, tail, size)
		}
		if err != nil && mesos.KindOf(err) != mesos.NotFound {
			return f.explain(err)
		}
	}
	return f.explain(f.files.FollowFrom(ctx, f.path, at, w, ended))
}

// explain says of a file that is not there what has become of it.
func (f *Log) explain(err error) error {
	if mesos.KindOf(err) == mesos.NotFound {
		return mesos.Errorf(mesos.NotFound, "%s is not there: the sandbox was removed, or the task never ran", f.path)
	}
	return err
}

// begin is where the last lines of a file of a size begin; less than 0 lines are all.
func (f *Log) begin(ctx context.Context, tail int, size uint64) (uint64, error) {
	const chunk = 64 << 10
	if tail < 0 {
		return 0, nil
	}
	lines := 0
	for end := size; end > 0; {
		start := end - min(end, chunk)
		data, err := f.read(ctx, start, end)
		if err != nil {
			return 0, err
		}
		if end == size && bytes.HasSuffix(data, []byte("\n")) {
			data = data[:len(data)-1] // it ends the last line, and begins none
		}
		for i := len(data) - 1; i >= 0; i-- {
			if data[i] == '\n' {
				if lines++; lines >= tail {
					return start + uint64(i) + 1, nil
				}
			}
		}
		end = start
	}
	if tail == 0 {
		return size, nil
	}
	return 0, nil
}

// read reads a part of the file, which servers give in pieces.
func (f *Log) read(ctx context.Context, start, end uint64) ([]byte, error) {
	var all []byte
	for at := start; at < end; {
		data, err := f.files.Read(ctx, f.path, at)
		if err != nil || len(data) == 0 {
			return all, err
		}
		data = data[:min(uint64(len(data)), end-at)]
		all = append(all, data...)
		at += uint64(len(data))
	}
	return all, nil
}

// watchInterval is how often an agent is asked whether a task has ended.
const watchInterval = time.Second

// Ended is closed when the task has ended, or its agent does not know it any more; at
// the latest when the context ends. The agent is asked, whose answer is short, and not
// the master, whose is not.
func (t *Task) Ended(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.wait(ctx)
	}()
	return ended
}

// wait returns when the task has ended.
func (t *Task) wait(ctx context.Context) {
	if mesos.TaskState(t.GetState()).Terminal() {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		answer, err := t.Agent.Call(ctx, &agentpb.Call{Type: agentpb.Call_GET_TASKS.Enum()})
		if err == nil && !running(answer.GetGetTasks(), t) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func running(tasks *agentpb.Response_GetTasks, task *Task) bool {
	for _, list := range [][]*mesospb.Task{tasks.GetPendingTasks(), tasks.GetQueuedTasks(), tasks.GetLaunchedTasks()} {
		for _, t := range list {
			if t.GetTaskId().GetValue() == task.ID() && t.GetFrameworkId().GetValue() == task.GetFrameworkId().GetValue() {
				return !mesos.TaskState(t.GetState()).Terminal()
			}
		}
	}
	return false
}
