// Package dialogue joins this process's terminal, or its pipes, with a container's.
package dialogue

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// heartbeatInterval is how often an agent is told that this end is there.
const heartbeatInterval = 30 * time.Second

// ErrDetached tells that the person has left the container.
var ErrDetached = errors.New("detached")

// Terminal is this process's terminal.
type Terminal struct {
	in    int
	saved *term.State // nil while it is as it was
}

// FindTerminal is the terminal that streams read from. It is mesos.Invalid if that
// is none.
func FindTerminal(streams *iostreams.Streams) (*Terminal, error) {
	in, ok := streams.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, mesos.Errorf(mesos.Invalid, "the standard input is no terminal: leave --tty out")
	}
	return &Terminal{in: int(in.Fd())}, nil
}

// Size is the terminal's size.
func (t *Terminal) Size() *mesospb.TTYInfo_WindowSize {
	columns, rows, err := term.GetSize(t.in)
	if err != nil || columns <= 0 || rows <= 0 {
		columns, rows = 80, 24
	}
	r, c := uint32(rows), uint32(columns)
	return &mesospb.TTYInfo_WindowSize{Rows: &r, Columns: &c}
}

// Raw passes every key on, until Restore.
func (t *Terminal) Raw() error {
	saved, err := term.MakeRaw(t.in)
	if err != nil {
		return mesos.Errorf(mesos.Internal, "terminal: %w", err)
	}
	t.saved = saved
	return nil
}

// Restore undoes Raw, if it was done.
func (t *Terminal) Restore() {
	if t.saved != nil {
		_ = term.Restore(t.in, t.saved) // it may be gone
		t.saved = nil
	}
}

// Dialogue is what is joined.
type Dialogue struct {
	Streams *iostreams.Streams
	// Output is the container's.
	Output *client.Output
	// Input opens the container's; nil: it is not wanted.
	Input func(context.Context) (*client.Input, error)
	// Before is what the container wrote before, to be shown first.
	Before []byte
	// Terminal is this process's, if the container has one too.
	Terminal *Terminal
	// Detach are keys with which the person leaves; empty: there are none.
	Detach []byte
}

// Run passes on what both ends say, until the container has ended, the person has
// left (ErrDetached), or the context ends.
func (d *Dialogue) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, d.Output.Close)()
	if d.Terminal != nil {
		if err := d.Terminal.Raw(); err != nil {
			return err
		}
		defer d.Terminal.Restore()
	}
	if _, err := d.Streams.Out.Write(d.Before); err != nil {
		return mesos.Errorf(mesos.Internal, "write output: %w", err)
	}
	if d.Input != nil {
		in, err := d.Input(ctx)
		if err != nil {
			return err
		}
		defer in.Close() //nolint:errcheck // the container's end is what counts
		go d.listen(in, cancel)
		go d.keep(ctx, in)
	}
	err := d.show()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// show copies output to its end.
func (d *Dialogue) show() error {
	for {
		data, err := d.Output.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := d.Streams.Out
		if data.GetType() == agentpb.ProcessIO_Data_STDERR {
			to = d.Streams.Err
		}
		if _, err := to.Write(data.GetData()); err != nil {
			return mesos.Errorf(mesos.Internal, "write output: %w", err)
		}
	}
}

// listen copies input to its end. This process's reads can't be interrupted: they
// end with it.
func (d *Dialogue) listen(in *client.Input, cancel context.CancelCauseFunc) {
	buf := make([]byte, 32<<10)
	keys := detector{keys: d.Detach}
	for {
		n, err := d.Streams.In.Read(buf)
		if n > 0 {
			data, left := keys.take(buf[:n])
			if _, err := in.Write(data); err != nil {
				return // the container has ended, or does not listen any more
			}
			if left {
				cancel(ErrDetached)
				return
			}
		}
		if err != nil {
			_ = in.End() // as above
			return
		}
	}
}

// keep passes the terminal's size on whenever that changes, and heartbeats.
func (d *Dialogue) keep(ctx context.Context, in *client.Input) {
	resized, stop := windowChanges()
	defer stop()
	if d.Terminal != nil {
		size := d.Terminal.Size() // it may have changed since the container was told
		_ = in.Resize(size.GetRows(), size.GetColumns())
	}
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-resized:
			if d.Terminal != nil {
				size := d.Terminal.Size()
				err = in.Resize(size.GetRows(), size.GetColumns())
			}
		case <-ticker.C:
			err = in.Heartbeat(heartbeatInterval)
		case <-in.Over():
			return
		case <-ctx.Done():
			return
		}
		if err != nil {
			return // whoever reads output says why
		}
	}
}

// detector looks for keys that are pressed one after the other.
type detector struct {
	keys []byte
	seen int
}

// take returns what is to be passed on, and whether the keys were pressed. Keys
// that may be the beginning of them are held back until the next one.
func (d *detector) take(data []byte) (pass []byte, all bool) {
	if len(d.keys) == 0 {
		return data, false
	}
	var out bytes.Buffer
	for _, key := range data {
		if key != d.keys[d.seen] {
			out.Write(d.keys[:d.seen])
			d.seen = 0
		}
		if key != d.keys[d.seen] {
			out.WriteByte(key)
			continue
		}
		if d.seen++; d.seen == len(d.keys) {
			return out.Bytes(), true
		}
	}
	return out.Bytes(), false
}
