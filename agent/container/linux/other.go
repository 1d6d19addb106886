//go:build !linux

package linux

import (
	"runtime"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

var errOther = mesos.Errorf(mesos.Unsupported, "not on %s", runtime.GOOS)

// Pids is not for this system, and so are the others.
func Pids(Config) (container.Isolator, error) { return nil, errOther }

// IPC is not for this system.
func IPC(Config) (container.Isolator, error) { return nil, errOther }

// Capabilities is not for this system.
func Capabilities(Config) (container.Isolator, error) { return nil, errOther }

// NoNewPrivileges is not for this system.
func NoNewPrivileges(Config) (container.Isolator, error) { return nil, errOther }

// Seccomp is not for this system.
func Seccomp(Config) (container.Isolator, error) { return nil, errOther }
