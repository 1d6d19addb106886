package filesystem

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// kernelFlags are what mounts of the kernel's own file systems never need.
const kernelFlags = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV

// readOnlyPaths of the kernel's file systems change the machine when written to.
var readOnlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}

// maskedPaths tell of the machine what is nobody's business in a container.
var maskedPaths = []string{
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
	"/sys/devices/virtual/powercap",
}

// devices are the nodes of every container, by their numbers; see
// Documentation/admin-guide/devices.txt of the kernel.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

var deviceLinks = [][2]string{
	{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"},
	{"pts/ptmx", "ptmx"},
}

// prepareRoot makes an image the container's root, with what a Linux system has
// besides its files, and returns where the sandbox, a path without links, is mounted.
func (f *linuxFilesystem) prepareRoot(plan *container.Plan, sandbox string) (at string, err error) {
	p := &plan.Process
	points := map[string]string{}
	for _, name := range []string{"/proc", "/sys", "/dev", f.config.SandboxDirectory} {
		if points[name], err = makePoint(rooted.OpenRoot, plan.Image.Root, name, true); err != nil {
			return "", err
		}
	}
	p.Mounts = append(p.Mounts, kernelMounts(points["/proc"], points["/sys"])...)
	p.Mounts = append(p.Mounts, deviceMounts(points["/dev"])...)
	at = points[f.config.SandboxDirectory]
	p.Mounts = append(p.Mounts, supervise.Mount{Source: sandbox, Target: at, Flags: bindFlags(false), Fixed: true})
	if !privileged(plan) {
		p.Mounts = append(p.Mounts, masks(points["/proc"], points["/sys"])...)
	}
	if p.Root, err = filepath.EvalSymlinks(plan.Image.Root); err != nil {
		return "", err
	}
	p.Dir = f.config.SandboxDirectory
	return at, plan.SetVariable("MESOS_SANDBOX", f.config.SandboxDirectory)
}

// privileged reports whether a container asked to see the processes of the host.
// A nested one does if all that it is in do.
func privileged(plan *container.Plan) bool {
	shares := func(spec *container.Spec) bool { return spec.Container.GetLinuxInfo().GetSharePidNamespace() }
	return shares(plan.Spec) && (plan.Parent == nil || shares(plan.Parent.Spec))
}

func kernelMounts(proc, sys string) []supervise.Mount {
	list := []supervise.Mount{{Source: "proc", Target: proc, Type: "proc", Flags: kernelFlags}}
	for _, path := range readOnlyPaths {
		if _, err := os.Lstat(path); err != nil {
			continue // this kernel does not have it
		}
		at := proc + strings.TrimPrefix(path, "/proc")
		list = append(list, supervise.Mount{Source: at, Target: at, Flags: unix.MS_BIND | unix.MS_RDONLY | kernelFlags})
	}
	return append(list,
		supervise.Mount{Source: "sysfs", Target: sys, Type: "sysfs", Flags: unix.MS_RDONLY | kernelFlags},
		supervise.Mount{Source: "tmpfs", Target: sys + "/fs/cgroup", Type: "tmpfs", Flags: kernelFlags, Data: "mode=755"},
	)
}

func deviceMounts(dev string) []supervise.Mount {
	list := []supervise.Mount{
		{Source: "tmpfs", Target: dev, Type: "tmpfs", Flags: unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_STRICTATIME, Data: "mode=755"},
		// Group 5 is tty on every distribution: grantpt(3) wants a terminal to be its.
		{Source: "devpts", Target: dev + "/pts", Make: true, Type: "devpts", Flags: unix.MS_NOSUID | unix.MS_NOEXEC,
			Data: "newinstance,ptmxmode=0666,mode=0620,gid=5"},
		{Source: "tmpfs", Target: dev + "/shm", Make: true, Type: "tmpfs", Flags: kernelFlags, Data: "mode=1777"},
	}
	for _, d := range devices {
		list = append(list, supervise.Mount{
			Target: dev + "/" + d.name, Mode: unix.S_IFCHR | 0o666, Device: unix.Mkdev(d.major, d.minor),
		})
	}
	for _, link := range deviceLinks {
		list = append(list, supervise.Mount{Source: link[0], Target: dev + "/" + link[1], Link: true})
	}
	return list
}

// masks hide paths: a file behind /dev/null, a directory behind an empty one.
func masks(proc, sys string) []supervise.Mount {
	var list []supervise.Mount
	for _, path := range maskedPaths {
		info, err := os.Lstat(path)
		if err != nil {
			continue // this kernel does not have it
		}
		at := sys + strings.TrimPrefix(path, "/sys")
		if below, ok := strings.CutPrefix(path, "/proc"); ok {
			at = proc + below
		}
		mask := supervise.Mount{Source: "/dev/null", Target: at, Flags: unix.MS_BIND | unix.MS_RDONLY}
		if info.IsDir() {
			mask = supervise.Mount{Source: "tmpfs", Target: at, Type: "tmpfs", Flags: unix.MS_RDONLY | kernelFlags}
		}
		list = append(list, mask)
	}
	return list
}
