package cgroups

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// eventFDs hears of the events of version 1, each on a file of its own.
type eventFDs struct{}

func (eventFDs) listen(dir string, event func()) (func(), error) {
	fd, err := eventFD(dir, "memory.oom_control", "")
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "memory.oom_control")
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 8)
		for {
			_, err := file.Read(buffer)
			if err != nil { // it is over, but what happened before it counts
				if n, _ := unix.Read(fd, buffer); n > 0 {
					event()
				}
				return
			}
			event()
		}
	}()
	return sync.OnceFunc(func() {
		_ = file.SetReadDeadline(time.Unix(1, 0)) // ends the Read
		<-done
		file.Close()
	}), nil
}

// eventFD has the kernel count events of a control file, in an eventfd(2).
func eventFD(dir, file, arguments string) (int, error) {
	control, err := os.Open(dir + "/" + file)
	if err != nil {
		return -1, err
	}
	defer control.Close()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1, err
	}
	line := strings.TrimSpace(fmt.Sprintf("%d %d %s", fd, control.Fd(), arguments))
	if err := write(dir, "cgroup.event_control", line); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("listen to %s: %w", file, err)
	}
	return fd, nil
}

// pressure counts how often the kernel had trouble to find memory for a container.
type pressure struct {
	level string
	fd    int
	count uint64
}

// newPressure begins to count on each level that the kernel tells of.
func newPressure(dir string) (list []*pressure) {
	for _, level := range []string{"low", "medium", "critical"} {
		if fd, err := eventFD(dir, "memory.pressure_level", level); err == nil {
			list = append(list, &pressure{level: level, fd: fd})
		}
	}
	return list
}

func (p *pressure) close() { _ = unix.Close(p.fd) }

// report adds the count; those who use the group take turns.
func (p *pressure) report(usage *mesospb.ResourceStatistics) {
	var buffer [8]byte
	if n, err := unix.Read(p.fd, buffer[:]); err == nil && n == len(buffer) {
		p.count += binary.NativeEndian.Uint64(buffer[:])
	}
	count := p.count
	switch p.level {
	case "low":
		usage.MemLowPressureCounter = &count
	case "medium":
		usage.MemMediumPressureCounter = &count
	case "critical":
		usage.MemCriticalPressureCounter = &count
	}
}

// eventFiles hears of the events of version 2, all of them on one inotify(7),
// which is there while there is something to hear of.
type eventFiles struct {
	mu      sync.Mutex
	current *inotify
}

type inotify struct {
	file   *os.File
	fd     int
	done   chan struct{}
	mu     sync.Mutex
	events map[int32]func() // by watch
}

func (e *eventFiles) listen(dir string, event func()) (func(), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return nil, err
		}
		e.current = &inotify{file: os.NewFile(uintptr(fd), "inotify"), fd: fd, done: make(chan struct{}), events: map[int32]func(){}}
		go e.current.read()
	}
	watched := e.current
	watch, err := watched.add(dir+"/memory.events", event)
	if err != nil {
		e.endIfIdle()
		return nil, fmt.Errorf("listen to memory.events: %w", err)
	}
	return sync.OnceFunc(func() {
		watched.remove(watch)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.endIfIdle()
	}), nil
}

// endIfIdle ends the inotify if there is nothing more to hear of.
func (e *eventFiles) endIfIdle() {
	if i := e.current; i != nil && i.idle() {
		i.file.Close()
		<-i.done
		e.current = nil
	}
}

func (i *inotify) add(file string, event func()) (int, error) {
	i.mu.Lock() // so that no event of the watch is read before it is known
	defer i.mu.Unlock()
	watch, err := unix.InotifyAddWatch(i.fd, file, unix.IN_MODIFY)
	if err == nil {
		i.events[int32(watch)] = event
	}
	return watch, err
}

func (i *inotify) remove(watch int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.events, int32(watch))
	_, _ = unix.InotifyRmWatch(i.fd, uint32(watch)) // the file may be gone
}

func (i *inotify) idle() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.events) == 0
}

func (i *inotify) read() {
	defer close(i.done)
	buffer := make([]byte, 4096)
	for {
		n, err := i.file.Read(buffer)
		if err != nil {
			return
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
			rest = rest[unix.SizeofInotifyEvent+int(event.Len):]
			i.mu.Lock()
			happened := i.events[event.Wd]
			i.mu.Unlock()
			if happened != nil && event.Mask&unix.IN_MODIFY != 0 {
				happened()
			}
		}
	}
}
