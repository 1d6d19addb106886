package supervise

import "os"

// init dispatches the helper processes before the rest of the binary wakes up.
func init() {
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case SupervisorName:
		os.Exit(supervise(connFD, len(os.Args) > 1 && os.Args[1] == Listen))
	case initName:
		os.Exit(initialise())
	case commandName:
		os.Exit(command())
	}
}

// Environment is that of this package's processes, for Go itself: they need one thread
// at a time, and no look at what processor time their cgroup has, for which the runtime
// would read the machine's mounts whenever one starts.
func Environment() []string { return []string{"GOMAXPROCS=1", "GODEBUG=containermaxprocs=0"} }

// File descriptors that a helper process is born with, besides 0, 1 and 2.
const (
	connFD    = 3 // of a supervisor: the socket to its agent, or to listen on
	processFD = 3 // of an init: where to read the Process
	reportFD  = 4 // of an init: where to say what failed
	tellFD    = 5 // of an init: where to tell how the command ended, or its pid
	tinyFD    = 6 // of an init: the executable of the tiny process
)
