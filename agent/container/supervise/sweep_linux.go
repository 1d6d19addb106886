package supervise

import (
	"os"
	"syscall"
	"time"
)

// Sweep kills every process that carries the marker of one of containers, for
// when the supervisor that should have done it is gone itself, and waits until
// there are none or patience has passed. It reports whether none are left.
func Sweep(containers []string, patience time.Duration) bool {
	wanted := map[string]bool{}
	for _, id := range containers {
		wanted[id] = true
	}
	deadline := time.Now().Add(patience)
	for len(wanted) > 0 {
		found := false
		names, _ := readDirNames("/proc")
		for _, name := range names {
			if name[0] < '0' || name[0] > '9' {
				continue
			}
			pid := int(number([]byte(name)))
			if pid != os.Getpid() && wanted[marker(pid)] {
				found = true
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if !found {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}
