package filesystem

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// errNotMounting refuses what needs mounts.
var errNotMounting = mesos.Errorf(mesos.Invalid, "it needs filesystem/linux")

// wants is what a volume of a ContainerInfo asks for, of one kind.
type wants struct {
	path          string // of the host, or of a sandbox
	parent        bool   // of the parent's sandbox
	bidirectional bool
}

// hostPath tells which path of the host a volume asks for, if it does. An
// absolute host_path is how it was said before volumes had sources.
func hostPath(v *mesospb.Volume) (wants, bool, error) {
	if v.GetSource().GetType() != mesospb.Volume_Source_HOST_PATH {
		return wants{path: v.GetHostPath()}, filepath.IsAbs(v.GetHostPath()), nil
	}
	source := v.GetSource().GetHostPath()
	if !filepath.IsAbs(source.GetPath()) {
		return wants{}, false, mesos.Errorf(mesos.Invalid, "volume: host_path %q: not an absolute path", source.GetPath())
	}
	return wants{
		path:          source.GetPath(),
		bidirectional: source.GetMountPropagation().GetMode() == mesospb.MountPropagation_BIDIRECTIONAL,
	}, true, nil
}

// sandboxPath tells which path of a sandbox a volume asks for, if it does. A
// relative host_path is how it was said before volumes had sources.
func sandboxPath(v *mesospb.Volume) (wants, bool, error) {
	if v.GetSource().GetType() != mesospb.Volume_Source_SANDBOX_PATH {
		return wants{path: v.GetHostPath()}, v.GetHostPath() != "" && !filepath.IsAbs(v.GetHostPath()), nil
	}
	source := v.GetSource().GetSandboxPath()
	switch {
	case filepath.IsAbs(source.GetPath()):
		return wants{}, false, mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: not a path in a sandbox but an absolute one", source.GetPath())
	case source.GetType() == mesospb.Volume_Source_SandboxPath_UNKNOWN:
		return wants{}, false, mesos.Errorf(mesos.Invalid, "volume: sandbox_path %q: neither of SELF nor of PARENT", source.GetPath())
	}
	return wants{path: source.GetPath(), parent: source.GetType() == mesospb.Volume_Source_SandboxPath_PARENT}, true, nil
}

// checkPath refuses what no path of a volume may have.
func checkPath(what, text string) error {
	if text == "" || strings.ContainsRune(text, 0) {
		return mesos.Errorf(mesos.Invalid, "volume: %s %q: not a path", what, text)
	}
	for part := range strings.SplitSeq(text, "/") {
		if part == ".." {
			return mesos.Errorf(mesos.Invalid, "volume: %s %q: \"..\" may lead out", what, text)
		}
	}
	return nil
}

// checkContainerPath refuses a container_path at which nothing can be shown.
func checkContainerPath(text string) error {
	if err := checkPath("container_path", text); err != nil {
		return err
	}
	switch clean := path.Clean(text); {
	case clean == "." || clean == "/":
		return mesos.Errorf(mesos.Invalid, "volume: container_path %q: it is all that the container has", text)
	case clean == "/proc" || strings.HasPrefix(clean, "/proc/"):
		return mesos.Errorf(mesos.Invalid, "volume: container_path %q: it would hide what the kernel says", text)
	}
	return nil
}
