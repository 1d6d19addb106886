// Package supervise is the process between an agent and its containers: parent
// of every container's first process, and adopter (PR_SET_CHILD_SUBREAPER) of
// every process that a container leaves behind, so that nothing a container
// ever started can outlive it.
//
// There is one supervisor for all containers of an agent. It is of one of two
// kinds. One ends with its agent, and so do the containers. The other listens on
// a socket in the agent's work directory: when its agent is gone it keeps those
// containers that asked for it, and their exit statuses, until another agent
// comes to adopt them, or has not come in time.
//
// It is the same binary: a process whose argv[0] is one of this package's names
// never reaches main, it is dispatched while this package initialises. For that to
// be early, and the process small, the package imports only os and what os imports,
// which makes Go initialise it before nearly everything else in the binary.
//
// The agent speaks to it over a socket in the small messages of this package:
// a Request is answered by one Reply, and a container that is gone is told once.
// With a request may come a socket, on which one who attaches to a container is
// told in frames what it writes, or tells what it is to read.
package supervise

// Names by which argv[0] asks for this package's processes. A name with a space
// is not what a shell or a link calls a binary by accident.
const (
	SupervisorName = "mesosctl supervisor"
	initName       = "mesosctl init"
	commandName    = "mesosctl command"
)

// Listen is the argument of a supervisor that outlives its agent.
const Listen = "listen"

// Marker is the environment variable by which a container's processes are
// recognised wherever they went; its value is the container's ID.
const Marker = "MESOSCTL_CONTAINER_ID"
