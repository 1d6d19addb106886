package master

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// validateResources checks the resources of a task or an executor, beyond that
// each is well formed: that they can be what one container holds.
func validateResources(rs resources.Resources) error {
	for r := range rs.All() {
		if err := validateResource(r); err != nil {
			return err
		}
	}
	if err := uniquePersistence(rs); err != nil {
		return err
	}
	if roles := rs.AllocationRoles(); len(roles) > 1 {
		return mesos.Errorf(mesos.Invalid, "they are allocated to several roles: %q and %q", roles[0], roles[1])
	}
	return revocableOrNot(rs)
}

// validateResource checks one resource, beyond that it is well formed.
func validateResource(r resources.Resource) error {
	if r.Name == "gpus" && r.Scalar%mesos.OneScalar != 0 {
		return mesos.Errorf(mesos.Invalid, "gpus: %v is not a whole number", r.Scalar)
	}
	if err := validateDisk(r); err != nil {
		return mesos.Errorf(mesos.Invalid, "%s: %w", r, err)
	}
	if r.Revocable && r.IsDynamicallyReserved() {
		return mesos.Errorf(mesos.Invalid, "%s: revocable resources can't be reserved", r)
	}
	return nil
}

// validateDisk checks a persistent volume.
// https://mesos.apache.org/documentation/latest/persistent-volume/
func validateDisk(r resources.Resource) error {
	switch {
	case r.Disk == nil:
		return nil
	case r.Disk.Persistence == nil && r.Disk.Volume != nil:
		return mesos.Errorf(mesos.Invalid, "disk.volume: only a persistent volume can have one")
	case r.Disk.Persistence == nil && r.Disk.Source == nil:
		return mesos.Errorf(mesos.Invalid, "disk: it is set, but empty")
	case r.Disk.Persistence == nil:
		return nil
	case r.Revocable:
		return mesos.Errorf(mesos.Invalid, "disk.persistence: a persistent volume can't be of revocable resources")
	case !r.IsReserved():
		return mesos.Errorf(mesos.Invalid, "disk.persistence: a persistent volume can't be of unreserved resources")
	case r.Disk.Volume == nil:
		return mesos.Errorf(mesos.Invalid, "disk.volume: missing for a persistent volume")
	case r.Disk.Volume.HostPath != "":
		return mesos.Errorf(mesos.Invalid, "disk.volume.host_path: a persistent volume can't have one")
	}
	if err := mesos.ValidateID(r.Disk.Persistence.ID); err != nil {
		return mesos.Errorf(mesos.Invalid, "disk.persistence.id: %w", err)
	}
	return nil
}

// uniquePersistence: a persistence ID names one volume of a role on an agent.
func uniquePersistence(rs resources.Resources) error {
	volumes := rs.PersistentVolumes()
	if volumes.Len() < 2 {
		return nil
	}
	seen := make(map[[2]string]bool)
	for r := range volumes.All() {
		key := [2]string{r.ReservationRole(), r.Disk.Persistence.ID}
		if seen[key] {
			return mesos.Errorf(mesos.Invalid, "disk.persistence.id: %q is there twice", key[1])
		}
		seen[key] = true
	}
	return nil
}

// revocableOrNot: a container's cpus, say, are either revocable or not.
// https://mesos.apache.org/documentation/latest/oversubscription/
func revocableOrNot(rs resources.Resources) error {
	if rs.Revocable().IsEmpty() {
		return nil
	}
	for _, name := range rs.Names() {
		of := rs.Named(name)
		if revocable := of.Revocable().Len(); revocable > 0 && revocable < of.Len() {
			return mesos.Errorf(mesos.Invalid, "%s: revocable and other ones can't be used together", name)
		}
	}
	return nil
}
