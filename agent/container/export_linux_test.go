package container

import (
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// DefaultPath is PATH for containers whose environment has none.
const DefaultPath = defaultPath

// SupervisorPid is the process of a Local's supervisor, which it started.
func SupervisorPid(l *Local) int { return l.launcher.(*supervised).current.process.Process.Pid }

// SetPatience sets how long a Local's supervisor may take for a reply.
func SetPatience(l *Local, patience time.Duration) {
	l.launcher.(*supervised).current.patience = patience
}

// unkillable is a launcher that kills nothing.
type unkillable struct {
	launcher
	err error
}

func (u unkillable) Kill(mesos.ContainerID) error { return u.err }

// BreakKill has a Local's launcher fail to kill, until mend is called.
func BreakKill(l *Local, err error) (mend func()) {
	whole := l.launcher
	l.launcher = unkillable{whole, err}
	return func() { l.launcher = whole }
}
