package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The rules of operations on disks and persistent volumes.
// https://mesos.apache.org/documentation/latest/persistent-volume/

func (r *operationRequest) validateCreate(on *agent, by *framework, principal string) error {
	if err := validateVolumes(r.resources); err != nil {
		return err
	}
	if err := uniqueVolumes(on.total.PersistentVolumes(), r.resources); err != nil {
		return err
	}
	for _, v := range r.resources {
		if v.Shared && !canShare(by) {
			return mesos.Errorf(mesos.Invalid, "%s: framework %s lacks the capability SHARED_RESOURCES", v, by.id)
		}
		if err := on.canReserve(v); err != nil {
			return err
		}
		if of := v.Disk.Persistence.Principal; principal != "" && of != principal {
			return mesos.Errorf(mesos.Invalid, "%s: disk.persistence.principal: it is %q, not %q, who creates the volume", v, of, principal)
		}
	}
	if by != nil {
		return allocatedToOneRole(r.resources)
	}
	return nil
}

// validateVolumes checks that resources are persistent volumes.
func validateVolumes(list []resources.Resource) error {
	if err := validateEach("volumes", list); err != nil {
		return err
	}
	if err := oneProvider(list); err != nil {
		return err
	}
	for _, v := range list {
		if err := usableVolume(v); err != nil {
			return mesos.Errorf(mesos.Invalid, "volumes: %s: %w", v, err)
		}
	}
	return nil
}

// usableVolume checks that a resource is a persistent volume that can be used.
func usableVolume(v resources.Resource) error {
	switch {
	case v.Disk == nil:
		return mesos.Errorf(mesos.Invalid, "disk: missing for a persistent volume")
	case v.Disk.Persistence == nil:
		return mesos.Errorf(mesos.Invalid, "disk.persistence: missing for a persistent volume")
	case v.Disk.Volume == nil:
		return mesos.Errorf(mesos.Invalid, "disk.volume: missing for a persistent volume")
	case v.Disk.Volume.ReadOnly:
		return mesos.Errorf(mesos.Invalid, "disk.volume.mode: a persistent volume can't be read-only")
	}
	return nil
}

// uniqueVolumes: a persistence ID names one volume of a role on an agent.
func uniqueVolumes(existing resources.Resources, created []resources.Resource) error {
	seen := make(map[[2]string]bool)
	key := func(v resources.Resource) [2]string { return [2]string{v.ReservationRole(), v.Disk.Persistence.ID} }
	for v := range existing.All() {
		seen[key(v)] = true
	}
	for _, v := range created {
		if k := key(v); seen[k] {
			return mesos.Errorf(mesos.Invalid, "disk.persistence.id: %q is there already", k[1])
		}
		seen[key(v)] = true
	}
	return nil
}

func (r *operationRequest) validateDestroy(on *agent) error {
	if err := validateVolumes(r.resources); err != nil {
		return err
	}
	used := on.used.Unallocate()
	for _, v := range r.resources {
		v.AllocationRole = ""
		volume := resources.Of(v)
		if v.ProviderID == "" && !on.total.Contains(volume) {
			return mesos.Errorf(mesos.Invalid, "volumes: %s: the agent has no such volume", v)
		}
		if used.Contains(volume) {
			return mesos.Errorf(mesos.Invalid, "volumes: %s: it is in use", v)
		}
	}
	return nil
}

func (r *operationRequest) validateGrow(on *agent) error {
	volume := r.resources[0]
	if r.addition.Scalar <= 0 {
		return mesos.Errorf(mesos.Invalid, "addition: %s: it must be more than nothing", r.addition)
	}
	if err := resizableVolume(volume); err != nil {
		return err
	}
	if _, err := resources.Growing(volume, r.addition); err != nil {
		return mesos.Errorf(mesos.Invalid, "volume and addition: %w", err)
	}
	return on.canResize(volume)
}

func (r *operationRequest) validateShrink(on *agent) error {
	volume := r.resources[0]
	if r.subtract <= 0 {
		return mesos.Errorf(mesos.Invalid, "subtract: %v: it must be more than nothing", r.subtract)
	}
	if volume.Scalar <= r.subtract {
		return mesos.Errorf(mesos.Invalid, "subtract: %v: it must be less than the volume, %s", r.subtract, volume)
	}
	if volume.IsDisk(resources.SourceMount) {
		return mesos.Errorf(mesos.Invalid, "volume: %s: a volume on a MOUNT disk can't be shrunk", volume)
	}
	if err := resizableVolume(volume); err != nil {
		return err
	}
	return on.canResize(volume)
}

// resizableVolume checks that a resource is a persistent volume that can be made
// larger or smaller.
func resizableVolume(volume resources.Resource) error {
	err := usableVolume(volume)
	switch {
	case volume.ProviderID != "":
		err = mesos.Errorf(mesos.Invalid, "its resource provider can't resize it")
	case err != nil:
	case volume.Shared:
		err = mesos.Errorf(mesos.Invalid, "a shared volume can't be resized")
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "volume: %s: %w", volume, err)
	}
	return nil
}

func (a *agent) canResize(volume resources.Resource) error {
	if !a.has(mesospb.AgentInfo_Capability_RESIZE_VOLUME) {
		return mesos.Errorf(mesos.Invalid, "volume: %s: the agent lacks the capability RESIZE_VOLUME", volume)
	}
	return nil
}

// https://mesos.apache.org/documentation/latest/csi/
func (r *operationRequest) validateCreateDisk(on *agent) error {
	source, create := r.resources[0], r.info.GetCreateDisk()
	if err := on.provides(source); err != nil {
		return err
	}
	if !source.IsDisk(resources.SourceRaw) {
		return mesos.Errorf(mesos.Invalid, "source: %s: it is not a RAW disk", source)
	}
	switch create.GetTargetType() {
	case mesospb.Resource_DiskInfo_Source_MOUNT, mesospb.Resource_DiskInfo_Source_BLOCK:
	default:
		return mesos.Errorf(mesos.Invalid, "target_type: %s is neither MOUNT nor BLOCK", create.GetTargetType())
	}
	if hasProfile := source.Disk.Source.Profile != ""; hasProfile == (create.TargetProfile != nil) {
		return mesos.Errorf(mesos.Invalid, "target_profile: exactly one of it and the profile of source, %s, must be set", source)
	}
	return unprovided(source)
}

func (r *operationRequest) validateDestroyDisk(on *agent) error {
	source := r.resources[0]
	if err := on.provides(source); err != nil {
		return err
	}
	switch {
	case !source.IsDisk(resources.SourceMount) && !source.IsDisk(resources.SourceBlock) && !source.IsDisk(resources.SourceRaw):
		return mesos.Errorf(mesos.Invalid, "source: %s: it is not a MOUNT, BLOCK or RAW disk", source)
	case source.Disk.Source.ID == "":
		return mesos.Errorf(mesos.Invalid, "source: %s: no volume of a storage plugin is behind it", source)
	case source.IsPersistentVolume():
		return mesos.Errorf(mesos.Invalid, "source: %s: it is a persistent volume, which must be destroyed first", source)
	}
	return unprovided(source)
}

// provides checks that a resource can be that of a resource provider on an agent.
func (a *agent) provides(source resources.Resource) error {
	if !a.has(mesospb.AgentInfo_Capability_RESOURCE_PROVIDER) {
		return mesos.Errorf(mesos.Invalid, "the agent lacks the capability RESOURCE_PROVIDER")
	}
	if err := validateResource(source); err != nil {
		return mesos.Errorf(mesos.Invalid, "source: %w", err)
	}
	if source.ProviderID == "" {
		return mesos.Errorf(mesos.Invalid, "source: %s: no resource provider has it", source)
	}
	return nil
}

// unprovided refuses what only a resource provider can do: agents have none.
func unprovided(source resources.Resource) error {
	return mesos.Errorf(mesos.Invalid, "source: %s: no resource provider %q is registered", source, source.ProviderID)
}
