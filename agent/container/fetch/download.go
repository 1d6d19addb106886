package fetch

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// target is the file that a download goes to. It is made once there is something
// to download.
type target struct {
	create func() (*os.File, error)
	file   *os.File
	size   int64 // what came so far
	// room makes room for a file of that many bytes; nil: there is enough.
	room func(size int64) error
	sums *sums // what the content is compared with; nil: nothing
}

// end closes the file, if there is one.
func (t *target) end(err error) error {
	if t.file == nil {
		return err
	}
	if closed := t.file.Close(); err == nil {
		err = closed
	}
	return err
}

// Write implements io.Writer.
func (t *target) Write(p []byte) (int, error) {
	if err := t.reserve(t.size + int64(len(p))); err != nil {
		return 0, err
	}
	n, err := t.file.Write(p)
	t.size += int64(n)
	t.sums.write(p[:n])
	return n, err
}

func (t *target) reserve(size int64) error {
	if t.room == nil {
		return nil
	}
	return t.room(size)
}

// begin makes the file, or throws away what came so far.
func (t *target) begin() (err error) {
	t.size, t.sums = 0, nil
	if t.file == nil {
		t.file, err = t.create()
		return err
	}
	if err := t.file.Truncate(0); err != nil {
		return err
	}
	_, err = t.file.Seek(0, io.SeekStart)
	return err
}

// download brings what a source has to a target. Files of this machine are read
// with the user's rights; nil is those of the caller.
func (f *Fetcher) download(ctx context.Context, source source, user *supervise.User, to *target) error {
	switch {
	case source.url != "":
		return f.downloadHTTP(ctx, source.url, to)
	case source.hadoop != "":
		return f.downloadHadoop(ctx, source.hadoop, user, to)
	}
	var from *os.File
	err := asUser(user, func() (err error) {
		from, err = openFile(source.path)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := to.begin(); err != nil {
		return err
	}
	if err := to.reserve(info.Size()); err != nil {
		return err
	}
	_, err = io.Copy(to, stoppable{ctx, from})
	return err
}

// openFile opens a regular file; what would block or never end is none.
func openFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = mesos.Errorf(mesos.Invalid, "%s: not a file", path)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// watch ends a context when there was no progress for too long.
type watch struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

func (f *Fetcher) watch(ctx context.Context) *watch {
	w := &watch{timeout: f.StallTimeout}
	if w.timeout == 0 {
		w.timeout = DefaultStallTimeout
	}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	stalled := mesos.Errorf(mesos.TimedOut, "no progress for %v", w.timeout)
	w.timer = time.AfterFunc(w.timeout, func() { w.cancel(stalled) })
	return w
}

// progress is told that something came.
func (w *watch) progress() { w.timer.Reset(w.timeout) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause is what an error comes from, if it is this side's doing.
func (w *watch) cause(err error) error {
	if cause := context.Cause(w.ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// copy copies what comes to a target. An error of reading is told apart from one
// of writing, which nothing that is tried again will change.
func (w *watch) copy(to *target, from io.Reader) (read, written error) {
	buf := make([]byte, 128<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			w.progress()
			if _, err := to.Write(buf[:n]); err != nil {
				return nil, err
			}
		}
		switch {
		case err == io.EOF:
			return nil, nil
		case err != nil:
			return w.cause(err), nil
		}
	}
}
