package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// registry is all registries: names of images say which, or it is the default.
// See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
type registry struct {
	host      string // of images whose names have none
	plain     bool   // it speaks http
	transport *watched
}

func newRegistry(host string, plain bool, options Options) *registry {
	r := &registry{host: host, plain: plain}
	r.transport = newTransport(options.StallTimeout, func(host string) bool {
		scheme, err := reference.Scheme(host)
		return err == nil && scheme == "http" || plain && host == r.host
	})
	return r
}

func (r *registry) Close() { r.transport.base.CloseIdleConnections() }

// Resolve implements Source.
func (r *registry) Resolve(ctx context.Context, ref reference.Reference, as credential.Config) (*Image, error) {
	repository, err := r.repository(ref)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", ref, err)
	}
	auth := authn.Anonymous
	if config, ok := as.For(repository.RegistryStr()); ok {
		auth = authn.FromConfig(config)
	}
	puller, err := remote.NewPuller(remote.WithTransport(r.transport), remote.WithAuth(auth), remote.WithUserAgent("mesosctl"))
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", ref, err)
	}
	from := &pulled{repository, puller}
	raw, err := from.manifest(ctx, ref)
	if err == nil {
		var image *Image
		if image, err = resolve(ctx, from, raw); err == nil {
			return image, nil
		}
	}
	return nil, fmt.Errorf("image %s: registry %s: %w", ref, repository.RegistryStr(), explain(err))
}

// repository is where the registry has an image. Docker's own registry has
// those without a directory in "library".
func (r *registry) repository(ref reference.Reference) (name.Repository, error) {
	host, plain := ref.Registry, false
	if host == "" || host == r.host {
		host, plain = r.host, r.plain
	}
	if scheme, err := reference.Scheme(host); err != nil {
		return name.Repository{}, err
	} else if scheme == "http" {
		plain = true
	}
	var options []name.Option
	if plain {
		options = append(options, name.Insecure)
	}
	reg, err := name.NewRegistry(host, options...)
	if err != nil {
		return name.Repository{}, mesos.Errorf(mesos.Invalid, "%w", err)
	}
	path := ref.Repository
	if bare, _, _ := strings.Cut(host, ":"); reference.IsDockerHub(bare) && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return reg.Repo(path), nil
}

// pulled is one repository, asked as somebody.
type pulled struct {
	repository name.Repository
	puller     *remote.Puller
}

// manifest reads what a name stands for, verified if it has a digest.
func (p *pulled) manifest(ctx context.Context, ref reference.Reference) ([]byte, error) {
	if ref.Digest != "" {
		return verified(ctx, p, ref.Digest, true)
	}
	described, err := p.puller.Get(ctx, p.repository.Tag(ref.Identifier()))
	if err != nil {
		return nil, err
	}
	if len(described.Manifest) > maxDocument {
		return nil, invalid("a manifest of %d bytes, the limit is %d", len(described.Manifest), maxDocument)
	}
	return described.Manifest, nil
}

func (p *pulled) document(ctx context.Context, digest string, manifest bool) ([]byte, error) {
	if manifest {
		described, err := p.puller.Get(ctx, p.repository.Digest(digest))
		if err != nil {
			return nil, err
		}
		return described.Manifest, nil
	}
	blob, err := p.open(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return readAll(blob)
}

func (p *pulled) open(ctx context.Context, digest string) (io.ReadCloser, error) {
	layer, err := p.puller.Layer(ctx, p.repository.Digest(digest))
	if err != nil {
		return nil, explain(err)
	}
	blob, err := layer.Compressed()
	if err != nil {
		return nil, explain(err)
	}
	return explained{blob}, nil
}

// explained is a blob whose errors have kinds.
type explained struct{ io.ReadCloser }

func (e explained) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(err)
	}
	return n, err
}

// explain gives an error of the library a kind.
func explain(err error) error {
	if mesos.KindOf(err) != mesos.Internal {
		return err
	}
	var refused *transport.Error
	var network net.Error
	switch {
	case errors.As(err, &refused):
		switch refused.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return mesos.Errorf(mesos.Forbidden, "not authorized: %w", err)
		case http.StatusNotFound:
			return mesos.Errorf(mesos.NotFound, "there is none: %w", err)
		case http.StatusTooManyRequests:
			return mesos.Errorf(mesos.Throttled, "too many requests: %w", err)
		}
		return mesos.Errorf(mesos.Unavailable, "%w", err)
	case strings.Contains(err.Error(), "does not match requested digest"), strings.Contains(err.Error(), "error verifying"):
		// The library has no types for these.
		return mesos.Errorf(mesos.Invalid, "not what was asked for was sent: %w", err)
	case errors.As(err, &network):
		return mesos.Errorf(mesos.Unavailable, "%w", err)
	}
	return err
}
