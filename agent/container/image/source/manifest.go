package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// maxDocument bounds manifests and configurations: registries take no larger ones.
	maxDocument = 8 << 20
	// maxLayers is what overlayfs can be asked for by mount(2).
	maxLayers = 240
)

func invalid(format string, args ...any) error { return mesos.Errorf(mesos.Invalid, format, args...) }

// digestOf is the digest of a document.
func digestOf(document []byte) string {
	sum := sha256.Sum256(document)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// verify compares a document with the digest that it was asked for by.
func verify(document []byte, digest string) error {
	if got := digestOf(document); got != digest {
		return invalid("%s is not what was sent: that is %s", digest, got)
	}
	return nil
}

// parseManifest reads the manifest of an image, Docker's (version 2, schema 2)
// or OCI's, and checks all that is used of it.
func parseManifest(raw []byte) (*v1.Manifest, error) {
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, invalid("manifest: not JSON of a manifest: %w", err)
	}
	switch {
	case m.SchemaVersion == 1:
		return nil, mesos.Errorf(mesos.Unsupported, "manifest: schema 1 is too old; push the image again with a newer Docker")
	case m.SchemaVersion != 2:
		return nil, invalid("manifest: schemaVersion is %d, not 2", m.SchemaVersion)
	case m.MediaType != "" && !m.MediaType.IsImage():
		return nil, invalid("manifest: %q is no image", m.MediaType)
	case m.Config.MediaType != "" && !m.Config.MediaType.IsConfig():
		return nil, invalid("manifest: its configuration is %q: this is no image of a container", m.Config.MediaType)
	case len(m.Layers) == 0:
		return nil, invalid("manifest: no layers")
	case len(m.Layers) > maxLayers:
		return nil, invalid("manifest: %d layers, the limit is %d", len(m.Layers), maxLayers)
	case m.Config.Size > maxDocument:
		return nil, invalid("manifest: a configuration of %d bytes, the limit is %d", m.Config.Size, maxDocument)
	}
	for _, d := range append([]v1.Descriptor{m.Config}, m.Layers...) {
		if err := checkDescriptor(d); err != nil {
			return nil, err
		}
	}
	for _, layer := range m.Layers {
		if !layer.MediaType.IsDistributable() {
			return nil, mesos.Errorf(mesos.Unsupported, "manifest: layer %s is not distributed with the image", layer.Digest)
		}
	}
	return m, nil
}

func checkDescriptor(d v1.Descriptor) error {
	if d.Digest.Algorithm != "sha256" || d.Size < 0 {
		return invalid("manifest: digest %q of %d bytes: not sha256 of something", d.Digest, d.Size)
	}
	return nil
}

// configuration is the part of an image's configuration that is used here.
type configuration struct {
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// parseConfig reads which layers a configuration is of.
func parseConfig(raw []byte, layers int) ([]string, error) {
	var c configuration
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, invalid("configuration: not JSON of a configuration: %w", err)
	}
	if c.RootFS.Type != "layers" {
		return nil, invalid("configuration: rootfs is of type %q, not \"layers\"", c.RootFS.Type)
	}
	if len(c.RootFS.DiffIDs) != layers {
		return nil, invalid("configuration: %d layers, and %d in the manifest", len(c.RootFS.DiffIDs), layers)
	}
	for _, id := range c.RootFS.DiffIDs {
		if hash, err := v1.NewHash(id); err != nil || hash.Algorithm != "sha256" {
			return nil, invalid("configuration: layer %q is not sha256:<64 hex digits>", id)
		}
	}
	return c.RootFS.DiffIDs, nil
}

// isIndex reports whether a document lists images instead of being one.
func isIndex(raw []byte) bool {
	var probe struct {
		MediaType types.MediaType   `json:"mediaType"`
		Manifests []json.RawMessage `json:"manifests"`
		Layers    []json.RawMessage `json:"layers"`
	}
	return json.Unmarshal(raw, &probe) == nil && (probe.MediaType.IsIndex() || probe.MediaType == "" && probe.Manifests != nil && probe.Layers == nil)
}

// parseIndex reads a list of images.
func parseIndex(raw []byte) (*v1.IndexManifest, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, invalid("index: not JSON of an index: %w", err)
	}
	if index.SchemaVersion != 2 {
		return nil, invalid("index: schemaVersion is %d, not 2", index.SchemaVersion)
	}
	for _, d := range index.Manifests {
		if err := checkDescriptor(d); err != nil {
			return nil, err
		}
	}
	return index, nil
}

// pick chooses the image for this machine.
func pick(index *v1.IndexManifest) (v1.Descriptor, error) {
	var has []string
	for _, d := range index.Manifests {
		switch p := d.Platform; {
		case p == nil:
			if len(index.Manifests) == 1 {
				return d, nil
			}
		case p.OS == "linux" && p.Architecture == runtime.GOARCH:
			return d, nil
		default:
			has = append(has, p.OS+"/"+p.Architecture)
		}
	}
	return v1.Descriptor{}, mesos.Errorf(mesos.NotFound, "no image for linux/%s: there is [%s]", runtime.GOARCH, strings.Join(has, " "))
}

// assemble puts together what is known of an image.
func assemble(digest string, m *v1.Manifest, config []byte) (*Image, error) {
	ids, err := parseConfig(config, len(m.Layers))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Config.Digest, err)
	}
	image := &Image{Digest: digest, Config: config}
	for i, layer := range m.Layers {
		image.Layers = append(image.Layers, Layer{DiffID: ids[i], Digest: layer.Digest.String(), Size: layer.Size})
	}
	return image, nil
}
