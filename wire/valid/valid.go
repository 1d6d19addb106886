// Package valid checks messages that masters and agents take alike. Every error is
// mesos.Invalid and begins with the field that is wrong.
package valid

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Command checks a command's environment.
func Command(command *mesospb.CommandInfo) error {
	for _, v := range command.GetEnvironment().GetVariables() {
		if err := Variable(v); err != nil {
			return mesos.Errorf(mesos.Invalid, "environment: variable %q: %w", v.GetName(), err)
		}
	}
	return nil
}

// Variable: a variable has a value or a secret, as its type says.
// https://mesos.apache.org/documentation/latest/secrets/
func Variable(v *mesospb.Environment_Variable) error {
	switch v.GetType() {
	case mesospb.Environment_Variable_VALUE:
		if v.Value == nil {
			return mesos.Errorf(mesos.Invalid, "value: missing, but the type is VALUE")
		}
		if v.Secret != nil {
			return mesos.Errorf(mesos.Invalid, "secret: set, but the type is VALUE")
		}
	case mesospb.Environment_Variable_SECRET:
		if v.Secret == nil {
			return mesos.Errorf(mesos.Invalid, "secret: missing, but the type is SECRET")
		}
		if v.Value != nil {
			return mesos.Errorf(mesos.Invalid, "value: set, but the type is SECRET")
		}
		if err := Secret(v.Secret); err != nil {
			return mesos.Errorf(mesos.Invalid, "secret.%w", err)
		}
	default:
		return mesos.Errorf(mesos.Invalid, "type: it must be VALUE or SECRET")
	}
	return nil
}

// Secret: a secret has a reference or a value, as its type says.
func Secret(s *mesospb.Secret) error {
	switch s.GetType() {
	case mesospb.Secret_REFERENCE:
		if s.Reference == nil {
			return mesos.Errorf(mesos.Invalid, "reference: missing, but the type is REFERENCE")
		}
		if s.Value != nil {
			return mesos.Errorf(mesos.Invalid, "value: set, but the type is REFERENCE")
		}
	case mesospb.Secret_VALUE:
		if s.Value == nil {
			return mesos.Errorf(mesos.Invalid, "value: missing, but the type is VALUE")
		}
		if s.Reference != nil {
			return mesos.Errorf(mesos.Invalid, "reference: set, but the type is VALUE")
		}
		for _, b := range s.GetValue().GetData() {
			if b == 0 {
				return mesos.Errorf(mesos.Invalid, "value.data: an environment variable can't hold a null byte")
			}
		}
	}
	return nil
}

// Container checks a container's volumes and that it has what its type needs.
func Container(container *mesospb.ContainerInfo) error {
	for i, v := range container.GetVolumes() {
		if err := Volume(v); err != nil {
			return mesos.Errorf(mesos.Invalid, "volumes[%d]: %w", i, err)
		}
	}
	if container == nil || container.GetType() != mesospb.ContainerInfo_DOCKER {
		return nil
	}
	if container.Docker == nil {
		return mesos.Errorf(mesos.Invalid, "docker: missing, but the type is DOCKER")
	}
	for _, p := range container.GetDocker().GetParameters() {
		if p.GetKey() == "name" {
			return mesos.Errorf(mesos.Invalid, "docker.parameters: name can't be set: the agent finds its containers by theirs")
		}
	}
	return nil
}

// Volume: a volume comes from exactly one place.
// https://mesos.apache.org/documentation/latest/container-volume/
func Volume(v *mesospb.Volume) error {
	places := 0
	for _, set := range []bool{v.HostPath != nil, v.Image != nil, v.Source != nil} {
		if set {
			places++
		}
	}
	if places != 1 {
		return mesos.Errorf(mesos.Invalid, "exactly one of host_path, image and source must be set")
	}
	if v.Source == nil {
		return nil
	}
	var (
		field   string
		present bool
	)
	switch v.GetSource().GetType() {
	case mesospb.Volume_Source_DOCKER_VOLUME:
		field, present = "docker_volume", v.Source.DockerVolume != nil
	case mesospb.Volume_Source_HOST_PATH:
		field, present = "host_path", v.Source.HostPath != nil
	case mesospb.Volume_Source_SANDBOX_PATH:
		field, present = "sandbox_path", v.Source.SandboxPath != nil
	case mesospb.Volume_Source_SECRET:
		field, present = "secret", v.Source.Secret != nil
	case mesospb.Volume_Source_CSI_VOLUME:
		field, present = "csi_volume.static_provisioning", v.Source.GetCsiVolume().GetStaticProvisioning() != nil
	default:
		return mesos.Errorf(mesos.Invalid, "source.type: it is not known")
	}
	if !present {
		return mesos.Errorf(mesos.Invalid, "source.%s: missing, but the type is %s", field, v.GetSource().GetType())
	}
	return nil
}
