package registry

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"go.uber.org/zap/zapcore"

	"github.com/mesosctl/mesosctl/mesos"
)

// life is what etcd's log tells of a member and its API doesn't.
type life struct {
	// started: from now on what is fatal to etcd ends the process; before, it is an
	// error of the start.
	started atomic.Bool
	gaveUp  chan error // why, during the start
	// removed: the other members have said that this one was removed.
	removed atomic.Bool
}

// fatal is what etcd said when it gave up.
type fatal struct {
	message string
	cause   error
}

func (f fatal) Error() string {
	if f.cause == nil {
		return f.message
	}
	return f.message + ": " + f.cause.Error()
}

func (f fatal) Unwrap() error { return f.cause }

// terminal is called by zap after it has written a message after which etcd
// can't go on.
type terminal struct {
	life  *life
	usual zapcore.CheckWriteAction
}

func (t terminal) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	if t.life.started.Load() {
		t.usual.OnWrite(entry, fields)
		return
	}
	said := fatal{message: entry.Message}
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			said.cause = err
		}
	}
	select {
	case t.life.gaveUp <- said:
	default:
	}
	runtime.Goexit() // what etcd expects is that nothing comes after
}

// refused is the error of a member that could not be started, from the error or
// the panic with which etcd gave up.
func refused(dir string, cause any) error {
	err, ok := cause.(error)
	if !ok {
		err = fmt.Errorf("%v", cause)
	}
	text := err.Error()
	said := func(phrases ...string) bool {
		for _, phrase := range phrases {
			if strings.Contains(text, phrase) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return mesos.Errorf(mesos.Conflict, "start etcd: %w; another process uses the port on which masters reach this one: "+
			"choose another, as in --masters=HOST:PORT/PEER_PORT,...", err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EROFS):
		return mesos.Errorf(mesos.Internal, "start etcd in %s: %w", dir, err)
	case said("has already been bootstrapped"):
		return mesos.Errorf(mesos.Conflict, "start etcd: the cluster knows this member, but %s does not hold its data; "+
			"replace it: mesosctl master member remove, then member add, then start it again", dir)
	case said("unsupported storage version", "UnsupportedVersion", "storage version", "cannot detect storage schema version", "newer than"):
		return mesos.Errorf(mesos.Unsupported, "start etcd: the data in %s is of another version (%w); "+
			"run the version of mesosctl that wrote it, or %s", dir, err, afresh)
	case etcdGaveUp(err), said("wal", "WAL", "snapshot", "snap", "database", "backend", "crc", "corrupt", "page", "bucket", "freelist", "runtime error"):
		return mesos.Errorf(mesos.Internal, "start etcd: the data in %s is damaged (%w); %s", dir, err, afresh)
	default:
		return mesos.Errorf(mesos.Internal, "start etcd in %s: %w", dir, err)
	}
}

func etcdGaveUp(err error) bool {
	var said fatal
	return errors.As(err, &said)
}

// afresh is what to do about a directory that can't be read.
const afresh = "move the directory away, then: if other masters of the cluster are up, " +
	"replace this member (mesosctl master member remove, then member add) and start it; " +
	"if it was alone, put a backup into the directory (mesosctl registry restore) or start with an empty registry, " +
	"to which agents come back"
