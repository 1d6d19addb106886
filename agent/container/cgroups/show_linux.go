package cgroups

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
)

// show lets a container with a root file system of its own see its cgroups, and no
// others, where programs look for them. It can't write to them, or root in it would
// lift its own limits.
func (i *Isolator) show(plan *container.Plan, g *group) {
	if plan.Image == nil {
		return
	}
	process := &plan.Process
	process.Namespaces |= unix.CLONE_NEWNS
	at := filepath.Join(plan.Image.Root, "sys/fs/cgroup")
	bind := func(source, target string) {
		process.Mounts = append(process.Mounts, supervise.Mount{
			Source: source, Target: target, Make: true,
			Flags: unix.MS_BIND | unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC,
		})
	}
	if g.v2 {
		process.Namespaces |= unix.CLONE_NEWCGROUP
		bind(g.dirs[0].dir, at) // whose limits hold; processes are in a leaf of it
		return
	}
	process.Mounts = append(process.Mounts, supervise.Mount{
		Source: "tmpfs", Target: at, Make: true, Type: "tmpfs", Flags: unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, Data: "mode=755",
	})
	for _, d := range g.dirs {
		base := filepath.Base(d.tree.dir)
		bind(d.dir, filepath.Join(at, base))
		for _, subsystem := range d.tree.subsystems {
			if subsystem != base { // those that are mounted together
				process.Mounts = append(process.Mounts, supervise.Mount{Source: base, Target: filepath.Join(at, subsystem), Link: true})
			}
		}
	}
}
