package container

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// socketPair makes two ends of a connection, one of them for the supervisor.
func socketPair() (ours, theirs *os.File, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, mesos.Errorf(mesos.Unavailable, "attach: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "attached"), os.NewFile(uintptr(fds[1]), "attached"), nil
}

// LaunchSession implements Attacher.
func (l *Local) LaunchSession(ctx context.Context, spec Spec) (Output, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	if _, err := l.launchWith(ctx, spec, theirs); err != nil {
		ours.Close()
		return nil, err
	}
	return &attachedOutput{conn: ours}, nil
}

// AttachOutput implements Attacher.
func (l *Local) AttachOutput(ctx context.Context, id mesos.ContainerID) (Output, error) {
	c, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	err = l.launcher.Attach(id, supervise.OpAttachOutput, theirs)
	if err != nil {
		ours.Close()
		if errors.Is(err, errNotCopied) {
			return follow(c)
		}
		return nil, err
	}
	return &attachedOutput{conn: ours}, nil
}

// attachedOutput is output that the supervisor copies.
type attachedOutput struct {
	conn *os.File
	buf  []byte
}

// Next implements Output.
func (o *attachedOutput) Next() (Chunk, error) {
	kind, data, err := supervise.ReadFrame(o.conn, &o.buf)
	switch {
	case err != nil:
		return Chunk{}, mesos.Errorf(mesos.Unavailable, "output: the connection to the container broke: %v", err)
	case kind == supervise.FrameEnd:
		return Chunk{}, io.EOF
	}
	return Chunk{Stderr: kind == supervise.FrameStderr, Data: data}, nil
}

// Close implements Output.
func (o *attachedOutput) Close() error { return o.conn.Close() }

// AttachInput implements Attacher.
func (l *Local) AttachInput(ctx context.Context, id mesos.ContainerID) (Input, error) {
	c, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if !c.attached.CompareAndSwap(false, true) {
		return nil, mesos.Errorf(mesos.Conflict, "attach: somebody is attached to the standard input of container %s", id)
	}
	ours, theirs, err := socketPair()
	if err == nil {
		defer theirs.Close()
		if err = l.launcher.Attach(id, supervise.OpAttachInput, theirs); err != nil {
			ours.Close()
		}
	}
	if err != nil {
		c.attached.Store(false)
		return nil, err
	}
	in := &attachedInput{conn: ours, of: c, ended: make(chan struct{})}
	go in.watch()
	return in, nil
}

// attachedInput is input that the supervisor copies.
type attachedInput struct {
	conn   *os.File
	of     *container
	ended  chan struct{}
	closed sync.Once

	mu  sync.Mutex
	buf []byte
}

// watch waits for the end of the container, or of its interest.
func (in *attachedInput) watch() {
	defer close(in.ended)
	var buf []byte
	_, _, _ = supervise.ReadFrame(in.conn, &buf) // there is only one that can come
}

func (in *attachedInput) send(frame func([]byte) []byte) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.buf = frame(in.buf[:0])
	if _, err := in.conn.Write(in.buf); err != nil {
		return mesos.Errorf(mesos.Unavailable, "input: %w", err)
	}
	return nil
}

// Write implements Input.
func (in *attachedInput) Write(data []byte) error {
	const most = 64 << 10
	for len(data) > 0 {
		n := min(len(data), most)
		if err := in.send(func(b []byte) []byte { return supervise.AppendFrame(b, supervise.FrameStdin, data[:n]) }); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// Resize implements Input.
func (in *attachedInput) Resize(rows, columns uint16) error {
	return in.send(func(b []byte) []byte {
		return supervise.AppendWindow(b, supervise.Window{Rows: rows, Columns: columns})
	})
}

// End implements Input.
func (in *attachedInput) End() error {
	return in.send(func(b []byte) []byte { return supervise.AppendFrame(b, supervise.FrameEOF, nil) })
}

// Ended implements Input.
func (in *attachedInput) Ended() <-chan struct{} { return in.ended }

// Close implements Input.
func (in *attachedInput) Close() error {
	var err error
	in.closed.Do(func() {
		err = in.conn.Close()
		in.of.attached.Store(false)
	})
	return err
}
