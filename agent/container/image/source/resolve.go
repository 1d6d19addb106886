package source

import (
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blobs reads what is stored by its digest.
type blobs interface {
	// document reads a manifest or, if it is not one, a configuration. It is not verified.
	document(ctx context.Context, digest string, manifest bool) ([]byte, error)
	open(ctx context.Context, digest string) (io.ReadCloser, error)
}

// maxIndexes is how deep an index of indexes may be.
const maxIndexes = 3

// resolve follows a document, whose digest was verified if it was known, to an
// image for this machine.
func resolve(ctx context.Context, from blobs, raw []byte) (*Image, error) {
	digest := digestOf(raw)
	for depth := 0; isIndex(raw); depth++ {
		if depth == maxIndexes {
			return nil, invalid("index: more than %d of them lead to each other", maxIndexes)
		}
		index, err := parseIndex(raw)
		if err != nil {
			return nil, err
		}
		child, err := pick(index)
		if err != nil {
			return nil, err
		}
		digest = child.Digest.String()
		if raw, err = verified(ctx, from, digest, true); err != nil {
			return nil, err
		}
	}
	return resolveManifest(ctx, from, digest, raw)
}

func resolveManifest(ctx context.Context, from blobs, digest string, raw []byte) (*Image, error) {
	var manifest *v1.Manifest
	manifest, err := parseManifest(raw)
	if err != nil {
		return nil, err
	}
	config, err := verified(ctx, from, manifest.Config.Digest.String(), false)
	if err != nil {
		return nil, err
	}
	image, err := assemble(digest, manifest, config)
	if err != nil {
		return nil, err
	}
	for i := range image.Layers {
		layer := &image.Layers[i]
		layer.Open = func(ctx context.Context) (io.ReadCloser, error) { return from.open(ctx, layer.Digest) }
	}
	return image, nil
}

// verified reads a document that is what its digest says.
func verified(ctx context.Context, from blobs, digest string, manifest bool) ([]byte, error) {
	document, err := from.document(ctx, digest, manifest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", digest, err)
	}
	return document, verify(document, digest)
}

// readAll reads a document that isn't too large to be one.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = invalid("more than %d bytes, which no manifest or configuration has", maxDocument)
	}
	return data, err
}
