package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
	"github.com/mesosctl/mesosctl/mesos"
)

// pull is one image on its way.
type pull struct {
	name   string
	layers []source.Layer // each once, the lowest first
	done   []atomic.Bool  // by layer
}

// pull brings an image: its layers, as far as they aren't here, and then what is
// known of it.
func (s *Store) pull(ctx context.Context, name string, request Request) (*record, error) {
	s.config.Log.Info("pulling an image", "image", name)
	p := &pull{name: name}
	s.mu.Lock()
	s.pulls[p] = struct{}{}
	s.mu.Unlock()
	began := s.config.Now()
	defer func() {
		s.mu.Lock()
		delete(s.pulls, p)
		s.mu.Unlock()
		if s.config.Pulled != nil {
			s.config.Pulled(s.config.Now().Sub(began))
		}
	}()
	found, err := s.config.Source.Resolve(ctx, request.Ref, request.As)
	if err != nil {
		return nil, err
	}
	layers := distinct(found.Layers)
	s.mu.Lock()
	p.layers, p.done = layers, make([]atomic.Bool, len(layers))
	s.mu.Unlock()
	r := &record{Reference: name, Digest: found.Digest, Config: found.Config, Pulled: s.config.Now()}
	var paths []string
	for _, l := range layers {
		r.Layers = append(r.Layers, l.DiffID)
		paths = append(paths, s.layerPath(l.DiffID))
	}
	s.Pin(paths) // what this image needs stays while the rest is on its way
	defer s.Unpin(paths)
	if err := s.bring(ctx, p); err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	if err := s.keep(r); err != nil {
		return nil, fmt.Errorf("image %s: %w", name, err)
	}
	s.config.Log.Info("pulled an image", "image", name, "digest", r.Digest, "layers", len(r.Layers))
	s.syncLater()
	return r, nil
}

// distinct drops layers that come again further up: what they had further down
// is over what is between them again. Overlayfs takes no directory twice.
func distinct(layers []source.Layer) []source.Layer {
	var kept []source.Layer
	for i, l := range layers {
		if !slices.ContainsFunc(layers[i+1:], func(above source.Layer) bool { return above.DiffID == l.DiffID }) {
			kept = append(kept, l)
		}
	}
	return kept
}

// bring downloads all layers that aren't here. The first error ends the rest.
func (s *Store) bring(ctx context.Context, p *pull) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	var first error
	var once sync.Once
	for i, l := range p.layers {
		wait.Go(func() {
			_, err := s.layers.do(ctx, l.DiffID, func(ctx context.Context) (struct{}, error) {
				return struct{}{}, s.layer(ctx, l)
			})
			if err != nil {
				once.Do(func() {
					first = fmt.Errorf("layer %s: %w", l.Name(), err)
					cancel(first)
				})
				return
			}
			p.done[i].Store(true)
		})
	}
	wait.Wait()
	return first
}

// layer downloads and unpacks one layer, unless it is here.
func (s *Store) layer(ctx context.Context, l source.Layer) error {
	if _, err := os.Lstat(s.layerPath(l.DiffID)); err == nil {
		return nil
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	read := &atomic.Int64{}
	s.mu.Lock()
	s.active[l.DiffID] = read
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.active, l.DiffID)
		s.mu.Unlock()
	}()
	staging, err := os.MkdirTemp(s.path(stagingDir), "")
	if err != nil {
		return full(err)
	}
	defer os.RemoveAll(staging) //nolint:errcheck // a remainder is removed when the store is opened
	root := filepath.Join(staging, s.formName())
	if err := os.Mkdir(root, 0o755); err != nil {
		return full(err)
	}
	if err := s.unpack(ctx, l, root, read); err != nil {
		return err
	}
	return full(s.install(staging, l.DiffID))
}

// unpack reads a layer into a directory and verifies all of it.
func (s *Store) unpack(ctx context.Context, l source.Layer, root string, read *atomic.Int64) error {
	blob, err := l.Open(ctx)
	if err != nil {
		return err
	}
	defer blob.Close()
	v := &verifier{r: blob, hash: sha256.New(), size: l.Size, read: read}
	diffID, err := layer.Unpack(ctx, v, root, s.config.Form, s.config.Limits)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// If it isn't what was asked for, that says more than what is wrong with it.
	if err == nil || mesos.KindOf(err) == mesos.Invalid {
		if drained := v.drain(l.Digest); drained != nil {
			return drained
		}
	}
	if err != nil {
		return err
	}
	if diffID != l.DiffID {
		return mesos.Errorf(mesos.Invalid, "it unpacks to %s, its image says %s", diffID, l.DiffID)
	}
	return nil
}

// verifier hashes and counts what is read.
type verifier struct {
	r    io.Reader
	hash hash.Hash
	size int64 // 0: not known
	read *atomic.Int64
	err  error
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.hash.Write(p[:n])
	if read := v.read.Add(int64(n)); v.size > 0 && read > v.size {
		return n, mesos.Errorf(mesos.Invalid, "more was sent than its %d bytes", v.size)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		v.err = err
	}
	return n, err
}

// drain reads the rest and compares the digest, if one is known.
func (v *verifier) drain(want string) error {
	if v.err != nil {
		return v.err
	}
	if _, err := io.Copy(io.Discard, v); err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(v.hash.Sum(nil)); want != "" && got != want {
		return mesos.Errorf(mesos.Invalid, "%s was sent instead", got)
	}
	return nil
}

// Progress is how far the pull of an image is.
type Progress struct {
	Image      string `json:"image"`
	Layers     int    `json:"layers"` // 0: the registry has not answered yet
	LayersDone int    `json:"layers_done"`
	Bytes      int64  `json:"bytes"` // to be downloaded, as far as it is known
	BytesDone  int64  `json:"bytes_done"`
}

// Pulls lists the images that are being pulled, by name.
func (s *Store) Pulls() []Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Progress
	for p := range s.pulls {
		all = append(all, s.progress(p))
	}
	slices.SortFunc(all, func(a, b Progress) int { return strings.Compare(a.Image, b.Image) })
	return all
}

// ProgressOf is how far the pull of an image is; false if it isn't pulled.
func (s *Store) ProgressOf(name string) (Progress, bool) {
	ref, err := reference.Parse(name)
	if err != nil {
		return Progress{}, false
	}
	name = nameOf(ref)
	for _, p := range s.Pulls() {
		if p.Image == name {
			return p, true
		}
	}
	return Progress{}, false
}

func (s *Store) progress(p *pull) Progress {
	done := Progress{Image: p.name, Layers: len(p.layers)}
	for i, l := range p.layers {
		done.Bytes += l.Size
		if p.done[i].Load() {
			done.LayersDone++
			done.BytesDone += l.Size
		} else if read := s.active[l.DiffID]; read != nil {
			done.BytesDone += min(read.Load(), l.Size)
		}
	}
	return done
}
