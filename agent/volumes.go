package agent

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// changeOfVolumes is what conversions mean for volumes. One that only changes its
// size stays where it is. The error says which ID can't name a directory.
func changeOfVolumes(operation uuid, conversions []resources.Conversion) (ChangeVolumes, error) {
	had, has := map[resources.VolumePath]bool{}, map[resources.VolumePath]bool{}
	for _, c := range conversions {
		for r := range c.Consumed.Add(c.Converted).All() {
			if !r.IsPersistentVolume() {
				continue
			}
			if err := mesos.ValidateID(r.Disk.Persistence.ID); err != nil {
				return ChangeVolumes{}, mesos.Errorf(mesos.Invalid, "volume %v: id: %w", r, err)
			}
		}
		noteVolumes(had, c.Consumed)
		noteVolumes(has, c.Converted)
	}
	change := ChangeVolumes{Operation: operation}
	for _, c := range conversions {
		change.Create = addVolumes(change.Create, c.Converted, had)
		change.Destroy = addVolumes(change.Destroy, c.Consumed, has)
	}
	return change, nil
}

func noteVolumes(set map[resources.VolumePath]bool, held resources.Resources) {
	for r := range held.All() {
		if r.IsPersistentVolume() {
			set[r.VolumePath()] = true
		}
	}
}

// addVolumes adds the volumes that are not in a set.
func addVolumes(list []resources.VolumePath, held resources.Resources, not map[resources.VolumePath]bool) []resources.VolumePath {
	for r := range held.All() {
		if r.IsPersistentVolume() && !not[r.VolumePath()] {
			list = append(list, r.VolumePath())
		}
	}
	return list
}
