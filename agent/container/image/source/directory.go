package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// directory has images as files: an OCI layout, or for each image NAME the
// archive NAME.tar or the layout NAME. Paths don't leave it, by links neither.
type directory struct{ path string }

func (d *directory) Close() {}

// Resolve implements Source.
func (d *directory) Resolve(ctx context.Context, ref reference.Reference, _ credential.Config) (*Image, error) {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, mesos.Errorf(mesos.Unavailable, "image %s: %w", ref, err)
	}
	defer root.Close()
	image, err := find(ctx, root, ref)
	if err != nil {
		return nil, fmt.Errorf("image %s: %s: %w", ref, d.path, err)
	}
	return image, nil
}

// layoutFile marks an OCI layout.
const layoutFile = "oci-layout"

func find(ctx context.Context, root *os.Root, ref reference.Reference) (*Image, error) {
	if _, err := root.Stat(layoutFile); err == nil {
		return resolveLayout(ctx, root, ref)
	}
	for _, name := range spellings(ref) {
		image, err := openArchive(root, name+".tar", ref)
		if !errors.Is(err, fs.ErrNotExist) {
			return image, err
		}
		if _, err := root.Stat(name + "/" + layoutFile); err == nil {
			layout, err := root.OpenRoot(name)
			if err != nil {
				return nil, err
			}
			defer layout.Close()
			return resolveLayout(ctx, layout, ref)
		}
	}
	return nil, mesos.Errorf(mesos.NotFound, "no archive %s.tar and no OCI layout %s", ref, ref)
}

// spellings are the names that an image's file may have: as it was asked for,
// and with the tag "latest" or without it.
func spellings(ref reference.Reference) []string {
	names := []string{ref.String()}
	if ref.Digest == "" {
		other := ref
		switch ref.Tag {
		case "":
			other.Tag = "latest"
		case "latest":
			other.Tag = ""
		default:
			return names
		}
		names = append(names, other.String())
	}
	return names
}
