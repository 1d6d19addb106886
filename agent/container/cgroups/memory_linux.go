package cgroups

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// memory limits the memory of containers, and tells who went over the limit.
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-mem/.
type memory struct {
	passive
	isolator *Isolator
	machine  uint64 // all memory there is
	listener listener
}

// listener hears of containers that went over their limit.
type listener interface {
	// listen begins to hear of a container; event may be called until stop is over.
	listen(dir string, event func()) (stop func(), err error)
}

// memoryState is what is known of one container.
type memoryState struct {
	// limited is set once there is a limit: from then on it only grows.
	limited  bool
	stop     func()
	pressure []*pressure
}

const (
	bytesPerMB = 1 << 20
	// minMemory is what a container has at least.
	minMemory = 32 * bytesPerMB
)

func newMemory(i *Isolator) (*memory, error) {
	machine, err := machineMemory()
	if err != nil {
		return nil, err
	}
	m := &memory{passive: "memory", isolator: i, machine: machine}
	root := i.forest.of("memory").dir + "/" + i.config.Root
	if i.forest.v2 {
		m.listener = &eventFiles{}
		return m, nil
	}
	m.listener = eventFDs{}
	if i.config.LimitSwap {
		if _, err := number(root, "memory.memsw.limit_in_bytes"); err != nil {
			return nil, mesos.Errorf(mesos.Unsupported, "swap can't be limited: %w", err)
		}
	}
	return m, nil
}

// machineMemory is the memory of this machine in bytes.
func machineMemory() (uint64, error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(data, []byte("MemTotal:"))
	fields := strings.Fields(string(rest[:min(len(rest), 64)]))
	if len(fields) == 0 {
		return 0, errors.New("/proc/meminfo does not tell how much memory there is")
	}
	kb, err := strconv.ParseUint(fields[0], 10, 64)
	return kb << 10, err
}

func (m *memory) prepare(g *group) error {
	g.memory = &memoryState{}
	return m.begin(g)
}

func (m *memory) adopt(g *group) error {
	g.memory = &memoryState{limited: true}
	return m.begin(g)
}

// begin begins to hear of what happens to a container's memory.
func (m *memory) begin(g *group) (err error) {
	if !g.v2 {
		g.memory.pressure = newPressure(g.dir("memory"))
	}
	g.memory.stop, err = m.listener.listen(g.dir("memory"), func() {
		if !g.v2 || m.oomed(g) {
			m.oom(g)
		}
	})
	return err
}

// end tells of a container whose end came before the news of why it came.
func (m *memory) end(g *group) {
	m.leave(g)
	if g.memory != nil && m.oomed(g) {
		m.oom(g)
	}
}

// leave stops to hear of a container.
func (*memory) leave(g *group) {
	if g.memory == nil || g.memory.stop == nil {
		return
	}
	g.memory.stop()
	for _, p := range g.memory.pressure {
		p.close()
	}
	g.memory.stop, g.memory.pressure = nil, nil
}

// oomed tells whether the kernel ran out of memory within the container's limit.
// Version 1 tells it by an event only, which is not missed.
func (m *memory) oomed(g *group) bool {
	if !g.v2 {
		return false
	}
	// What happened to a container that is nested in this one is not meant.
	values, err := stat(g.dir("memory"), "memory.events.local")
	if err != nil { // of kernels before 5.2
		values, err = stat(g.dir("memory"), "memory.events")
	}
	return err == nil && values["oom"] > 0
}

// isolate has the kernel, when the whole machine is out of memory, rather kill a
// task that uses more than it asked for, as its limit lets it.
func (m *memory) isolate(g *group, pid int) error {
	if !g.task || g.memory == nil {
		return nil
	}
	soft, hard := m.limits(g)
	if soft >= hard {
		return nil
	}
	adjust := max(1000-int(1000*float64(soft)/float64(m.machine)), 0)
	err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(strconv.Itoa(adjust)), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has ended
	}
	return err
}

// limits are what a container may use when memory is short, and at all.
func (m *memory) limits(g *group) (soft, hard uint64) {
	softFile, hardFile := "memory.soft_limit_in_bytes", "memory.limit_in_bytes"
	if g.v2 {
		softFile, hardFile = "memory.low", "memory.max"
	}
	soft, _ = number(g.dir("memory"), softFile)
	hard, _ = number(g.dir("memory"), hardFile)
	return soft, hard
}

// update sets the soft limit, and the limit if it is the first one or higher than
// before: a lower one could kill the container, which it has not deserved.
func (m *memory) update(g *group, r *request) error {
	soft := max(uint64(r.mem*bytesPerMB), minMemory)
	hard := strconv.FormatUint(soft, 10)
	grows := g.memory.limited
	if limit := r.memLimit; limit != nil && infinite(*limit) {
		hard = "-1"
	} else {
		bytes := soft
		if limit != nil {
			bytes = max(uint64(*limit)*bytesPerMB, minMemory)
			hard = strconv.FormatUint(bytes, 10)
		}
		if grows {
			_, now := m.limits(g)
			grows = bytes > now
			if !grows {
				hard = ""
			}
		}
	}
	if err := m.set(g, strconv.FormatUint(soft, 10), hard, grows); err != nil {
		return err
	}
	g.memory.limited = true
	return nil
}

// set writes limits; a hard one of "" stays.
func (m *memory) set(g *group, soft, hard string, grows bool) error {
	dir := g.dir("memory")
	if g.v2 {
		if hard == "-1" {
			hard = "max"
		}
		err := write(dir, "memory.low", soft)
		if err == nil && hard != "" {
			err = write(dir, "memory.max", hard)
		}
		if err == nil && m.isolator.config.LimitSwap {
			err = write(dir, "memory.swap.max", "0")
		}
		return err
	}
	if err := write(dir, "memory.soft_limit_in_bytes", soft); err != nil || hard == "" {
		return err
	}
	files := []string{"memory.limit_in_bytes"}
	if m.isolator.config.LimitSwap {
		files = append(files, "memory.memsw.limit_in_bytes")
		if grows { // the second must never be below the first
			files[0], files[1] = files[1], files[0]
		}
	}
	for _, file := range files {
		if err := write(dir, file, hard); err != nil {
			return err
		}
	}
	return nil
}

// oom ends a container that went over its limit.
func (m *memory) oom(g *group) {
	dir := g.dir("memory")
	peak, statistics := "memory.max_usage_in_bytes", "memory.stat"
	if g.v2 {
		peak = "memory.peak"
	}
	_, limit := m.limits(g)
	message := "Memory limit exceeded: Requested: " + mesos.Bytes(limit).String() + " "
	used, err := number(dir, peak)
	if err != nil {
		used = limit // older kernels do not know it
	}
	message += "Maximum Used: " + mesos.Bytes(used).String() + "\n"
	if text, err := read(dir, statistics); err == nil {
		message += "\nMEMORY STATISTICS: \n" + text + "\n"
	}
	m.isolator.limited(g.id, container.Limitation{
		Reason:  mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY,
		Message: message,
		Resources: []*mesospb.Resource{{
			Name: new("mem"), Type: mesospb.Value_SCALAR.Enum(),
			Scalar: &mesospb.Value_Scalar{Value: new(float64(used) / bytesPerMB)},
		}},
	})
}
