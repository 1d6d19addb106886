package resources

import (
	"path"
	"strings"
)

// VolumePath is where on an agent a persistent volume lies, as Mesos has it. See
// https://mesos.apache.org/documentation/latest/persistent-volume/ and
// .../multiple-disk/.
type VolumePath struct {
	// Root is the disk: empty is the agent's work directory, to which a relative
	// path is relative.
	Root string
	// Path is the volume's directory below Root; empty means that Root itself is
	// the volume, as on a MOUNT disk, and stays when the volume is destroyed.
	Path string
}

// In is the path for an agent with that work directory.
func (v VolumePath) In(workDir string) string {
	if path.IsAbs(v.Root) {
		return path.Join(v.Root, v.Path)
	}
	return path.Join(workDir, v.Root, v.Path)
}

// VolumePath is where a persistent volume lies. A role's slashes become blanks,
// which no role has. The ID must be one that mesos.ValidateID accepts.
func (r Resource) VolumePath() VolumePath {
	dir := "volumes/roles/" + strings.ReplaceAll(r.ReservationRole(), "/", " ") + "/" + r.Disk.Persistence.ID
	source := r.Disk.Source
	switch {
	case source == nil:
		return VolumePath{Path: dir}
	case source.Type == SourceMount:
		return VolumePath{Root: source.Root}
	}
	return VolumePath{Root: source.Root, Path: dir}
}
