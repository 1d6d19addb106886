package container

import (
	"fmt"
	"os"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// namespaces are those that a process is in, in the order in which another can
// enter them: the user namespace gives the right to the others, and behind the
// mount namespace /proc may be another one.
var namespaces = []supervise.Namespace{
	{Path: "user", Kind: syscall.CLONE_NEWUSER},
	{Path: "cgroup", Kind: 0x02000000},
	{Path: "ipc", Kind: syscall.CLONE_NEWIPC},
	{Path: "uts", Kind: syscall.CLONE_NEWUTS},
	{Path: "net", Kind: syscall.CLONE_NEWNET},
	{Path: "pid", Kind: syscall.CLONE_NEWPID},
	{Path: "mnt", Kind: syscall.CLONE_NEWNS},
}

// namespacesOf are the namespaces of a process that are not this one's.
func namespacesOf(pid int) ([]supervise.Namespace, error) {
	var list []supervise.Namespace
	for _, ns := range namespaces {
		own, err := os.Readlink("/proc/self/ns/" + ns.Path)
		if err != nil {
			continue // this kernel has none of the kind
		}
		path := fmt.Sprintf("/proc/%d/ns/%s", pid, ns.Path)
		its, err := os.Readlink(path)
		if err != nil {
			return nil, mesos.Errorf(mesos.Unavailable, "namespaces of the parent container: %w", err)
		}
		if its != own {
			list = append(list, supervise.Namespace{Path: path, Kind: ns.Kind})
		}
	}
	return list, nil
}
