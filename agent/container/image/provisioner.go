package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/agent/container/image/rootfs"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
	"github.com/mesosctl/mesosctl/agent/container/image/store"
	"github.com/mesosctl/mesosctl/internal/turns"
	"github.com/mesosctl/mesosctl/internal/whole"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Provisioner makes images the root file systems of containers.
type Provisioner struct {
	config  Config
	agents  credential.Config
	source  source.Source
	store   *store.Store
	backend rootfs.Backend
	paths   rootfs.Paths
	turns   turns.Turns // with making and removing root file systems: mounts have one lock

	mu         sync.Mutex
	containers map[mesos.ContainerID]*provisioned
	// unknown are containers of an earlier agent that use who knows what layers.
	unknown map[mesos.ContainerID]bool
}

// provisioned is what was made for a container.
type provisioned struct {
	layers  []string // their root directories; they are pinned
	pulling []string // names of images that it waits for
}

var _ container.Images = (*Provisioner)(nil)

// Close ends pulls. What was made stays.
func (p *Provisioner) Close() error {
	err := p.store.Close()
	p.source.Close()
	return err
}

// Provision implements container.Images. A container can have several images:
// its own, and those of its volumes.
func (p *Provisioner) Provision(ctx context.Context, id mesos.ContainerID, image *mesospb.Image) (*container.Image, error) {
	request, err := p.parse(ctx, image)
	if err != nil {
		return nil, err
	}
	name := request.Ref.String()
	p.await(id, name)
	found, err := p.store.Get(ctx, request)
	p.arrived(id, name)
	if err != nil {
		return nil, err
	}
	defer found.Release()
	config, err := configOf(found.Config)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	if err := p.uses(id, found.Layers); err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	unique := uuid.NewString()
	root, scratch := p.paths.Root(id, p.backend.Name(), unique), p.scratch(id, p.backend.Name(), unique)
	done := p.turns.Take()
	ephemeral, err := p.backend.Provision(ctx, found.Layers, root, scratch)
	done()
	if err != nil {
		err = fmt.Errorf("image %s: root file system: %w", name, err)
		return nil, errors.Join(err, p.backend.Destroy(root, scratch))
	}
	return &container.Image{Root: root, Ephemeral: ephemeral, Config: config}, nil
}

func (p *Provisioner) scratch(id mesos.ContainerID, backend, root string) string {
	return filepath.Join(p.paths.Backend(id, backend), "scratch", root)
}

func (p *Provisioner) of(id mesos.ContainerID) *provisioned {
	c := p.containers[id]
	if c == nil {
		c = &provisioned{}
		p.containers[id] = c
	}
	return c
}

func (p *Provisioner) await(id mesos.ContainerID, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.of(id)
	c.pulling = append(c.pulling, name)
}

func (p *Provisioner) arrived(id mesos.ContainerID, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.of(id)
	if i := slices.Index(c.pulling, name); i >= 0 {
		c.pulling = slices.Delete(c.pulling, i, i+1)
	}
}

// uses writes down that a container uses layers, before it does.
func (p *Provisioner) uses(id mesos.ContainerID, layers []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.of(id)
	p.store.Pin(layers)
	c.layers = append(c.layers, layers...)
	data, err := json.Marshal(c.layers)
	if err != nil {
		return err
	}
	path := p.paths.Layers(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return whole.Replace(path, data, 0o600)
}

// Destroy implements container.Images: with a container goes what was made for
// those nested in it.
func (p *Provisioner) Destroy(_ context.Context, id mesos.ContainerID) error {
	p.mu.Lock()
	var all []mesos.ContainerID
	for other := range p.containers {
		if other == id || strings.HasPrefix(string(other), string(id)+".") {
			all = append(all, other)
		}
	}
	p.mu.Unlock()
	slices.Sort(all)
	slices.Reverse(all) // nested ones first
	for _, id := range all {
		if err := p.destroy(id); err != nil {
			return err
		}
	}
	return nil
}

func (p *Provisioner) destroy(id mesos.ContainerID) error {
	made, err := p.paths.Roots(id)
	if err != nil {
		return fmt.Errorf("images: container %s: %w", id, err)
	}
	defer p.turns.Take()()
	for _, m := range made {
		backend := rootfs.ByName(m.Backend)
		if backend == nil {
			return mesos.Errorf(mesos.Internal, "images: container %s: no backend %q to remove its root file system", id, m.Backend)
		}
		if err := backend.Destroy(p.paths.Root(id, m.Backend, m.Root), p.scratch(id, m.Backend, m.Root)); err != nil {
			return fmt.Errorf("images: container %s: %w", id, err)
		}
	}
	if err := os.RemoveAll(p.paths.Container(id)); err != nil {
		return fmt.Errorf("images: container %s: %w", id, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A container that it is nested in need not have anything of its own.
	for above := id; above.Parent() != ""; above = above.Parent() {
		if os.Remove(filepath.Dir(p.paths.Container(above))) != nil || os.Remove(p.paths.Container(above.Parent())) != nil {
			break // there is more in it, or it is gone
		}
	}
	if c := p.containers[id]; c != nil {
		p.store.Unpin(c.layers)
		delete(p.containers, id)
	}
	delete(p.unknown, id)
	return nil
}

// Recover implements container.Images.
func (p *Provisioner) Recover(ids []mesos.ContainerID) error {
	known := map[mesos.ContainerID]bool{}
	for _, id := range ids {
		for ; id != ""; id = id.Parent() { // what a container is nested in stays with it
			known[id] = true
		}
	}
	all, err := p.paths.Containers()
	if err != nil {
		return fmt.Errorf("images: recover: %w", err)
	}
	slices.Reverse(all) // nested ones first
	for _, id := range all {
		if !known[id] {
			p.config.Log.Info("removing what was made for a container that is gone", "container", id)
			if err := p.destroy(id); err != nil {
				return err
			}
			continue
		}
		p.takeOver(id)
	}
	return nil
}

// takeOver takes in a container that goes on.
func (p *Provisioner) takeOver(id mesos.ContainerID) {
	data, err := os.ReadFile(p.paths.Layers(id))
	var layers []string
	if err == nil {
		err = json.Unmarshal(data, &layers)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.of(id)
	if err == nil {
		p.store.Pin(layers)
		c.layers = layers
		return
	}
	if made, failed := p.paths.Roots(id); failed != nil || len(made) > 0 {
		p.config.Log.Warn("nobody knows which layers a container uses; no image is removed before it ends", "container", id, "err", err)
		p.unknown[id] = true
	} else if !errors.Is(err, fs.ErrNotExist) {
		p.config.Log.Warn("what an agent wrote down of a container's layers is lost", "container", id, "err", err)
	}
}

// Prune removes all images but those that are excluded, by whoever asks or by
// --image_gc_config, and no layer that a container uses.
// See https://mesos.apache.org/documentation/latest/operator-http-api/#prune_images.
func (p *Provisioner) Prune(excluded []*mesospb.Image) error {
	if p.config.GC != nil {
		excluded = slices.Concat(excluded, p.config.GC.Excluded)
	}
	var stay []reference.Reference
	for _, image := range excluded {
		if image.GetType() != mesospb.Image_DOCKER {
			continue // there are no others
		}
		ref, err := reference.Parse(image.GetDocker().GetName())
		if err != nil {
			return fmt.Errorf("prune images: excluded: %w", err)
		}
		stay = append(stay, ref)
	}
	p.mu.Lock()
	for id := range p.unknown {
		p.mu.Unlock()
		return mesos.Errorf(mesos.Conflict, "prune images: nobody knows which layers container %s uses", id)
	}
	p.mu.Unlock()
	if err := p.store.Prune(stay); err != nil {
		return fmt.Errorf("prune images: %w", err)
	}
	return nil
}

// Pull is a container that waits for an image.
type Pull struct {
	Container mesos.ContainerID `json:"container"`
	store.Progress
}

// Pulls lists the containers that wait for images, and how far those are.
func (p *Provisioner) Pulls() []Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Pull
	for id, c := range p.containers {
		for _, name := range c.pulling {
			progress, ok := p.store.ProgressOf(name)
			if !ok {
				progress.Image = name
			}
			all = append(all, Pull{id, progress})
		}
	}
	slices.SortFunc(all, func(a, b Pull) int {
		return strings.Compare(string(a.Container)+a.Image, string(b.Container)+b.Image)
	})
	return all
}

// Images lists the images that are here.
func (p *Provisioner) Images() []store.Known { return p.store.Images() }
