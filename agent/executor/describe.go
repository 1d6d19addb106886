package executor

import (
	"fmt"
	"syscall"
)

// describe says how a process ended, as Mesos words it in a task's message.
func describe(status syscall.WaitStatus) string {
	switch {
	case status.Exited():
		return fmt.Sprintf("exited with status %d", status.ExitStatus())
	case status.CoreDump():
		return "terminated with signal " + signalName(status.Signal()) + " (core dumped)"
	}
	return "terminated with signal " + signalName(status.Signal())
}

// signalNames are the C library's descriptions of signals.
var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "Hangup", syscall.SIGINT: "Interrupt", syscall.SIGQUIT: "Quit",
	syscall.SIGILL: "Illegal instruction", syscall.SIGTRAP: "Trace/breakpoint trap",
	syscall.SIGABRT: "Aborted", syscall.SIGBUS: "Bus error",
	syscall.SIGFPE: "Floating point exception", syscall.SIGKILL: "Killed",
	syscall.SIGUSR1: "User defined signal 1", syscall.SIGSEGV: "Segmentation fault",
	syscall.SIGUSR2: "User defined signal 2", syscall.SIGPIPE: "Broken pipe",
	syscall.SIGALRM: "Alarm clock", syscall.SIGTERM: "Terminated",
	syscall.SIGXCPU: "CPU time limit exceeded", syscall.SIGXFSZ: "File size limit exceeded",
	syscall.SIGVTALRM: "Virtual timer expired", syscall.SIGPROF: "Profiling timer expired",
	syscall.SIGIO: "I/O possible", syscall.SIGSYS: "Bad system call",
}

func signalName(signal syscall.Signal) string {
	const firstRealTime = 34
	if name, ok := signalNames[signal]; ok {
		return name
	}
	if signal >= firstRealTime {
		return fmt.Sprintf("Real-time signal %d", signal-firstRealTime)
	}
	return fmt.Sprintf("Unknown signal %d", signal)
}

// uuidText writes a UUID as text.
func uuidText(u [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:])
}
