package logs

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/kinds/taskref"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// file is one file of one task.
type file struct {
	files client.Files
	path  string
	out   io.WriteCloser
	ended <-chan struct{} // closed when nothing more is written
}

// show copies the file, or its last lines, as it is now.
func (f *file) show(ctx context.Context, tail int) error {
	defer f.out.Close() // it ends a line
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
			_, err = f.out.Write(data)
		}
	}
	return f.explain(err)
}

// follow goes on until the task has ended. A task that does not write yet, and one
// whose agent is away for a while, are waited for.
func (f *file) follow(ctx context.Context, tail int) error {
	defer f.out.Close() // it ends a line
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
	return f.explain(f.files.FollowFrom(ctx, f.path, at, f.out, f.ended))
}

// explain says of a file that is not there what has become of it.
func (f *file) explain(err error) error {
	if mesos.KindOf(err) == mesos.NotFound {
		return mesos.Errorf(mesos.NotFound, "%s is not there: the sandbox was removed, or the task never ran", f.path)
	}
	return err
}

// begin is where the last lines of a file of a size begin; less than 0 lines are all.
func (f *file) begin(ctx context.Context, tail int, size uint64) (uint64, error) {
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
func (f *file) read(ctx context.Context, start, end uint64) ([]byte, error) {
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

// watch closes ended when a task has ended, or its agent does not know it any more.
// It asks the agent, whose answer is short, and not the master, whose is not.
func watch(ctx context.Context, task *taskref.Task, ended chan<- struct{}) {
	defer close(ended)
	if mesos.TaskState(task.GetState()).Terminal() {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		answer, err := task.Agent.Call(ctx, &agentpb.Call{Type: agentpb.Call_GET_TASKS.Enum()})
		if err == nil && !running(answer.GetGetTasks(), task) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func running(tasks *agentpb.Response_GetTasks, task *taskref.Task) bool {
	for _, list := range [][]*mesospb.Task{tasks.GetPendingTasks(), tasks.GetQueuedTasks(), tasks.GetLaunchedTasks()} {
		for _, t := range list {
			if t.GetTaskId().GetValue() == task.ID() && t.GetFrameworkId().GetValue() == task.GetFrameworkId().GetValue() {
				return !mesos.TaskState(t.GetState()).Terminal()
			}
		}
	}
	return false
}
