package supervise

// Process is the first process of a container, ready to be started: nothing in
// it is looked up any more except the executable.
type Process struct {
	// Container is the container's ID.
	Container string
	// Path is the executable. Without a slash it is looked for in Dir and then
	// in the PATH of Env; with one it is relative to Dir.
	Path string
	Args []string // argv, with argv[0]
	Env  []string // "NAME=value", complete
	Dir  string
	// Stdout and Stderr are files to append to; made if they do not exist.
	Stdout, Stderr string
	// User is whom to run as; nil leaves the agent's own.
	User *User
	// Rlimits are set in this order.
	Rlimits []Rlimit
	// KeepSeconds is how long the container runs on when the agent is gone, and
	// its end is remembered, for another agent to adopt it; 0: it ends with the agent.
	KeepSeconds uint64

	// What follows is done in the order of the fields, by an init process between
	// fork and exec.

	// Cgroups are directories whose cgroup.procs the process enters.
	Cgroups []string
	// Join are namespaces to enter.
	Join []Namespace
	// Namespaces are those to make: CLONE_NEWNS and so on, as clone(2) has them.
	Namespaces uint64
	// Hostname is set in the UTS namespace that was made; empty: it stays.
	Hostname string
	// Mounts are made in this order, in the mount namespace that was made, from
	// which nothing propagates to the host's unless a mount asks for it.
	Mounts []Mount
	// Root is the new root file system, on the host; empty: the host's. Dir, Path and
	// the PATH of Env are then looked up in it.
	Root string

	// Capabilities are what the process may keep; nil: what its user has.
	Capabilities *Capabilities
	// NoNewPrivileges keeps programs from gaining any by being run.
	NoNewPrivileges bool
	// Seccomp is a filter of system calls, as struct sock_filter[]; nil: none.
	Seccomp []byte
	// Pause holds the namespaces without running a command, until killed.
	Pause bool
	// Terminal gives the process a terminal of this size; nil: files.
	Terminal *Window
	// Stdin keeps the standard input open, for who attaches to it.
	Stdin bool
	// Logs bounds what Stdout and Stderr may grow to; zero: they are not bounded.
	Logs Logs
}

// Namespace is a namespace of another process.
type Namespace struct {
	Path string // such as /proc/1/ns/net
	Kind uint64 // CLONE_NEWNET and so on
}

// Mount is one mount, or what a mount needs to be there.
type Mount struct {
	Source string
	// Target is a path on the host, below Root if there is one. It is made (a file
	// if Source is one, else a directory) if Make is set.
	Target string
	Make   bool
	Type   string
	// Flags are MS_BIND and so on. Bind mounts with MS_RDONLY are remounted, with
	// MS_REC all that is mounted below them too. One with MS_SHARED stays a peer of
	// its source: what is mounted in it is seen on the host, and the other way round.
	Flags uint64
	Data  string
	// Fixed tells that Source and Target are paths without links. A link found on
	// the way was put there since by somebody, and the mount fails.
	Fixed bool
	// Node makes a node at Target instead, if Mode is not 0: Mode has its type and
	// permissions. Of a device, Device is its number; a regular file has Data for
	// its content and belongs to User. Link makes a symbolic link to Source.
	Mode, Device uint64
	Link         bool
	// Namespace is the mount namespace, such as /proc/1/ns/mnt, in which the Source
	// of a bind mount is; empty: the host's.
	Namespace string
}

// Capabilities are sets of capabilities, a bit each, by their numbers.
type Capabilities struct {
	Bounding, Effective, Permitted, Inheritable, Ambient uint64
}

// Window is the size of a terminal.
type Window struct{ Rows, Columns uint16 }

// Logs bounds the files of a container's output: a file that reaches its size in
// bytes is renamed to "stdout.1", and so on up to Keep of them.
type Logs struct {
	StdoutBytes, StderrBytes uint64
	StdoutKeep, StderrKeep   uint64
}

// User is a user and the groups it is in.
type User struct {
	UID, GID uint32
	Groups   []uint32
}

// Rlimit is one resource limit, with setrlimit(2)'s numbers.
type Rlimit struct {
	Resource   int
	Soft, Hard uint64
}

// Op is what a Request asks for.
type Op byte

// The requests.
const (
	// OpLaunch starts a container. The Reply carries its pid.
	OpLaunch Op = iota + 1
	// OpSignal signals every process of a container.
	OpSignal
	// OpKill kills every process of a container. The Reply tells that this has
	// begun; Gone follows.
	OpKill
	// OpList asks for the pids of a container's processes.
	OpList
	// OpHello is an agent's first request. Reply and request carry the version of
	// the protocol that each side speaks: both go on with the lower one.
	OpHello
	// OpAdopt asks for a container that an earlier agent launched. The Reply
	// carries its pid or, if it has Ended, its status.
	OpAdopt
	// OpKillOthers kills every container that this agent neither launched nor adopted.
	OpKillOthers
	// OpForget tells that the agent needs the end of a container no longer.
	OpForget
	// OpShutdown kills every container and ends the supervisor.
	OpShutdown
	// OpSignalFirst signals the first process of a container only.
	OpSignalFirst
	// OpAttachOutput hands over a socket to which frames with the container's output
	// are written from now on, until it ends or the reader is too slow. A socket that
	// comes with OpLaunch gets the output from its beginning, and is waited for.
	OpAttachOutput
	// OpAttachInput hands over a socket from which frames for the container's standard
	// input are read, after those of one that was handed over before.
	OpAttachInput
)

// ProtocolVersion is that of the messages of this package. A message only ever
// grows, at its end; the version tells an agent what an older supervisor, which
// its containers still depend on, can't do.
const ProtocolVersion = 3

// remarksVersion is that of the first agent that is told remarks.
const remarksVersion = 3

// Request is what the agent asks of the supervisor.
type Request struct {
	Seq       uint64 // chosen by the agent, handed back in the Reply
	Op        Op
	Container string
	Signal    int     // OpSignal
	Version   uint64  // OpHello
	Process   Process // OpLaunch
}

// Message is what the supervisor tells the agent: the Reply to a request (Seq is
// its Seq) or, with Seq 0, that a container is gone with every process it had,
// unless there is a Remark.
type Message struct {
	Seq       uint64
	Container string
	// Pids are the processes asked for: of OpLaunch the one that was started.
	Pids []int
	// Status is how the first process of a container that is gone ended, as
	// wait(2) encodes it.
	Status int
	// Errno and What say what failed: an error number and what it was about,
	// such as "open /sandbox/stdout". 0 is success.
	Errno int
	What  string
	// Ended tells, in the Reply to OpAdopt, that the container is gone with every
	// process it had.
	Ended   bool
	Version uint64 // OpHello
	// Remark is something to know about a container that goes on; Seq is 0.
	Remark string
}
