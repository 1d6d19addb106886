package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// TestMain sees to it that no agent of a test leaves a supervisor: one that keeps
// something for the next agent would be there until the recovery timeout.
func TestMain(m *testing.M) {
	code := m.Run()
	left := supervisors()
	for deadline := time.Now().Add(time.Minute); len(left) > 0 && time.Now().Before(deadline); left = supervisors() {
		time.Sleep(10 * time.Millisecond)
	}
	if len(left) > 0 && code == 0 {
		fmt.Fprintln(os.Stderr, "supervisors are left that have something to keep:", strings.Join(left, ", "))
		code = 1
	}
	os.Exit(code)
}

// supervisors are the logs of the supervisors that agents of this process started,
// each below its agent's work directory.
func supervisors() (logs []string) {
	children, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range children {
		pids, _ := os.ReadFile(list)
		for pid := range strings.FieldsSeq(string(pids)) {
			if line, _ := os.ReadFile("/proc/" + pid + "/cmdline"); !strings.HasPrefix(string(line), supervise.SupervisorName) {
				continue
			}
			log, _ := os.Readlink("/proc/" + pid + "/fd/2")
			logs = append(logs, pid+" "+log)
		}
	}
	return logs
}
