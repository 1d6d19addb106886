package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// layout is a directory as
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md has it.
type layout struct{ dir string }

// resolveLayout finds an image in a layout. Its blobs are opened by path later:
// they are verified, so it doesn't matter whether somebody exchanges them.
func resolveLayout(ctx context.Context, root *os.Root, ref reference.Reference) (*Image, error) {
	file, err := root.Open("index.json")
	if err != nil {
		return nil, invalid("layout: %w", err)
	}
	defer file.Close()
	raw, err := readAll(file)
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(raw)
	if err != nil {
		return nil, err
	}
	from := layout{root.Name()}
	if ref.Digest != "" {
		if raw, err = verified(ctx, from, ref.Digest, true); err != nil {
			return nil, err
		}
		return resolve(ctx, from, raw)
	}
	named, err := choose(index, ref)
	if err != nil {
		return nil, err
	}
	if raw, err = verified(ctx, from, named.Digest.String(), true); err != nil {
		return nil, err
	}
	return resolve(ctx, from, raw)
}

// choose finds an image by the name that the index has for it; without any
// names there, and with one image only, that is it.
func choose(index *v1.IndexManifest, ref reference.Reference) (v1.Descriptor, error) {
	var named []string
	for _, d := range index.Manifests {
		for _, key := range []string{"org.opencontainers.image.ref.name", "io.containerd.image.name"} {
			name, ok := d.Annotations[key]
			if !ok {
				continue
			}
			if name == ref.String() || name == ref.Identifier() || name == ref.String()+":"+ref.Identifier() ||
				strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/") == ref.Repository+":"+ref.Identifier() {
				return d, nil
			}
			named = append(named, name)
		}
	}
	if len(named) == 0 && len(index.Manifests) > 0 {
		if len(index.Manifests) == 1 {
			return index.Manifests[0], nil
		}
		return pick(index)
	}
	return v1.Descriptor{}, mesos.Errorf(mesos.NotFound, "the layout has no image of that name: there is [%s]", strings.Join(named, " "))
}

func (l layout) document(_ context.Context, digest string, _ bool) ([]byte, error) {
	blob, err := l.open(context.Background(), digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return readAll(blob)
}

func (l layout) open(_ context.Context, digest string) (io.ReadCloser, error) {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	blob, err := root.Open(filepath.Join("blobs", strings.Replace(digest, ":", "/", 1)))
	if err != nil {
		return nil, mesos.Errorf(mesos.NotFound, "the layout has no such blob: %w", err)
	}
	return blob, nil
}
