package supervise

import (
	"errors"
	"os"
	"syscall"
)

// children returns the pids of a process's children, zombies included. The
// kernel's list is complete while none of them is reaped, which for the
// children of this process is while this goroutine does not do it.
func children(pid int) []int {
	dir := "/proc/" + itoa(pid) + "/task"
	tasks, err := readDirNames(dir)
	if err != nil {
		return nil
	}
	var pids []int
	for _, task := range tasks {
		data, err := os.ReadFile(dir + "/" + task + "/children")
		if err != nil {
			continue
		}
		pids = appendNumbers(pids, data)
	}
	return pids
}

// descendants returns the processes of roots and all below them.
func descendants(roots []int) []int {
	all := append([]int(nil), roots...)
	for i := 0; i < len(all); i++ {
		all = append(all, children(all[i])...)
	}
	return all
}

// members returns the processes of a cgroup and of those below it.
func members(cgroup string) []int {
	var pids []int
	data, err := os.ReadFile(cgroup + "/cgroup.procs")
	if err != nil {
		return nil
	}
	for _, line := range split(data, '\n') {
		pids = appendNumbers(pids, line)
	}
	entries, _ := os.ReadDir(cgroup)
	for _, entry := range entries {
		if entry.IsDir() {
			pids = append(pids, members(cgroup+"/"+entry.Name())...)
		}
	}
	return pids
}

// grouped returns the container whose own cgroup a process is in.
func (s *supervisor) grouped(pid int) *contained {
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/cgroup")
	if err != nil {
		return nil
	}
	for _, line := range split(data, '\n') { // hierarchy:controllers:path
		parts := split(line, ':')
		if len(parts) < 3 {
			continue
		}
		path := string(parts[2])
		for _, c := range s.containers {
			for _, dir := range c.own {
				if len(path) > 1 && len(dir) > len(path) && dir[len(dir)-len(path):] == path && !c.gone {
					return c
				}
			}
		}
	}
	return nil
}

// kill kills the processes of roots and all below them. They are stopped first,
// until no new one shows up, so that none can fork its way out.
func kill(roots []int) {
	const rounds = 16 // against one that forks faster than it can be stopped
	stopped := map[int]bool{}
	for range rounds {
		fresh := 0
		for _, pid := range descendants(roots) {
			if !stopped[pid] {
				stopped[pid] = true
				fresh++
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
		if fresh == 0 {
			break
		}
	}
	for pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// killIn is kill for processes that are in some cgroups together with whatever they
// forked, which may be more than can be stopped one by one: the kernel has them stand
// still meanwhile, and fork no more after that.
func killIn(cgroups []string, roots []int) {
	for _, dir := range cgroups {
		_ = order(dir+"/pids.max", "0") // each of these files is in one cgroup, or in none
		_ = order(dir+"/cgroup.kill", "1")
		if order(dir+"/freezer.state", "FROZEN") == nil {
			defer order(dir+"/freezer.state", "THAWED") //nolint:errcheck // it may be gone
		}
	}
	for _, dir := range cgroups {
		roots = append(roots, members(dir)...)
	}
	kill(roots)
}

// order writes to a file of the kernel's.
func order(path, what string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_, err = syscall.Write(fd, []byte(what))
	return errors.Join(err, syscall.Close(fd))
}

// status is what /proc/PID/stat tells of a process.
type status struct {
	session int
	start   uint64 // clock ticks since boot
}

func readStatus(pid int) (status, bool) {
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return status{}, false
	}
	// The second field is the command's name in parentheses and may hold anything.
	for i := len(data) - 1; i >= 0; i-- {
		if data[i] == ')' {
			data = data[i+1:]
			break
		}
	}
	const session, start = 6, 22 // counted from 1, as proc(5) does
	var st status
	field, fields := 3, split(data, ' ')
	for _, f := range fields {
		if len(f) == 0 {
			continue
		}
		switch field {
		case session:
			st.session = int(number(f))
		case start:
			st.start = number(f)
		}
		field++
	}
	return st, field > start
}

// marker returns the value of the Marker variable that a process was started
// with, or "" if it has none or may not be asked.
func marker(pid int) string {
	data, err := os.ReadFile("/proc/" + itoa(pid) + "/environ")
	if err != nil {
		return ""
	}
	const prefix = Marker + "="
	for _, v := range split(data, 0) {
		if len(v) > len(prefix) && string(v[:len(prefix)]) == prefix {
			return string(v[len(prefix):])
		}
	}
	return ""
}

func readDirNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func split(data []byte, sep byte) [][]byte {
	var parts [][]byte
	begin := 0
	for i, b := range data {
		if b == sep {
			parts = append(parts, data[begin:i])
			begin = i + 1
		}
	}
	return append(parts, data[begin:])
}

func appendNumbers(list []int, data []byte) []int {
	for _, f := range split(data, ' ') {
		if len(f) > 0 {
			list = append(list, int(number(f)))
		}
	}
	return list
}

func number(digits []byte) uint64 {
	var n uint64
	for _, d := range digits {
		if d < '0' || d > '9' {
			break
		}
		n = n*10 + uint64(d-'0')
	}
	return n
}

func itoa(n int) string {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + n%10)
		n /= 10
		if n == 0 {
			return string(buf[i:])
		}
	}
}
