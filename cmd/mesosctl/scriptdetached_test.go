//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

var detachedProcess = regexp.MustCompile(`process (\d+) is the scheduler`)

// endDetached ends what execute --detach left in the background, by the logs of it.
func endDetached(state string) {
	logs, _ := filepath.Glob(filepath.Join(state, "mesosctl", "detached", "*.log")) // the pattern is fine
	for _, path := range logs {
		log, _ := os.ReadFile(path)
		found := detachedProcess.FindSubmatch(log)
		if found == nil {
			continue
		}
		pid, err := strconv.Atoi(string(found[1]))
		if err != nil {
			continue
		}
		if command, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err == nil && strings.Contains(string(command), "--detach") {
			_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended
		}
	}
}
