package container

import (
	"path/filepath"
	"slices"
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
	case slices.Contains(spec.ID.Names(), ""):
		return mesos.Errorf(mesos.Invalid, "container: %q: not an id", spec.ID)
	case spec.Debug && spec.ID.Parent() == "":
		return mesos.Errorf(mesos.Invalid, "container: %s: only a nested container can be of class DEBUG", spec.ID)
	case spec.Standalone && spec.ID.Parent() != "":
		return mesos.Errorf(mesos.Invalid, "container: %s: it is nested, and can't be standalone", spec.ID)
	case spec.ID.Parent() == "" && !spec.Standalone && !filepath.IsAbs(spec.Sandbox):
		return mesos.Errorf(mesos.Invalid, "sandbox: %q: not an absolute path", spec.Sandbox)
	case spec.Pause:
		return nil
	case spec.Command == nil:
		return mesos.Errorf(mesos.Invalid, "command: nothing to run")
	case spec.Command.Value == nil && !spec.Command.GetShell() && spec.Container.GetMesos().GetImage() != nil:
		// The image says what to run.
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

// Feature is something that a spec may ask for and not every agent provides.
type Feature string

// The features, as errors name them.
const (
	HostPathVolumes    Feature = "volumes of the host (volume/host_path)"
	SandboxPathVolumes Feature = "volumes of the sandbox (volume/sandbox_path)"
	ImageVolumes       Feature = "volumes from images (volume/image)"
	SecretVolumes      Feature = "volumes of secrets (volume/secret)"
	SecretVariables    Feature = "secrets in the environment (environment_secret)"
	Networks           Feature = "container networks (network/cni)"
	Hostname           Feature = "a hostname of its own (network/cni)"
	PidNamespace       Feature = "a pid namespace (namespaces/pid)"
	IpcNamespace       Feature = "an ipc namespace (namespaces/ipc)"
	CapabilitySets     Feature = "capabilities (linux/capabilities)"
	SeccompProfile     Feature = "a seccomp profile (linux/seccomp)"
	OwnCgroups         Feature = "cgroups of its own (cgroups/cpu, cgroups/mem)"
	Devices            Feature = "devices of its own (linux/devices)"
)

// Provider is an isolator that provides features. A spec that asks for one that
// no isolator provides is refused: a task that asked for isolation must not run
// without it.
type Provider interface{ Provides() []Feature }

// refuse names the first thing that a spec asks for and this agent does not have.
func (l *Local) refuse(spec *Spec) error {
	c := spec.Container
	for _, asks := range []struct {
		what string
		yes  bool
	}{
		{"containers of type DOCKER", c != nil && c.GetType() == mesospb.ContainerInfo_DOCKER},
		{"docker options", c.GetDocker() != nil},
		{"container images", c.GetMesos().GetImage() != nil && l.config.Images == nil},
	} {
		if asks.yes {
			return unsupported(asks.what)
		}
	}
	for _, feature := range features(spec) {
		if !l.provided[feature] {
			return unsupported(string(feature))
		}
	}
	return nil
}

// features are what a spec asks for, in an order that does not change.
func features(spec *Spec) (list []Feature) {
	c := spec.Container
	for _, v := range c.GetVolumes() {
		list = append(list, volumeFeature(v))
	}
	linux := c.GetLinuxInfo()
	for _, asks := range []struct {
		feature Feature
		yes     bool
	}{
		{Hostname, c.GetHostname() != ""},
		{Networks, asksNetwork(c.GetNetworkInfos())},
		{CapabilitySets, linux.GetCapabilityInfo() != nil || linux.GetBoundingCapabilities() != nil ||
			linux.GetEffectiveCapabilities() != nil},
		// Sharing everything with the agent needs nobody.
		{PidNamespace, linux != nil && linux.SharePidNamespace != nil && !linux.GetSharePidNamespace()},
		{IpcNamespace, linux.GetIpcMode() == mesospb.LinuxInfo_PRIVATE || linux.GetShmSize() != 0},
		{SeccompProfile, linux.GetSeccomp() != nil && !linux.GetSeccomp().GetUnconfined()},
		{OwnCgroups, linux != nil && !linux.GetShareCgroups()},
		{SecretVariables, hasSecret(spec.Command.GetEnvironment())},
	} {
		if asks.yes {
			list = append(list, asks.feature)
		}
	}
	return list
}

// volumeFeature is what a volume needs. What has neither source is a path of the
// host or, if it is relative, of the sandbox.
func volumeFeature(v *mesospb.Volume) Feature {
	switch {
	case v.GetImage() != nil:
		return ImageVolumes
	case v.GetSource().GetType() == mesospb.Volume_Source_SANDBOX_PATH,
		v.GetHostPath() != "" && !filepath.IsAbs(v.GetHostPath()):
		return SandboxPathVolumes
	case v.GetSource().GetType() == mesospb.Volume_Source_SECRET:
		return SecretVolumes
	case v.GetSource().GetType() == mesospb.Volume_Source_HOST_PATH || v.GetHostPath() != "":
		return HostPathVolumes
	}
	return Feature("volumes of type " + v.GetSource().GetType().String())
}

func hasSecret(environment *mesospb.Environment) bool {
	return slices.ContainsFunc(environment.GetVariables(), isSecret)
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
