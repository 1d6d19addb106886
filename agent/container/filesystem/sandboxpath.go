package filesystem

import (
	"context"
	"os"
	"path"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type sandboxPaths struct {
	container.Passive
	*Filesystems
}

// SandboxPath is the isolator of volumes that are directories of the container's
// own sandbox, or of its parent's, which nested containers share in this way. On
// the host's file system they are links, and nobody holds them read-only. See
// https://mesos.apache.org/documentation/latest/container-volume/.
func (f *Filesystems) SandboxPath() container.Isolator {
	return sandboxPaths{container.Passive{Named: "volume/sandbox_path"}, f}
}

// Nests implements Nester.
func (sandboxPaths) Nests() bool { return true }

// Provides implements Provider.
func (sandboxPaths) Provides() []container.Feature {
	return []container.Feature{container.SandboxPathVolumes}
}

// Prepare implements Isolator.
func (s sandboxPaths) Prepare(_ context.Context, plan *container.Plan) error {
	for _, v := range plan.Spec.Container.GetVolumes() {
		asks, ok, err := sandboxPath(v)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.check(plan, v, asks); err != nil {
			return err
		}
		if s.mounting {
			err = s.mount(plan, v, asks)
		} else {
			err = s.link(plan, v, asks)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check refuses what makes no sense.
func (s sandboxPaths) check(plan *container.Plan, v *mesospb.Volume, asks wants) error {
	if err := checkPath("sandbox_path", asks.path); err != nil {
		return err
	}
	if err := checkContainerPath(v.GetContainerPath()); err != nil {
		return err
	}
	absolute := path.IsAbs(v.GetContainerPath())
	switch {
	case plan.Spec.Debug:
		return mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: a container of class DEBUG has no volumes", asks.path)
	case asks.parent && plan.Parent == nil:
		return mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: of PARENT, and the container is not nested in another", asks.path)
	case !asks.parent && !absolute:
		return mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: container_path %q is in the same sandbox: a link does that",
			asks.path, v.GetContainerPath())
	case absolute && !s.mounting:
		return mesos.Errorf(mesos.Unsupported, "volume: container_path %q: an absolute path needs --isolation=filesystem/linux", v.GetContainerPath())
	}
	return nil
}

// locate tells where on the host a path of a sandbox is: rest, in base.
func (s sandboxPaths) locate(plan *container.Plan, asks wants) (base, rest string, readOnly bool) {
	if !asks.parent {
		return s.find(plan.Spec.ID, plan.Spec.Sandbox, asks.path)
	}
	return s.find(plan.Parent.Spec.ID, plan.Parent.Spec.Sandbox, asks.path)
}

// link shows a directory of the parent's sandbox in the container's own.
func (s sandboxPaths) link(plan *container.Plan, v *mesospb.Volume, asks wants) error {
	base, rest, _ := s.locate(plan, asks)
	source, err := makeLinked(base, rest)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: %w", asks.path, err)
	}
	sandbox, err := os.OpenRoot(plan.Spec.Sandbox)
	if err != nil {
		return err
	}
	defer func() { _ = sandbox.Close() }()
	name := path.Clean(v.GetContainerPath())
	if err := sandbox.MkdirAll(path.Dir(name), 0o755); err != nil {
		return mesos.Errorf(mesos.Invalid, "volume: container_path %q: %w", v.GetContainerPath(), err)
	}
	if err := sandbox.Symlink(source, name); err != nil {
		return mesos.Errorf(mesos.Invalid, "volume: container_path %q: %w", v.GetContainerPath(), err)
	}
	return nil
}

// makeLinked makes a directory in another, as that one's owner's, if it is not there.
func makeLinked(base, rest string) (string, error) {
	root, err := os.OpenRoot(base)
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	if _, err := root.Stat(rest); err == nil {
		return path.Join(base, rest), nil
	}
	if err := root.MkdirAll(rest, 0o755); err != nil {
		return "", err
	}
	info, err := root.Stat(".")
	if err != nil {
		return "", err
	}
	if uid, gid, ok := ownerOf(info); ok && os.Geteuid() == 0 {
		err = root.Lchown(rest, uid, gid)
	}
	return path.Join(base, rest), err
}

// isOther reports whether a container's user needs a group to write to a file of
// another's.
func isOther(user *supervise.User, info os.FileInfo) bool {
	uid, _, ok := ownerOf(info)
	return ok && user != nil && uid != int(user.UID)
}
