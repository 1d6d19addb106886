//go:build !windows

package contexts

import "io/fs"

// open reports whether everybody can read a file.
func open(info fs.FileInfo) bool { return info.Mode().Perm()&0o004 != 0 }
