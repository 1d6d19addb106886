package linux

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ipc gives containers ipc namespaces, and shared memory of their own.
type ipc struct {
	container.Passive
	config Config
}

// IPC is the isolator whose containers share no memory, semaphores and queues with
// others. See
// https://mesos.apache.org/documentation/latest/isolators/namespaces-ipc/.
func IPC(config Config) (container.Isolator, error) {
	if err := available("ipc"); err != nil {
		return nil, err
	}
	return ipc{container.Passive{Named: "namespaces/ipc"}, config}, nil
}

// Nests implements container.Nester.
func (ipc) Nests() bool { return true }

// Provides implements container.Provider.
func (ipc) Provides() []container.Feature { return []container.Feature{container.IpcNamespace} }

// Prepare implements container.Isolator. A container that does not say what it
// wants has a namespace of its own, and the agent's /dev/shm unless it has an
// image; a nested one has its parent's namespace.
func (i ipc) Prepare(_ context.Context, plan *container.Plan) error {
	info := plan.Spec.Container.GetLinuxInfo()
	mode := info.GetIpcMode()
	private := mode == mesospb.LinuxInfo_PRIVATE
	switch {
	case info.GetIpcMode() == mesospb.LinuxInfo_UNKNOWN && info != nil && info.IpcMode != nil:
		return mesos.Errorf(mesos.Invalid, "linux_info: ipc_mode: not one that is known")
	case info.GetShmSize() != 0 && !private:
		return mesos.Errorf(mesos.Invalid, "linux_info: shm_size: only a container whose ipc_mode is PRIVATE has a size")
	case plan.Spec.Debug && private:
		return mesos.Errorf(mesos.Invalid, "linux_info: ipc_mode: a container of class DEBUG is not PRIVATE")
	case plan.Spec.Debug:
		return nil
	case mode == mesospb.LinuxInfo_SHARE_PARENT && plan.Parent == nil && i.config.DisallowSharingIPC:
		return mesos.Errorf(mesos.Invalid, "linux_info: ipc_mode: this agent does not share its ipc namespace")
	}
	shared := mode == mesospb.LinuxInfo_SHARE_PARENT || info.GetIpcMode() == mesospb.LinuxInfo_UNKNOWN && plan.Parent != nil
	if !shared {
		plan.Process.Namespaces |= unix.CLONE_NEWIPC
	} else if plan.Parent != nil {
		if err := joinIPC(plan); err != nil {
			return err
		}
	}
	switch mode {
	case mesospb.LinuxInfo_PRIVATE:
		i.mountPrivate(plan)
	case mesospb.LinuxInfo_SHARE_PARENT:
		return mountParents(plan)
	}
	return nil
}

// joinIPC has a nested container enter its parent's namespace.
func joinIPC(plan *container.Plan) error {
	path, err := namespaceOf(plan.Parent.Pid, "ipc")
	if err == nil && path != "" {
		plan.Process.Join = append(plan.Process.Join, supervise.Namespace{Path: path, Kind: unix.CLONE_NEWIPC})
	}
	return err
}

const shmFlags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_STRICTATIME

// mountPrivate mounts shared memory that nobody else sees.
func (i ipc) mountPrivate(plan *container.Plan) {
	size := i.config.ShmSize
	if asked := plan.Spec.Container.GetLinuxInfo().GetShmSize(); asked != 0 {
		size = mesos.Bytes(asked) << 20
	}
	data := "mode=1777"
	if size != 0 {
		data = fmt.Sprintf("mode=1777,size=%d", size)
	}
	mountShm(plan, supervise.Mount{Source: "tmpfs", Type: "tmpfs", Flags: shmFlags, Data: data})
}

// mountParents mounts the shared memory that the parent sees: another container,
// or the agent. It is there already if both have the agent's files.
func mountParents(plan *container.Plan) error {
	m := supervise.Mount{Source: "/dev/shm", Flags: unix.MS_BIND}
	if plan.Parent != nil {
		path, err := namespaceOf(plan.Parent.Pid, "mnt")
		if err != nil {
			return err
		}
		m.Namespace = path
	}
	if m.Namespace != "" || plan.Image != nil {
		mountShm(plan, m)
	}
	return nil
}

// mountShm mounts m at /dev/shm.
func mountShm(plan *container.Plan, m supervise.Mount) {
	m.Target = "/dev/shm"
	if plan.Image != nil {
		m.Target = plan.Image.Root + m.Target
	}
	plan.Process.Namespaces |= unix.CLONE_NEWNS
	plan.Process.Mounts = append(plan.Process.Mounts, m)
}
