package filesystem

import (
	"os"
	"syscall"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// mount shows a directory of a sandbox, or a file of it, in the container.
func (s sandboxPaths) mount(plan *container.Plan, v *mesospb.Volume, asks wants) error {
	base, rest, readOnly := s.locate(plan, asks)
	readOnly = readOnly || v.GetMode() == mesospb.Volume_RO
	source, err := sourceIn(base, rest)
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "volume: sandbox_path %q: %w", asks.path, err)
	}
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	mount, err := s.Place(plan, v.GetContainerPath(), info.IsDir())
	if err != nil {
		return err
	}
	mount.Source, mount.Flags = source, bindFlags(readOnly)
	plan.Process.Mounts = append(plan.Process.Mounts, mount)
	if name, ok := s.inSandbox(plan, v.GetContainerPath()); ok {
		s.show(plan.Spec.ID, shown{name: name, source: source, readOnly: readOnly})
	}
	if !asks.parent || s.config.Gids == nil || !isOther(plan.Process.User, info) {
		return nil
	}
	gid, err := s.config.Gids.Allocate(source, gids.Sandbox)
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "volume: sandbox_path %q: %w", asks.path, err)
	}
	addGroups(&plan.Process, []uint32{gid})
	return nil
}

// sourceIn finds a path in a directory. A directory that is not there is made, as
// base's owner's.
func sourceIn(base, rest string) (string, error) {
	dir, err := rooted.OpenBeneath(base)
	if err != nil {
		return "", asInvalid(err)
	}
	defer dir.Close()
	if file, err := dir.Open(rest); err == nil {
		defer file.Close()
		return rooted.Place(file)
	}
	info, err := os.Stat(base)
	if err != nil {
		return "", err
	}
	uid, gid, _ := ownerOf(info)
	file, _, err := dir.MakeDir(rest, rooted.Owner{UID: uid, GID: gid})
	if err != nil {
		return "", asInvalid(err)
	}
	defer file.Close()
	return rooted.Place(file)
}

func ownerOf(info os.FileInfo) (uid, gid int, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
