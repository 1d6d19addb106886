// Package build says which build of the program this is.
package build

import "runtime/debug"

// Version and Commit are set by the linker (see Makefile).
var (
	Version = "dev"
	Commit  = ""
)

// Revision is the commit that the program was built from, if that is known.
func Revision() string {
	if Commit != "" {
		return Commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return ""
}
