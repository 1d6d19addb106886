package disk

import (
	"cmp"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// quota is how much of a disk a container was given in one place: its sandbox, or
// a volume.
type quota struct {
	// dir is the volume on the host; empty is the sandbox, and what the container
	// writes elsewhere in its image.
	dir       string
	limit     mesos.Bytes
	resources []*mesospb.Resource
	// disk is of the volume.
	disk *mesospb.Resource_DiskInfo
}

// enforced reports whether anybody but the file system has to hold a quota.
func (q *quota) enforced() bool {
	return q.disk.GetSource().GetType() != mesospb.Resource_DiskInfo_Source_MOUNT
}

// quotas are what resources mean, the sandbox's first and the others by place. A
// container that has no disk for its sandbox has no quota there.
func quotas(workDir string, resources []*mesospb.Resource) ([]*quota, error) {
	var list []*quota
	for _, r := range resources {
		if r.GetName() != "disk" || r.GetScalar() == nil {
			continue
		}
		var dir string
		if r.GetDisk().GetVolume() != nil && r.GetDisk().GetPersistence() != nil {
			v, err := convert.Resource(r)
			if err != nil {
				return nil, err
			}
			dir = v.VolumePath().In(workDir)
		}
		i := slices.IndexFunc(list, func(q *quota) bool { return q.dir == dir })
		if i < 0 {
			i = len(list)
			list = append(list, &quota{dir: dir})
			if dir != "" {
				list[i].disk = r.GetDisk()
			}
		} else if dir != "" {
			continue // shared by tasks of one executor
		}
		const bytesPerMB = 1 << 20
		list[i].limit += mesos.Bytes(r.GetScalar().GetValue() * bytesPerMB)
		list[i].resources = append(list[i].resources, r)
	}
	slices.SortFunc(list, func(a, b *quota) int { return cmp.Compare(a.dir, b.dir) })
	return list, nil
}

// statistics tells of a volume.
func (q *quota) statistics(used *uint64) *mesospb.DiskStatistics {
	limit := uint64(q.limit)
	return &mesospb.DiskStatistics{
		Source: q.disk.GetSource(), Persistence: q.disk.GetPersistence(), LimitBytes: &limit, UsedBytes: used,
	}
}

// place is what to call the quota's place in a sentence.
func (q *quota) place() string {
	if id := q.disk.GetPersistence().GetId(); id != "" {
		return " of volume " + id
	}
	return ""
}
