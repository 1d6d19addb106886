package filesystem

import (
	"crypto/rand"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/rooted"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// Place makes the mount point of a volume, a directory or a file, and tells where
// it is: Target is as supervise.Mount has it, and Make is set if it can only be made
// when the container's file system stands. A relative container path is one in the
// sandbox.
func (f *Filesystems) Place(plan *container.Plan, containerPath string, directory bool) (supervise.Mount, error) {
	if err := checkContainerPath(containerPath); err != nil {
		return supervise.Mount{}, err
	}
	mount := supervise.Mount{Fixed: true}
	name, sandbox := f.inSandbox(plan, containerPath)
	var err error
	switch {
	case sandbox:
		mount.Target, err = f.placeInSandbox(plan, name, directory)
	case plan.Image != nil:
		dev, ok := strings.CutPrefix(path.Clean(containerPath), "/dev/")
		if ok {
			// What is in the image's own /dev is hidden.
			mount.Make = true
			mount.Target, err = makePoint(rooted.OpenRoot, plan.Image.Root, "/dev", true)
			mount.Target += "/" + dev
			break
		}
		mount.Target, err = makePoint(rooted.OpenRoot, plan.Image.Root, containerPath, directory)
	default:
		mount.Target, err = existing(containerPath, directory)
	}
	if err != nil {
		return supervise.Mount{}, mesos.Errorf(mesos.KindOf(err), "volume: container_path %q: %w", containerPath, err)
	}
	return mount, nil
}

// inSandbox reports whether a container path is one of the sandbox, and which.
func (f *Filesystems) inSandbox(plan *container.Plan, containerPath string) (name string, ok bool) {
	if !path.IsAbs(containerPath) {
		return path.Clean(containerPath), true
	}
	sandbox := plan.Spec.Sandbox
	if plan.Image != nil {
		sandbox = f.config.SandboxDirectory
	}
	name, ok = cutDir(path.Clean(containerPath), sandbox)
	return name, ok && name != "."
}

// placeInSandbox makes a mount point in the sandbox. A container with an image
// finds that below its own root.
func (f *Filesystems) placeInSandbox(plan *container.Plan, name string, directory bool) (string, error) {
	place, err := makePoint(rooted.OpenBeneath, plan.Spec.Sandbox, name, directory)
	if err != nil || plan.Image == nil {
		return place, err
	}
	sandbox, err := filepath.EvalSymlinks(plan.Spec.Sandbox)
	if err != nil {
		return "", err
	}
	below, ok := cutDir(place, sandbox)
	if !ok {
		return "", mesos.Errorf(mesos.Internal, "%s is not in %s", place, sandbox)
	}
	at, err := makePoint(rooted.OpenRoot, plan.Image.Root, f.config.SandboxDirectory, true)
	return path.Join(at, below), err
}

func makePoint(open func(string) (*rooted.Dir, error), root, name string, directory bool) (string, error) {
	dir, err := open(root)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	var point *os.File
	if directory {
		point, _, err = dir.MakeDir(name, rooted.Owner{})
	} else {
		point, err = dir.MakeFile(name, rooted.Owner{})
	}
	if err != nil {
		return "", asInvalid(err)
	}
	defer point.Close()
	if is, err := isDirectory(point); err != nil || is != directory {
		return "", wrongKind(directory)
	}
	return rooted.Place(point)
}

// existing finds a mount point of the host, on which none are made.
func existing(name string, directory bool) (string, error) {
	place, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", mesos.Errorf(mesos.Invalid, "it is not on the host, whose files a container without an image has")
	}
	info, err := os.Stat(place)
	if err != nil {
		return "", err
	}
	if info.IsDir() != directory {
		return "", wrongKind(directory)
	}
	return place, nil
}

func wrongKind(directory bool) error {
	if directory {
		return mesos.Errorf(mesos.Invalid, "a directory can't be shown in place of a file")
	}
	return mesos.Errorf(mesos.Invalid, "a file can't be shown in place of a directory")
}

func isDirectory(file *os.File) (bool, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return false, os.NewSyscallError("stat", err)
	}
	return st.Mode&unix.S_IFMT == unix.S_IFDIR, nil
}

// asInvalid is an error of a path that somebody asked for.
func asInvalid(err error) error {
	if mesos.KindOf(err) == mesos.Internal {
		return mesos.Errorf(mesos.Invalid, "%w", err)
	}
	return err
}

// Memory is a mount, of the container's alone, of a file system in memory that no
// disk ever has: in an image's own /dev, or over a directory of the agent.
func (f *Filesystems) Memory(plan *container.Plan) (supervise.Mount, error) {
	mount := supervise.Mount{
		Source: "ramfs", Type: "ramfs", Data: "mode=700", Flags: unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, Fixed: true,
	}
	var err error
	if plan.Image != nil {
		mount.Make = true
		mount.Target, err = makePoint(rooted.OpenRoot, plan.Image.Root, "/dev", true)
		mount.Target += "/.memory-" + rand.Text()
		return mount, err
	}
	dir := filepath.Join(f.config.WorkDir, "memory")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return mount, err
	}
	mount.Target, err = filepath.EvalSymlinks(dir)
	return mount, err
}
