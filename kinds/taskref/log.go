package taskref

import (
	"bytes"
	"context"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
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

// Show copies the log, or its last lines, as it is now, with the older files that it
// was rotated into; less than 0 lines are all. An error is mesos.NotFound if there is
// no such file.
func (f *Log) Show(ctx context.Context, tail int, w io.Writer) error {
	pieces, err := f.pieces(ctx)
	if err != nil {
		return f.explain(err)
	}
	at, err := f.begin(ctx, tail, pieces)
	if err == nil {
		err = f.copy(ctx, pieces, at, w)
	}
	return f.explain(err)
}

// Follow is Show that goes on until ended is closed (see Task.Ended). A task that does
// not write yet, and one whose agent is away for a while, are waited for.
func (f *Log) Follow(ctx context.Context, tail int, w io.Writer, ended <-chan struct{}) error {
	pieces, err := f.pieces(ctx)
	if err != nil && mesos.KindOf(err) != mesos.NotFound && mesos.KindOf(err) != mesos.Unavailable {
		return f.explain(err)
	}
	var at uint64
	if err == nil {
		older := pieces[:len(pieces)-1]
		if at, err = f.begin(ctx, tail, pieces); err == nil {
			err = f.copy(ctx, older, at, w)
		}
		if err != nil {
			return f.explain(err)
		}
		at -= min(at, total(older))
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

// piece is one of the files that are a log.
type piece struct {
	path string
	size uint64
}

func total(pieces []piece) (bytes uint64) {
	for _, p := range pieces {
		bytes += p.size
	}
	return bytes
}

// pieces are the files of the log, the oldest first: it may have been rotated into
// NAME.1, NAME.2 and so on.
// See https://mesos.apache.org/documentation/latest/logging/.
func (f *Log) pieces(ctx context.Context) ([]piece, error) {
	size, err := f.files.Size(ctx, f.path)
	if err != nil {
		return nil, err
	}
	infos, err := f.files.Browse(ctx, path.Dir(f.path))
	if err != nil {
		return []piece{{f.path, size}}, nil //nolint:nilerr // what is older is not known
	}
	ages := map[int]piece{}
	for _, info := range infos {
		text, ok := strings.CutPrefix(path.Base(info.GetPath()), path.Base(f.path)+".")
		if age, err := strconv.Atoi(text); ok && err == nil && age > 0 {
			ages[age] = piece{f.path + "." + text, info.GetSize()}
		}
	}
	var all []piece
	for _, age := range slices.Backward(slices.Sorted(maps.Keys(ages))) {
		all = append(all, ages[age])
	}
	return append(all, piece{f.path, size}), nil
}

// copy copies pieces from a place on, counted from the beginning of the first.
func (f *Log) copy(ctx context.Context, pieces []piece, at uint64, w io.Writer) error {
	for _, p := range pieces {
		if at >= p.size {
			at -= p.size
			continue
		}
		for at < p.size {
			data, err := f.files.Read(ctx, p.path, at)
			if err != nil {
				return err
			}
			if len(data) == 0 {
				break // it has become shorter
			}
			data = data[:min(uint64(len(data)), p.size-at)]
			at += uint64(len(data))
			if _, err := w.Write(data); err != nil {
				return err
			}
		}
		at = 0
	}
	return nil
}

// begin is where the last lines of pieces begin, counted from the beginning of the
// first; less than 0 lines are all.
func (f *Log) begin(ctx context.Context, tail int, pieces []piece) (uint64, error) {
	const chunk = 64 << 10
	size := total(pieces)
	switch {
	case tail < 0:
		return 0, nil
	case tail == 0:
		return size, nil
	}
	lines := 0
	for end := size; end > 0; {
		start := end - min(end, chunk)
		data, err := f.read(ctx, pieces, start, end)
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
	return 0, nil
}

// read reads a part of pieces, which servers give in pieces of their own.
func (f *Log) read(ctx context.Context, pieces []piece, start, end uint64) ([]byte, error) {
	var all bytes.Buffer
	for _, p := range pieces {
		if start < p.size && end > 0 {
			err := f.copy(ctx, []piece{{p.path, min(p.size, end)}}, start, &all)
			if err != nil {
				return nil, err
			}
		}
		start -= min(start, p.size)
		end -= min(end, p.size)
	}
	return all.Bytes(), nil
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

// End waits for the end of the task and returns its last status.
func (t *Task) End(ctx context.Context) (*mesospb.TaskStatus, error) {
	const often = watchInterval / 10 // it has ended, but its executor may have to say so yet
	ticker := time.NewTicker(often)
	defer ticker.Stop()
	for {
		answer, err := t.Agent.Call(ctx, &agentpb.Call{Type: agentpb.Call_GET_TASKS.Enum()})
		if err == nil {
			if status := t.last(answer.GetGetTasks()); status != nil {
				return status, nil
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, mesos.Errorf(mesos.Internal, "how task %s ended is not known", t.ID())
		}
	}
}

// last is the status with which the task has ended; nil if it is not known.
func (t *Task) last(tasks *agentpb.Response_GetTasks) *mesospb.TaskStatus {
	for _, list := range [][]*mesospb.Task{tasks.GetLaunchedTasks(), tasks.GetTerminatedTasks(), tasks.GetCompletedTasks()} {
		for _, known := range slices.Backward(list) {
			if known.GetTaskId().GetValue() != t.ID() || known.GetFrameworkId().GetValue() != t.GetFrameworkId().GetValue() {
				continue
			}
			for _, status := range slices.Backward(known.GetStatuses()) {
				if mesos.TaskState(status.GetState()).Terminal() {
					return status
				}
			}
		}
	}
	return nil
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
