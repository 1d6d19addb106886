package supervise

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// output copies what a container writes into the files of its sandbox and to
// those who have attached to it, and holds its standard input.
type output struct {
	streams  []*stream
	stdin    *os.File // nil: there is none to attach to
	terminal *os.File // the container's side, if it has one
	pumps    sync.WaitGroup
	// tell is for who runs the agent: what went wrong. It reports whether that was taken.
	tell func(remark string) bool

	mu       sync.Mutex
	readers  []*reader
	writer   *writer // who is attached to the standard input
	draining bool    // the container has ended
	ended    bool    // and all it wrote is copied
}

// stream is one output of a container.
type stream struct {
	kind   Frame
	source *os.File

	mu  sync.Mutex // of log
	log sink
	// lost is how many bytes could not be written since that was last written down,
	// and cause is why; told is set once somebody was told.
	lost  uint64
	cause syscall.Errno
	told  bool
	// unfinished is set while the last line in the log is.
	unfinished bool
}

// sink is where output is kept.
type sink interface {
	Write([]byte) (int, error)
	Close() error
}

// nowhere keeps nothing.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

// openLog opens what keeps an output: the file at path, or nothing without one.
func (p *Process) openLog(kind Frame, path string) (sink, *failure) {
	if path == "" {
		return nowhere{}, nil
	}
	if limit, keep := p.Logs.of(kind); limit > 0 {
		return openRotating(path, limit, keep)
	}
	return openOutput(path)
}

// of is how large a file of an output may become, 0 for any size, and how many
// older ones are kept.
func (l *Logs) of(kind Frame) (limit, keep uint64) {
	if kind == FrameStderr {
		return l.StderrBytes, l.StderrKeep
	}
	return l.StdoutBytes, l.StdoutKeep
}

// start begins to copy. first reads from the beginning on, and the container
// waits for it; nil: nobody does.
func (o *output) start(first *os.File) {
	if first != nil {
		o.attach(first, true)
	}
	for _, s := range o.streams {
		o.pumps.Go(func() { o.pump(s) })
	}
}

// pump copies one stream to its end.
func (o *output) pump(s *stream) {
	const size = 16 << 10
	buf := make([]byte, size)
	for {
		n, err := s.source.Read(buf)
		if n > 0 {
			o.keep(s, buf[:n])
			o.send(s.kind, buf[:n])
		}
		if err != nil {
			break
		}
	}
}

// send gives output to all who are attached, and gives up those who are too slow.
func (o *output) send(kind Frame, data []byte) {
	o.mu.Lock()
	readers := o.readers
	o.mu.Unlock()
	for _, r := range readers {
		if !r.put(kind, data) {
			o.forget(r)
		}
	}
}

// forget drops a reader. The list is made anew, because others may be reading it.
func (o *output) forget(gone *reader) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var kept []*reader
	for _, r := range o.readers {
		if r != gone {
			kept = append(kept, r)
		}
	}
	o.readers = kept
}

// attach sends the output from now on to conn as well. It reports false if there
// is no more to come.
func (o *output) attach(conn *os.File, patient bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		conn.Close()
		return false
	}
	r := newReader(conn, patient)
	if o.draining {
		r.drain()
	}
	o.readers = append(o.readers[:len(o.readers):len(o.readers)], r)
	return true
}

// drainPatience is how long to wait for the end of an output of which every
// process is gone: only one that could not be found can hold it open.
const drainPatience = time.Second

// drain copies what is left of a container whose every process is gone, and calls
// done. Nobody is waited for any more.
func (o *output) drain(done func()) {
	o.mu.Lock()
	o.draining = true
	for _, r := range o.readers {
		r.drain()
	}
	o.mu.Unlock()
	if o.terminal != nil {
		o.terminal.Close()
	}
	for _, s := range o.streams {
		_ = s.source.SetReadDeadline(time.Now().Add(drainPatience)) // else it would not be a pipe or a terminal
	}
	go func() {
		o.pumps.Wait()
		o.closeLogs()
		o.close()
		done()
	}()
}

// close ends the connections of all who are attached.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	for _, r := range o.readers {
		r.end()
	}
	if o.writer != nil {
		o.writer.end()
	}
	if o.stdin != nil {
		o.stdin.Close()
	}
	for _, s := range o.streams {
		s.source.Close() // of a terminal that is stdin again
	}
}

// closeLogs closes the logs, to which nothing is written any more.
func (o *output) closeLogs() {
	for _, s := range o.streams {
		o.settle(s)
	}
	for _, s := range o.streams {
		_ = s.log.Close() // what it could not keep was told
	}
}

// discard closes everything of a container that was never started.
func (o *output) discard() {
	for _, s := range o.streams {
		_ = s.log.Close() // nothing was written
	}
	if o.terminal != nil {
		o.terminal.Close()
	}
	o.close()
}

// reader is one who reads a container's output. What it has not taken waits in a
// queue of limited size. If that is full the container waits: for a while, after
// which the reader loses its connection, or for as long as it takes if all that
// is written is for this reader.
type reader struct {
	conn    *os.File
	patient bool

	mu       sync.Mutex
	changed  sync.Cond
	queue    []byte
	draining bool // nothing is waited for, because little is to come
	ending   bool // nothing is to come
	broken   bool
}

const (
	// maxQueue is how much may wait for one reader, in bytes.
	maxQueue = 256 << 10
	// readerPatience is how long a reader may hold up a container.
	readerPatience = time.Second
)

func newReader(conn *os.File, patient bool) *reader {
	r := &reader{conn: conn, patient: patient}
	r.changed.L = &r.mu
	go r.run()
	return r
}

// put queues output. It reports false once the reader is lost.
func (r *reader) put(kind Frame, data []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full() && !r.patient {
		timer := time.AfterFunc(readerPatience, r.giveUp)
		defer timer.Stop()
	}
	for r.full() && !r.broken {
		r.changed.Wait()
	}
	if !r.broken {
		r.queue = AppendFrame(r.queue, kind, data)
	}
	r.changed.Broadcast()
	return !r.broken
}

// giveUp drops a reader that is still too slow.
func (r *reader) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full() {
		r.broken = true
		r.conn.Close()
		r.changed.Broadcast()
	}
}

func (r *reader) full() bool { return len(r.queue) > maxQueue && !r.draining }

func (r *reader) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.changed.Broadcast()
}

// end says that the container has ended, after all that is queued.
func (r *reader) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = AppendFrame(r.queue, FrameEnd, nil)
	r.ending = true
	r.changed.Broadcast()
}

// run writes what is queued until there is nothing more to come.
func (r *reader) run() {
	defer r.conn.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		for len(r.queue) == 0 && !r.broken && !r.ending {
			r.changed.Wait()
		}
		if r.broken || len(r.queue) == 0 {
			return
		}
		batch := r.queue
		r.queue = nil
		r.changed.Broadcast()
		r.mu.Unlock()
		_, err := r.conn.Write(batch)
		r.mu.Lock()
		if err != nil {
			r.broken = true
			r.changed.Broadcast()
		}
	}
}

// writer is the one who writes a container's standard input.
type writer struct {
	conn *os.File
	done chan struct{} // closed when it writes no more
}

// attachInput takes the standard input from conn, after all that those before it
// have sent: the agent sees to it that they have gone.
func (o *output) attachInput(conn *os.File) syscall.Errno {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || o.stdin == nil {
		conn.Close()
		return syscall.ENXIO
	}
	before := o.writer
	w := &writer{conn, make(chan struct{})}
	o.writer = w
	go func() {
		if before != nil {
			<-before.done
		}
		o.copyInput(w)
	}()
	return 0
}

// copyInput does what w says until it says no more.
func (o *output) copyInput(w *writer) {
	defer close(w.done)
	defer w.conn.Close()
	var buf []byte
	for {
		kind, data, err := ReadFrame(w.conn, &buf)
		switch {
		case err != nil:
			return
		case kind == FrameWindow && len(data) == 4 && o.terminal != nil:
			resize(o.stdin, Window{uint16(data[0])<<8 | uint16(data[1]), uint16(data[2])<<8 | uint16(data[3])})
		case kind == FrameStdin:
			if _, err := o.stdin.Write(data); err != nil {
				return
			}
		case kind == FrameEOF && o.terminal == nil:
			o.stdin.Close()
		}
	}
}

// end tells the writer that the container has ended.
func (w *writer) end() {
	_ = w.conn.SetWriteDeadline(time.Now().Add(drainPatience))
	_, _ = w.conn.Write(AppendFrame(nil, FrameEnd, nil)) // it may be gone
	w.conn.Close()
}
