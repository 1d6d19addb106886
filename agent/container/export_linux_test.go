package container

// DefaultPath is PATH for containers whose environment has none.
const DefaultPath = defaultPath

// SupervisorPid is the process of a Local's supervisor, which it started.
func SupervisorPid(l *Local) int { return l.launcher.(*supervised).current.process.Process.Pid }
