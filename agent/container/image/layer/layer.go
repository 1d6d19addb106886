// Package layer unpacks the layers of container images.
//
// A layer comes from somebody else. Whatever its archive says, nothing is
// written, followed or linked outside the directory that it is unpacked into:
// paths are walked one component at a time from an open directory, and symbolic
// links are resolved as they would be with that directory as the root.
package layer

import (
	"github.com/mesosctl/mesosctl/mesos"
)

// Form is how an unpacked layer says that something of the layers below it is gone.
type Form int

const (
	// Overlay is what overlayfs reads: character devices 0/0 instead of what is
	// gone, and the attribute trusted.overlay.opaque on directories that hide
	// what is below. It takes root.
	Overlay Form = iota
	// Plain keeps the files that layers have for it: ".wh.NAME" and ".wh..wh..opq".
	Plain
)

// Limits bound what a layer may unpack to.
type Limits struct {
	Entries int   // files, directories and so on
	Bytes   int64 // of the archive once it is decompressed, and of all files
}

// DefaultLimits are wide enough for any image that is meant well.
var DefaultLimits = Limits{Entries: 2_000_000, Bytes: 64 << 30}

const (
	// whiteout begins the name of a file that says that a file is gone.
	// See https://github.com/opencontainers/image-spec/blob/main/layer.md.
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
	// metadata begins the names of what aufs kept for itself.
	metadata = ".wh..wh."

	maxPath  = 4096 // bytes
	maxDepth = 512  // components
)

func invalid(format string, args ...any) error { return mesos.Errorf(mesos.Invalid, format, args...) }
