package rootfs

import "path/filepath"

// What the overlay backend has in its scratch directory.
const (
	upperDir = "upperdir"
	workDir  = "workdir"
)

// Ephemeral are the directories that a root file system of a backend grows in, as
// its Provision returned them.
func Ephemeral(backend, root, scratch string) []string {
	switch backend {
	case "overlay":
		return []string{filepath.Join(scratch, upperDir), filepath.Join(scratch, workDir)}
	case "copy":
		return []string{root}
	}
	return nil
}
