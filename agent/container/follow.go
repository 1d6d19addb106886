package container

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// followInterval is how often to look whether a container has written more.
const followInterval = 50 * time.Millisecond

// follower is the output of a container that writes its files itself, read from
// these. It costs the container nothing.
type follower struct {
	container *container
	buf       []byte
	closing   chan struct{}

	mu     sync.Mutex // of reading, which does not wait, and closing
	files  [2]followed
	closed bool
}

// followed is one file, from where it was followed.
type followed struct {
	path string
	file *os.File // nil until there is one
}

// follow begins at the end of what is written.
func follow(c *container) (Output, error) {
	const size = 32 << 10
	f := &follower{container: c, buf: make([]byte, size), closing: make(chan struct{})}
	for i, name := range []string{"stdout", "stderr"} {
		f.files[i].path = filepath.Join(c.spec.Sandbox, name)
		if err := f.files[i].open(io.SeekEnd); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// open opens the file, if it is there. What a container has put in its place must
// not lead anywhere else, and must be a file.
func (f *followed) open(from int) error {
	file, err := os.OpenFile(f.path, os.O_RDONLY|openNoFollow|openNonblock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "attach: %w", err)
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return mesos.Errorf(mesos.Invalid, "attach: %s is not a file", f.path)
	}
	if _, err := file.Seek(0, from); err != nil {
		file.Close()
		return mesos.Errorf(mesos.Internal, "attach: %w", err)
	}
	f.file = file
	return nil
}

// Next implements Output.
func (f *follower) Next() (Chunk, error) {
	for {
		ended := f.container.ended() // before it is read for the last time
		if chunk, ok := f.read(); ok {
			return chunk, nil
		}
		if ended {
			f.Close() //nolint:errcheck // it has no errors
			return Chunk{}, io.EOF
		}
		select {
		case <-f.closing:
			return Chunk{}, mesos.Errorf(mesos.Unavailable, "output: closed")
		case <-f.container.done:
		case <-time.After(followInterval):
		}
	}
}

// read reads what is new in either file.
func (f *follower) read() (Chunk, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.files {
		if f.closed {
			break
		}
		if n := f.files[i].read(f.buf); n > 0 {
			return Chunk{Stderr: i == 1, Data: f.buf[:n]}, true
		}
	}
	return Chunk{}, false
}

// read reads what is new. At the end of a file that was replaced by another, as
// files that have grown large are, the other one is next.
func (f *followed) read(buf []byte) int {
	if f.file != nil {
		if n, _ := f.file.Read(buf); n > 0 {
			return n
		}
	}
	info, err := os.Lstat(f.path)
	if err != nil {
		return 0
	}
	if f.file != nil {
		if current, err := f.file.Stat(); err == nil && os.SameFile(current, info) {
			return 0
		}
		f.file.Close()
		f.file = nil
	}
	if f.open(io.SeekStart) != nil || f.file == nil {
		return 0
	}
	n, _ := f.file.Read(buf)
	return max(n, 0)
}

// Close implements Output. A Next that waits ends.
func (f *follower) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	close(f.closing)
	for i := range f.files {
		if file := f.files[i].file; file != nil {
			file.Close()
			f.files[i].file = nil
		}
	}
	return nil
}
