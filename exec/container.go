package exec

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// container is the task's ContainerInfo, or nil if no flag asks for one. What an
// agent can't do of it, the agent refuses.
func (o Options) container() (*mesospb.ContainerInfo, error) {
	switch o.Containerizer {
	case "":
		return nil, nil
	case "mesos":
		return o.mesosContainer()
	case "docker":
		return o.dockerContainer()
	default:
		return nil, mesos.Errorf(mesos.Invalid, "--containerizer: there is no containerizer %q, only mesos and docker", o.Containerizer)
	}
}

func (o Options) mesosContainer() (*mesospb.ContainerInfo, error) {
	c := &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
	var err error
	if c.Volumes, err = o.volumes(); err != nil {
		return nil, err
	}
	c.NetworkInfos = networkInfos(split(o.Networks))
	switch {
	case o.DockerImage != "":
		c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &o.DockerImage},
		}}
	case o.AppcImage != "":
		c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_APPC.Enum(),
			Appc: &mesospb.Image_Appc{Name: &o.AppcImage, Labels: &mesospb.Labels{Labels: []*mesospb.Label{
				{Key: proto.String("os"), Value: proto.String("linux")},
				{Key: proto.String("arch"), Value: proto.String("amd64")},
			}}},
		}}
	}
	if o.EffectiveCapabilities != "" || o.BoundingCapabilities != "" {
		c.LinuxInfo = &mesospb.LinuxInfo{}
	}
	if o.EffectiveCapabilities != "" {
		c.LinuxInfo.EffectiveCapabilities = &mesospb.CapabilityInfo{}
		if err := unmarshal("effective_capabilities", o.EffectiveCapabilities, c.LinuxInfo.EffectiveCapabilities); err != nil {
			return nil, err
		}
	}
	if o.BoundingCapabilities != "" {
		c.LinuxInfo.BoundingCapabilities = &mesospb.CapabilityInfo{}
		if err := unmarshal("bounding_capabilities", o.BoundingCapabilities, c.LinuxInfo.BoundingCapabilities); err != nil {
			return nil, err
		}
	}
	if o.RLimits != "" {
		c.RlimitInfo = &mesospb.RLimitInfo{}
		if err := unmarshal("rlimits", o.RLimits, c.RlimitInfo); err != nil {
			return nil, err
		}
	}
	if o.TTY {
		c.TtyInfo = &mesospb.TTYInfo{}
	}
	asksForNothing := len(c.Volumes) == 0 && len(c.NetworkInfos) == 0 && c.Mesos == nil &&
		c.LinuxInfo == nil && c.RlimitInfo == nil && c.TtyInfo == nil
	if asksForNothing {
		return nil, nil
	}
	return c, nil
}

func (o Options) dockerContainer() (*mesospb.ContainerInfo, error) {
	networks := split(o.Networks)
	switch {
	case o.DockerImage == "":
		return nil, mesos.Errorf(mesos.Invalid, "--containerizer=docker needs --docker_image")
	case len(networks) > 1:
		return nil, mesos.Errorf(mesos.Invalid, "--containerizer=docker can join one network only, not %s", o.Networks)
	case o.TTY:
		return nil, mesos.Errorf(mesos.Invalid, "--containerizer=docker can't attach a tty")
	case o.EffectiveCapabilities != "" || o.BoundingCapabilities != "" || o.RLimits != "":
		return nil, mesos.Errorf(mesos.Invalid,
			"--effective_capabilities, --bounding_capabilities and --rlimits are for --containerizer=mesos")
	}
	c := &mesospb.ContainerInfo{
		Type:   mesospb.ContainerInfo_DOCKER.Enum(),
		Docker: &mesospb.ContainerInfo_DockerInfo{Image: &o.DockerImage},
	}
	var err error
	if c.Volumes, err = o.volumes(); err != nil {
		return nil, err
	}
	if len(networks) == 1 {
		c.Docker.Network = mesospb.ContainerInfo_DockerInfo_USER.Enum()
		c.NetworkInfos = networkInfos(networks)
	}
	return c, nil
}

func (o Options) volumes() ([]*mesospb.Volume, error) {
	volumes, err := binds(o.Binds)
	if err != nil || o.Volumes == "" {
		return volumes, err
	}
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(o.Volumes), &parts); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "--volumes: not a JSON array: %w", err)
	}
	for _, part := range parts {
		volume := &mesospb.Volume{}
		if err := unmarshal("volumes", string(part), volume); err != nil {
			return nil, err
		}
		volumes = append(volumes, volume)
	}
	return volumes, nil
}

// binds are directories and files of the host.
func binds(texts []string) (volumes []*mesospb.Volume, err error) {
	modes := map[string]mesospb.Volume_Mode{"": mesospb.Volume_RW, "rw": mesospb.Volume_RW, "ro": mesospb.Volume_RO}
	for _, text := range texts {
		parts := strings.Split(text, ":")
		if len(parts) == 2 {
			parts = append(parts, "")
		}
		if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
			return nil, mesos.Errorf(mesos.Invalid, "--volume: %q is not HOST:CONTAINER or HOST:CONTAINER:ro", text)
		}
		mode, known := modes[parts[2]]
		if !known {
			return nil, mesos.Errorf(mesos.Invalid, "--volume: %q is neither ro nor rw", parts[2])
		}
		if !strings.HasPrefix(parts[0], "/") {
			return nil, mesos.Errorf(mesos.Invalid, "--volume: %q is not an absolute path on the agent's host", parts[0])
		}
		volumes = append(volumes, &mesospb.Volume{HostPath: &parts[0], ContainerPath: &parts[1], Mode: mode.Enum()})
	}
	return volumes, nil
}

func unmarshal(flag, text string, m wire.Message) error {
	if err := wire.UnmarshalJSON([]byte(text), m); err != nil {
		return mesos.Errorf(mesos.Invalid, "--%s: %w", flag, err)
	}
	return nil
}

func networkInfos(names []string) []*mesospb.NetworkInfo {
	infos := make([]*mesospb.NetworkInfo, 0, len(names))
	for _, name := range names {
		infos = append(infos, &mesospb.NetworkInfo{Name: proto.String(name)})
	}
	return infos
}
