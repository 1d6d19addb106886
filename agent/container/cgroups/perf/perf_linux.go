package perf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Available parts events into those that this machine counts and the others, such
// as those of a processor that keeps its counters from a virtual machine. The error
// is that this process may not count.
func Available(list []Event) (can, cannot []Event, err error) {
	for _, event := range list {
		fd, err := unix.PerfEventOpen(event.attr(), 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		switch {
		case absent(err):
			cannot = append(cannot, event)
		case err != nil:
			return nil, nil, fmt.Errorf("perf: %s: %w", event.Name, err)
		default:
			_ = unix.Close(fd)
			can = append(can, event)
		}
	}
	return can, cannot, nil
}

// absent tells whether an error is that there is no such event on this machine.
func absent(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENODEV)
}

func (e *Event) attr() *unix.PerfEventAttr {
	return &unix.PerfEventAttr{
		Type: e.kind, Config: e.config, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Read_format: unix.PERF_FORMAT_TOTAL_TIME_ENABLED | unix.PERF_FORMAT_TOTAL_TIME_RUNNING,
	}
}

// Counters count events of the processes in a cgroup and below it.
type Counters struct{ open []counter }

// counter counts one event on one processor.
type counter struct {
	event *Event
	fd    int
}

// Count begins to count events in a cgroup, of which this is the directory in the
// hierarchy perf_event or in one of version 2. It takes a file descriptor for each
// event and processor.
func Count(dir string, events []Event) (*Counters, error) {
	processors, err := online()
	if err != nil {
		return nil, err
	}
	cgroup, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("perf: %w", err)
	}
	defer cgroup.Close()
	c := &Counters{}
	for i := range events {
		for _, processor := range processors {
			fd, err := unix.PerfEventOpen(events[i].attr(), int(cgroup.Fd()), processor, -1, unix.PERF_FLAG_PID_CGROUP|unix.PERF_FLAG_FD_CLOEXEC)
			if errors.Is(err, unix.ENODEV) {
				continue // the processor was turned off
			}
			if err != nil {
				c.Close()
				return nil, fmt.Errorf("perf: %s on processor %d: %w", events[i].Name, processor, err)
			}
			c.open = append(c.open, counter{&events[i], fd})
		}
	}
	return c, nil
}

// Close ends to count.
func (c *Counters) Close() {
	for _, counter := range c.open {
		_ = unix.Close(counter.fd)
	}
	c.open = nil
}

// Read adds what was counted so far, on all processors together.
func (c *Counters) Read(statistics *mesospb.PerfStatistics) error {
	sums := map[*Event]uint64{}
	for _, counter := range c.open {
		count, err := counter.read()
		if err != nil {
			return fmt.Errorf("perf: %s: %w", counter.event.Name, err)
		}
		sums[counter.event] += count
	}
	for event, sum := range sums {
		event.set(statistics, sum)
	}
	return nil
}

// read returns the count. If there are more events than the processor has counters
// these take turns, and the count is scaled to all the time.
func (c counter) read() (uint64, error) {
	var buffer [24]byte
	if n, err := unix.Read(c.fd, buffer[:]); err != nil {
		return 0, err
	} else if n != len(buffer) { // as it is of an event in an error state
		return 0, unix.EIO
	}
	count := binary.NativeEndian.Uint64(buffer[:])
	enabled, running := binary.NativeEndian.Uint64(buffer[8:]), binary.NativeEndian.Uint64(buffer[16:])
	if running == 0 || running >= enabled {
		return count, nil
	}
	high, low := bits.Mul64(count, enabled)
	if high >= running {
		return 1<<64 - 1, nil
	}
	count, _ = bits.Div64(high, low, running)
	return count, nil
}

// online are the processors that are turned on.
func online() ([]int, error) {
	data, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return nil, fmt.Errorf("perf: %w", err)
	}
	return parseList(strings.TrimSpace(string(data)))
}

// parseList reads numbers as in "0-3,8".
func parseList(text string) (list []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("perf: processors %q: %w", text, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("perf: processors %q: %w", text, err)
		}
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}
