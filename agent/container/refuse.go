package container

import (
	"path/filepath"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// validate says what is wrong with a spec wherever it would run.
func validate(spec *Spec) error {
	switch {
	case spec.ID == "":
		return mesos.Errorf(mesos.Invalid, "container: no id")
	case strings.ContainsAny(string(spec.ID), "/\x00"):
		return mesos.Errorf(mesos.Invalid, "container: %q: not an id", spec.ID)
	case !filepath.IsAbs(spec.Sandbox):
		return mesos.Errorf(mesos.Invalid, "sandbox: %q: not an absolute path", spec.Sandbox)
	case spec.Command == nil:
		return mesos.Errorf(mesos.Invalid, "command: nothing to run")
	case spec.Command.Value == nil || spec.Command.GetValue() == "" && !spec.Command.GetShell():
		return mesos.Errorf(mesos.Invalid, "command: no value")
	case strings.Contains(spec.Command.GetValue(), "\x00"):
		return mesos.Errorf(mesos.Invalid, "command: %q: has a NUL byte", spec.Command.GetValue())
	}
	for _, argument := range spec.Command.GetArguments() {
		if strings.Contains(argument, "\x00") {
			return mesos.Errorf(mesos.Invalid, "command: argument %q: has a NUL byte", argument)
		}
	}
	return nil
}

// refuse names the first thing that a spec asks for and no isolator of this
// agent provides. Whatever is here is refused rather than ignored: a task that
// asked for isolation must not run without it.
func refuse(spec *Spec) error {
	c := spec.Container
	for _, asks := range []struct {
		what string
		yes  bool
	}{
		{"containers of type DOCKER", c != nil && c.GetType() == mesospb.ContainerInfo_DOCKER},
		{"docker options", c.GetDocker() != nil},
		{"container images", c.GetMesos().GetImage() != nil},
		{"volumes", len(c.GetVolumes()) > 0},
		{"a hostname of its own", c.GetHostname() != ""},
		{"container networks", asksNetwork(c.GetNetworkInfos())},
		{"a terminal", c.GetTtyInfo() != nil},
	} {
		if asks.yes {
			return unsupported(asks.what)
		}
	}
	return refuseLinux(c.GetLinuxInfo())
}

func refuseLinux(l *mesospb.LinuxInfo) error {
	for _, asks := range []struct {
		what string
		yes  bool
	}{
		{"capabilities", l.GetCapabilityInfo() != nil || l.GetBoundingCapabilities() != nil ||
			l.GetEffectiveCapabilities() != nil},
		// Sharing everything with the agent is what there is.
		{"a pid namespace", l != nil && l.SharePidNamespace != nil && !l.GetSharePidNamespace()},
		{"an ipc namespace", l.GetIpcMode() == mesospb.LinuxInfo_PRIVATE || l.GetShmSize() != 0},
		{"a seccomp profile", l.GetSeccomp() != nil && !l.GetSeccomp().GetUnconfined()},
		{"cgroups of its own", l != nil && !l.GetShareCgroups()},
	} {
		if asks.yes {
			return unsupported(asks.what)
		}
	}
	return nil
}

func unsupported(what string) error {
	return mesos.Errorf(mesos.Unsupported, "container: %s: not available on this agent", what)
}

// asksNetwork reports whether there is more than the host's network to join.
func asksNetwork(infos []*mesospb.NetworkInfo) bool {
	for _, info := range infos {
		if info.GetName() != "" || len(info.GetIpAddresses()) > 0 || len(info.GetGroups()) > 0 ||
			len(info.GetPortMappings()) > 0 {
			return true
		}
	}
	return false
}
