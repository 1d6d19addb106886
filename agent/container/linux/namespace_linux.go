package linux

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// available says what keeps an isolator from working here: everything in this
// package takes root, and namespaces a kernel that has the kind.
func available(kind string) error {
	if os.Geteuid() != 0 {
		return mesos.Errorf(mesos.Unsupported, "it takes root")
	}
	if kind == "" {
		return nil
	}
	if _, err := os.Lstat("/proc/self/ns/" + kind); err != nil {
		return mesos.Errorf(mesos.Unsupported, "this kernel has no %s namespaces", kind)
	}
	return nil
}

// namespaceOf is the path of a process's namespace of a kind, empty if it is
// the agent's own.
func namespaceOf(pid int, kind string) (string, error) {
	path := fmt.Sprintf("/proc/%d/ns/%s", pid, kind)
	its, err := os.Readlink(path)
	if err != nil {
		return "", mesos.Errorf(mesos.Unavailable, "%s namespace of the parent container: %w", kind, err)
	}
	own, err := os.Readlink("/proc/self/ns/" + kind)
	if err != nil {
		return "", mesos.Errorf(mesos.Unavailable, "%s namespace of the agent: %w", kind, err)
	}
	if its == own {
		return "", nil
	}
	return path, nil
}

// pids gives containers pid namespaces.
type pids struct {
	container.Passive
	config Config
}

// Pids is the isolator whose containers see no processes but their own. See
// https://mesos.apache.org/documentation/latest/isolators/namespaces-pid/.
func Pids(config Config) (container.Isolator, error) {
	if err := available("pid"); err != nil {
		return nil, err
	}
	return pids{container.Passive{Named: "namespaces/pid"}, config}, nil
}

// Nests implements container.Nester.
func (pids) Nests() bool { return true }

// Provides implements container.Provider.
func (pids) Provides() []container.Feature { return []container.Feature{container.PidNamespace} }

// Prepare implements container.Isolator.
func (i pids) Prepare(_ context.Context, plan *container.Plan) error {
	p := &plan.Process
	shares := plan.Spec.Container.GetLinuxInfo().GetSharePidNamespace()
	switch {
	case plan.Spec.Debug: // it is where its parent is
		return nil
	case !shares:
		p.Namespaces |= unix.CLONE_NEWPID
	case plan.Parent != nil:
		path, err := namespaceOf(plan.Parent.Pid, "pid")
		if path == "" || err != nil {
			return err
		}
		p.Join = append(p.Join, supervise.Namespace{Path: path, Kind: unix.CLONE_NEWPID})
	case i.config.DisallowSharingPids:
		return mesos.Errorf(mesos.Invalid, "linux_info: share_pid_namespace: this agent does not share its pid namespace")
	default:
		return nil
	}
	p.Namespaces |= unix.CLONE_NEWNS
	if plan.Image == nil { // else whoever makes it the root mounts /proc
		p.Mounts = append(p.Mounts, supervise.Mount{
			Source: "proc", Target: "/proc", Type: "proc", Flags: unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC,
		})
	}
	return nil
}
