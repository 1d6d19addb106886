package exec

import (
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// outcome is what a terminal status makes of the run. The exit code of a command
// is known only from the status's message, which executors word like this:
//
//	Command exited with status 7
//	Command terminated with signal Killed
//	Command terminated with signal Aborted (core dumped)
func outcome(status *mesospb.TaskStatus) Result {
	state := mesos.TaskState(status.GetState())
	if code, ok := exitCode(status.GetMessage()); ok {
		return Result{Code: code}
	}
	if state == mesos.TaskFinished {
		return Result{}
	}
	sentence := "task '" + status.GetTaskId().GetValue() + "' ended as " + state.String()
	if status.GetMessage() != "" {
		sentence += ": " + status.GetMessage()
	}
	if status.Reason != nil {
		sentence += " (" + status.GetReason().String() + ")"
	}
	return Result{Err: mesos.Errorf(mesos.Internal, "%s", sentence)}
}

func exitCode(message string) (int, bool) {
	if status, ok := strings.CutPrefix(message, "Command exited with status "); ok {
		status, _, _ = strings.Cut(status, " ")
		code, err := strconv.Atoi(status)
		return code, err == nil && code >= 0 && code <= 255
	}
	if name, ok := strings.CutPrefix(message, "Command terminated with signal "); ok {
		number, ok := signalNumber(strings.TrimSuffix(name, " (core dumped)"))
		return 128 + number, ok
	}
	return 0, false
}

// signalNames are Linux's descriptions of signals; the index is the number.
var signalNames = [...]string{
	1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap",
	6: "Aborted", 7: "Bus error", 8: "Floating point exception", 9: "Killed",
	10: "User defined signal 1", 11: "Segmentation fault", 12: "User defined signal 2",
	13: "Broken pipe", 14: "Alarm clock", 15: "Terminated", 16: "Stack fault", 17: "Child exited",
	18: "Continued", 19: "Stopped (signal)", 20: "Stopped", 21: "Stopped (tty input)",
	22: "Stopped (tty output)", 23: "Urgent I/O condition", 24: "CPU time limit exceeded",
	25: "File size limit exceeded", 26: "Virtual timer expired", 27: "Profiling timer expired",
	28: "Window changed", 29: "I/O possible", 30: "Power failure", 31: "Bad system call",
}

func signalNumber(name string) (int, bool) {
	for number, known := range signalNames {
		if known == name && name != "" {
			return number, true
		}
	}
	if n, ok := strings.CutPrefix(name, "Real-time signal "); ok {
		offset, err := strconv.Atoi(n)
		return 34 + offset, err == nil && offset >= 0 && offset <= 30
	}
	return 0, false
}
