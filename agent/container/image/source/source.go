// Package source finds images: in registries, in directories of archives that
// `docker save` wrote, and in OCI layouts.
package source

import (
	"context"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// Image is what is known of an image before any of its layers is here.
type Image struct {
	// Digest is that of the manifest; of the configuration if there is none.
	Digest string
	// Config is the image's configuration, JSON of the OCI image specification.
	Config []byte
	Layers []Layer // the lowest first
}

// Layer is one layer, to be had.
type Layer struct {
	// DiffID is the digest of the layer's archive, decompressed.
	DiffID string
	// Digest and Size (bytes) are those of what Open reads; empty and 0 if only
	// DiffID is known.
	Digest string
	Size   int64
	// Open begins to read the layer, compressed or not. What is read is not verified.
	Open func(context.Context) (io.ReadCloser, error)
}

// Source is where images come from.
type Source interface {
	// Resolve finds an image. What it returns was verified: the manifest against
	// the digest of the reference, if it has one, and the configuration against
	// the manifest. Errors name the image; their kind is mesos.NotFound if there
	// is none of that name, mesos.Forbidden if who asks may not have it,
	// mesos.Invalid if it is broken and mesos.Unavailable or mesos.TimedOut if
	// the source can't be reached.
	Resolve(ctx context.Context, ref reference.Reference, as credential.Config) (*Image, error)
	// Close gives back connections.
	Close()
}

// Docker is the registry of images whose names have none.
const Docker = "https://registry-1.docker.io"

// Options say how to reach sources.
type Options struct {
	// StallTimeout is how long a registry may send nothing.
	StallTimeout time.Duration
}

// New makes the source that --docker_registry names: the URL of a registry, for
// images whose names have none, or the absolute path of a directory for all images.
// See https://mesos.apache.org/documentation/latest/container-image/.
func New(value string, options Options) (Source, error) {
	if value == "" {
		value = Docker
	}
	if filepath.IsAbs(value) {
		return &directory{path: filepath.Clean(value)}, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "hdfs" {
		return nil, mesos.Errorf(mesos.Invalid, "docker registry: %q is neither a URL nor an absolute path", value)
	}
	switch u.Scheme {
	case "http", "https":
	case "hdfs":
		return nil, mesos.Errorf(mesos.Unsupported, "docker registry: %s: this agent has no HDFS client; copy the archives to a directory", value)
	default:
		return nil, mesos.Errorf(mesos.Unsupported, "docker registry: %s: http and https are spoken, not %s", value, u.Scheme)
	}
	if path := strings.Trim(u.Path, "/"); path != "" && path != "v2" || u.RawQuery != "" || u.User != nil {
		return nil, mesos.Errorf(mesos.Invalid, "docker registry: %s: has more than a host and a port", value)
	}
	if _, _, err := reference.SplitRegistry(u.Host); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "docker registry: %w", err)
	}
	return newRegistry(u.Host, u.Scheme == "http", options), nil
}

// Name is how a layer is called in messages: by its digest, or else its diff ID.
func (l Layer) Name() string {
	if l.Digest != "" {
		return l.Digest
	}
	return l.DiffID
}
