//go:build !windows

package daemon

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/image"
	"github.com/mesosctl/mesosctl/agent/container/secret"
	"github.com/mesosctl/mesosctl/agent/machine"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// openImages opens the store of container images, if this agent is to have them.
func (a *Agent) openImages(core *agent.Config) error {
	c := &a.cfg.Images
	if docker := []string{"docker"}; c.Anyway && len(c.Providers) == 0 {
		if yes, err := image.CheckProviders(docker, a.cfg.Isolation); yes && err == nil {
			c.Providers, c.StoreDir = docker, filepath.Join(core.WorkDir, "store", "docker")
		}
	}
	yes, err := image.CheckProviders(c.Providers, a.cfg.Isolation)
	if err != nil || !yes {
		return err
	}
	gc, err := image.ParseGCConfig(c.GC)
	if err != nil {
		return err
	}
	var secrets image.Secrets
	if resolver, err := secret.Open(a.cfg.Volumes.SecretResolver); err != nil {
		return err
	} else if resolver != nil {
		secrets = resolver
	}
	a.images, err = image.New(image.Config{
		WorkDir: core.WorkDir, Registry: c.Registry, StoreDir: c.StoreDir, DockerConfig: c.DockerConfig, Backend: c.Backend,
		StallTimeout: a.cfg.FetcherStallTimeout, Secrets: secrets, GC: gc, BootID: machine.BootID(), Now: time.Now, Pulled: a.imagePulls.add, Log: a.log,
	})
	return err
}

// imagePulls is how long pulls of images took.
type imagePulls struct {
	mu   sync.Mutex
	took series
}

func (p *imagePulls) add(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took.add(time.Now(), took)
}

func (p *imagePulls) metrics() []httpapi.Metric {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.took.metrics("containerizer/mesos/provisioner/docker_store/image_pull_ms", time.Now())
}

// provisioner is the store as containers see it; nil without one.
func (a *Agent) provisioner() container.Images {
	if a.images == nil {
		return nil
	}
	return a.images
}

// watchImages removes images when the disk fills, if that was asked for.
func (a *Agent) watchImages(ctx context.Context) {
	if a.images != nil {
		a.group.Go(func() error { a.images.Watch(ctx); return nil })
	}
}

func (a *Agent) closeImages() error {
	if a.images == nil {
		return nil
	}
	return a.images.Close()
}

// imageAPI is the store as operators see it; nil without one.
func (a *Agent) imageAPI() httpapi.Images {
	if a.images == nil {
		return nil
	}
	return imageAPI{a.images}
}

type imageAPI struct{ images *image.Provisioner }

// Prune implements httpapi.Images.
func (i imageAPI) Prune(excluded []*mesospb.Image) error { return i.images.Prune(excluded) }

// Report implements httpapi.Images.
func (i imageAPI) Report() httpapi.ImageReport {
	report := httpapi.ImageReport{Images: []httpapi.ImageRecord{}, Pulls: []httpapi.ImagePull{}}
	for _, known := range i.images.Images() {
		report.Images = append(report.Images, httpapi.ImageRecord(known))
	}
	for _, pull := range i.images.Pulls() {
		report.Pulls = append(report.Pulls, httpapi.ImagePull{
			Container: pull.Container, Image: pull.Image, Layers: pull.Layers, LayersDone: pull.LayersDone,
			Bytes: pull.Bytes, BytesDone: pull.BytesDone,
		})
	}
	return report
}
