//go:build !unix

package httpapi

import (
	"io/fs"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fileInfo describes a file at a virtual path.
func fileInfo(virtual string, info fs.FileInfo) *mesospb.FileInfo {
	return plainFileInfo(virtual, info)
}
