// Package store keeps images on disk: their layers, unpacked, and what is known
// of them. Layers are kept by the digests of their contents and shared by all
// images and containers that have them.
//
// A directory has, as Mesos has it:
//
//	layers/<digest>/rootfs           a layer whose whiteouts are files
//	layers/<digest>/rootfs.overlay   a layer whose whiteouts are overlayfs's
//	images/<hash of the name>.json   what is known of an image
//	staging/                         what is being made
//	gc/                              what is being removed
//
// What is in layers and images got there by a rename when it was whole.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
	"github.com/mesosctl/mesosctl/mesos"
)

// Config is what a Store is made with.
type Config struct {
	// Dir is --docker_store_dir, which no other agent may use.
	Dir    string
	Source source.Source
	// Form is how layers are unpacked.
	Form layer.Form
	// Limits bound each layer; zero: layer.DefaultLimits.
	Limits layer.Limits
	// Parallel is how many layers are downloaded at once; 0: DefaultParallel.
	Parallel int
	// BootID tells one boot of the machine from another.
	BootID string
	Now    func() time.Time
	// Pulled is told how long each pull took, also one that failed; nil: nobody is.
	Pulled func(took time.Duration)
	Log    *slog.Logger
}

// DefaultParallel is how many layers are downloaded at once, of all images together.
const DefaultParallel = 4

// Store is images on disk.
type Store struct {
	config Config
	lock   *os.File
	slots  chan struct{} // of downloads

	images flights[*record]
	layers flights[struct{}]

	background sync.WaitGroup // of removals and syncs
	removed    atomic.Int64   // for names in gc

	mu      sync.Mutex
	records map[string]*record // by name
	pins    map[string]int     // by digest of layers that must stay
	pulls   map[*pull]struct{}
	active  map[string]*atomic.Int64 // bytes of layers that are being downloaded
}

// Image is an image that is here. Its layers stay until it is released.
type Image struct {
	Name   string
	Digest string   // of its manifest
	Config []byte   // JSON of the OCI image specification
	Layers []string // their root directories, the lowest first
	store  *Store
}

// Release lets go of the layers.
func (i *Image) Release() { i.store.Unpin(i.Layers) }

// Request asks for an image.
type Request struct {
	Ref reference.Reference
	// Cached takes an image of that name that is here already, and does not ask
	// for a newer one.
	Cached bool
	As     credential.Config
	// Who tells one set of credentials from another: pulls are shared among equals.
	Who string
}

// Open opens a store, which it makes if it isn't there, and removes what an
// agent that was killed left half made.
func Open(config Config) (*Store, error) {
	if config.Limits == (layer.Limits{}) {
		config.Limits = layer.DefaultLimits
	}
	if config.Parallel == 0 {
		config.Parallel = DefaultParallel
	}
	s := &Store{
		config: config, slots: make(chan struct{}, config.Parallel),
		records: map[string]*record{}, pins: map[string]int{}, pulls: map[*pull]struct{}{}, active: map[string]*atomic.Int64{},
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("image store: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return err
	}
	var err error
	if s.lock, err = lockDir(s.config.Dir); err != nil {
		return err
	}
	for _, dir := range []string{layersDir, imagesDir, stagingDir, gcDir} {
		// Nobody else may walk in: programs with the set-user-ID bit are in there.
		if err := os.Mkdir(s.path(dir), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return errors.Join(err, s.lock.Close())
		}
	}
	if err := s.recover(); err != nil {
		return errors.Join(err, s.lock.Close())
	}
	return nil
}

// Close ends pulls, which fail, and waits for what is being removed.
func (s *Store) Close() error {
	s.images.close(errClosed)
	s.layers.close(errClosed)
	s.background.Wait()
	return s.lock.Close()
}

var errClosed = mesos.Errorf(mesos.Unavailable, "the image store is closed")

const (
	layersDir  = "layers"
	imagesDir  = "images"
	stagingDir = "staging"
	gcDir      = "gc"
)

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.config.Dir}, parts...)...)
}

// formName is the name of a layer's root directory in this store's form.
func (s *Store) formName() string {
	if s.config.Form == layer.Overlay {
		return "rootfs.overlay"
	}
	return "rootfs"
}

// layerPath is where a layer is once it is whole.
func (s *Store) layerPath(diffID string) string {
	return s.path(layersDir, strings.TrimPrefix(diffID, "sha256:"), s.formName())
}

// Get returns an image, and pulls it first if it isn't here. However many ask
// for an image, it is pulled once; when the last of them has gone, the pull ends.
// Errors name the image; see source.Source for their kinds.
func (s *Store) Get(ctx context.Context, request Request) (*Image, error) {
	name := nameOf(request.Ref)
	for range 3 { // a layer can be removed between being there and being pinned
		r := s.cached(name, request.Cached)
		if r == nil {
			var err error
			r, err = s.images.do(ctx, name+"\x00"+request.Who, func(ctx context.Context) (*record, error) {
				return s.pull(ctx, name, request)
			})
			if err != nil {
				return nil, err
			}
			request.Cached = true // it is new now
		}
		if image := s.pinned(r); image != nil {
			return image, nil
		}
	}
	return nil, mesos.Errorf(mesos.Unavailable, "image %s: its layers are removed as soon as they are pulled", name)
}

// nameOf is the name that an image is kept under.
func nameOf(ref reference.Reference) string {
	if ref.Digest == "" {
		ref.Tag = ref.Identifier()
	}
	return ref.String()
}

// cached is what is known of an image whose layers are all here.
func (s *Store) cached(name string, wanted bool) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records[name]
	if !wanted || r == nil || !s.whole(r) {
		return nil
	}
	return r
}

// whole reports whether all layers are here.
func (s *Store) whole(r *record) bool {
	for _, id := range r.Layers {
		if _, err := os.Lstat(s.layerPath(id)); err != nil {
			return false
		}
	}
	return true
}

// pinned is an image whose layers stay; nil if one of them is gone.
func (s *Store) pinned(r *record) *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.whole(r) {
		return nil
	}
	image := &Image{Name: r.Reference, Digest: r.Digest, Config: r.Config, store: s}
	for _, id := range r.Layers {
		image.Layers = append(image.Layers, s.layerPath(id))
	}
	s.pin(image.Layers, 1)
	return image
}

// Pin keeps layers, given by their root directories, until they are unpinned as often.
func (s *Store) Pin(paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pin(paths, 1)
}

// Unpin undoes one Pin.
func (s *Store) Unpin(paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pin(paths, -1)
}

func (s *Store) pin(paths []string, by int) {
	for _, path := range paths {
		id := filepath.Base(filepath.Dir(path))
		if s.pins[id] += by; s.pins[id] == 0 {
			delete(s.pins, id)
		}
	}
}
