// Package image gives containers root file systems of images: it pulls them,
// keeps them, and stacks their layers.
package image

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/agent/container/image/rootfs"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
	"github.com/mesosctl/mesosctl/agent/container/image/store"
	"github.com/mesosctl/mesosctl/internal/turns"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Config is what a Provisioner is made with. Flags are those of an agent; see
// https://mesos.apache.org/documentation/latest/container-image/.
type Config struct {
	WorkDir      string        // --work_dir
	Registry     string        // --docker_registry
	StoreDir     string        // --docker_store_dir
	DockerConfig string        // --docker_config
	Backend      string        // --image_provisioner_backend
	StallTimeout time.Duration // --fetcher_stall_timeout
	Secrets      Secrets       // what resolves credentials by reference; nil: nothing does
	GC           *GCConfig     // --image_gc_config; nil: images are removed when somebody asks
	BootID       string        // tells one boot of the machine from another
	Now          func() time.Time
	Pulled       func(took time.Duration) // is told of each pull; may be nil
	Log          *slog.Logger
}

// Secrets finds secrets that are given by reference; see package secret.
type Secrets interface {
	Resolve(ctx context.Context, name, key string) ([]byte, error)
}

// DefaultStoreDir is --docker_store_dir's default.
const DefaultStoreDir = "/tmp/mesos/store/docker"

// appcIsGone is the answer to whoever asks for an Appc image.
const appcIsGone = "Appc images: no registry serves them any more; push the image to a Docker registry"

// CheckProviders checks --image_providers, and that --isolation has what images
// need, and reports whether there are images at all.
// See https://mesos.apache.org/documentation/latest/container-image/#configure-the-agent.
func CheckProviders(providers, isolation []string) (bool, error) {
	docker := false
	for _, provider := range providers {
		switch strings.ToLower(strings.TrimSpace(provider)) {
		case "docker":
			docker = true
		case "appc":
			return false, mesos.Errorf(mesos.Unsupported, "image_providers: %s", appcIsGone)
		default:
			return false, mesos.Errorf(mesos.Invalid, "image_providers: %q: there is docker", provider)
		}
	}
	if !docker {
		return false, nil
	}
	for _, needed := range []string{"filesystem/linux", "docker/runtime"} {
		if !slices.Contains(isolation, needed) {
			return false, mesos.Errorf(mesos.Invalid, "image_providers: docker needs %s in --isolation", needed)
		}
	}
	return true, nil
}

// New makes a Provisioner. The store is its own; it refuses what doesn't work here.
func New(config Config) (*Provisioner, error) {
	if config.StoreDir == "" {
		config.StoreDir = DefaultStoreDir
	}
	agents, err := credential.Load(config.DockerConfig)
	if err != nil {
		return nil, err
	}
	from, err := source.New(config.Registry, source.Options{StallTimeout: config.StallTimeout})
	if err != nil {
		return nil, err
	}
	paths := rootfs.PathsOf(config.WorkDir)
	made := filepath.Join(config.WorkDir, "provisioner", "containers")
	for _, dir := range []string{config.StoreDir, filepath.Dir(made), made} {
		// Nobody else may walk in: programs with the set-user-ID bit are in there.
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
	}
	backend, err := rootfs.Choose(config.Backend, config.StoreDir, filepath.Dir(made))
	if err != nil {
		return nil, err
	}
	images, err := store.Open(store.Config{
		Dir: config.StoreDir, Source: from, Form: backend.Form(), BootID: config.BootID, Now: config.Now, Pulled: config.Pulled, Log: config.Log,
	})
	if err != nil {
		return nil, err
	}
	config.Log.Info("images", "backend", backend.Name(), "store", config.StoreDir)
	return &Provisioner{
		config: config, agents: agents, source: from, store: images, backend: backend, paths: paths, turns: turns.New(0),
		containers: map[mesos.ContainerID]*provisioned{}, unknown: map[mesos.ContainerID]bool{},
	}, nil
}

// parse reads which image is meant, and as whom to pull it.
func (p *Provisioner) parse(ctx context.Context, image *mesospb.Image) (store.Request, error) {
	var request store.Request
	switch {
	case image.Type == nil:
		return request, mesos.Errorf(mesos.Invalid, "image: no type")
	case image.GetType() != mesospb.Image_DOCKER:
		return request, mesos.Errorf(mesos.Unsupported, "image %s: %s", image.GetAppc().GetName(), appcIsGone)
	}
	docker := image.GetDocker()
	ref, err := reference.Parse(docker.GetName())
	if err != nil {
		return request, err
	}
	as, who, err := p.credentials(ctx, docker)
	if err != nil {
		return request, fmt.Errorf("image %s: %w", ref, err)
	}
	return store.Request{Ref: ref, Cached: image.GetCached(), As: as.Over(p.agents), Who: who}, nil
}

// credentials are those that come with an image, and what tells them from others.
func (p *Provisioner) credentials(ctx context.Context, docker *mesospb.Image_Docker) (as credential.Config, who string, err error) {
	if secret := docker.GetConfig(); secret != nil {
		data := secret.GetValue().GetData()
		if secret.GetType() == mesospb.Secret_REFERENCE {
			if p.config.Secrets == nil {
				return as, "", mesos.Errorf(mesos.Unsupported, "config: a secret by reference: this agent has nothing that resolves it (--secret_resolver)")
			}
			if data, err = p.config.Secrets.Resolve(ctx, secret.GetReference().GetName(), secret.GetReference().GetKey()); err != nil {
				return as, "", fmt.Errorf("config: %w", err)
			}
		}
		as, err = credential.Parse(data)
		return as, string(data), err
	}
	if c := docker.GetCredential(); c != nil {
		as = credential.Of(c.GetPrincipal(), c.GetSecret())
		return as, c.GetPrincipal() + "\x00" + c.GetSecret(), nil
	}
	return as, "", nil
}

// configOf reads what an image says of the process to run.
func configOf(raw []byte) (container.ImageConfig, error) {
	var document struct {
		Config container.ImageConfig `json:"config"`
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return container.ImageConfig{}, mesos.Errorf(mesos.Invalid, "configuration: %w", err)
	}
	return document.Config, nil
}
