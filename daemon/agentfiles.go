//go:build !windows

package daemon

import "syscall"

// fewFiles is how many open files are not enough for an agent of some tasks: each
// takes several for a while, and what can't be written down ends the agent.
const fewFiles = 1024

func (a *Agent) warnOfFiles() {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < fewFiles {
		a.log.Warn("an agent may need more open files than are allowed here, and then ends: raise the limit, of systemd by LimitNOFILE",
			"limit", limit.Cur)
	}
}
