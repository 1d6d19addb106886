package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

// record is what is known of an image.
type record struct {
	Reference string          `json:"reference"`
	Digest    string          `json:"digest"`
	Layers    []string        `json:"layers"` // diff IDs, the lowest first
	Config    json.RawMessage `json:"config"`
	Pulled    time.Time       `json:"pulled"`
}

func (s *Store) recordPath(name string) string {
	sum := sha256.Sum256([]byte(name))
	return s.path(imagesDir, hex.EncodeToString(sum[:])+".json")
}

// keep writes down what is known of an image.
func (s *Store) keep(r *record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(s.path(stagingDir), "")
	if err != nil {
		return full(err)
	}
	_, err = file.Write(data)
	if closed := file.Close(); err == nil {
		err = closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		err = os.Rename(file.Name(), s.recordPath(r.Reference))
	}
	if err != nil {
		return full(errors.Join(err, os.Remove(file.Name())))
	}
	s.records[r.Reference] = r
	return nil
}

// full tells a full disk from other errors.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return mesos.Errorf(mesos.Unavailable, "image store: the disk is full: %w", err)
	}
	return err
}

// unsynced begins the name of a file beside a layer that may not be on the disk
// yet: it has the boot in which it was made. After another one the layer can't
// be trusted. To wait for the disk with every layer would take too long.
const unsynced = "unsynced."

// install moves a layer that is whole to where layers are.
func (s *Store) install(staging, diffID string) error {
	target := s.layerPath(diffID)
	mark := unsynced + s.formName()
	if err := os.WriteFile(filepath.Join(staging, mark), []byte(s.config.BootID), 0o600); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := filepath.Dir(target)
	err := os.Rename(staging, dir)
	if err == nil || !errors.Is(err, os.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return err
	}
	// It is there in another form, or was brought by a pull that nobody waited for.
	if err := os.Rename(filepath.Join(staging, mark), filepath.Join(dir, mark)); err != nil {
		return err
	}
	err = os.Rename(filepath.Join(staging, s.formName()), target)
	if errors.Is(err, os.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	return err
}

// syncLater waits for the disk and then lets layers be trusted after another boot.
func (s *Store) syncLater() {
	s.background.Go(func() {
		s.mu.Lock() // no layer is being moved to where it is marked
		marks, err := filepath.Glob(s.path(layersDir, "*", unsynced+"*"))
		s.mu.Unlock()
		if err != nil || len(marks) == 0 || syncDir(s.config.Dir) != nil {
			return
		}
		for _, mark := range marks {
			_ = os.Remove(mark)
		}
	})
}

// recover reads what is here, and removes what isn't whole.
func (s *Store) recover() error {
	staged, err := os.ReadDir(s.path(stagingDir))
	if err != nil {
		return err
	}
	for _, entry := range staged {
		if err := s.discard(s.path(stagingDir, entry.Name())); err != nil {
			return err
		}
	}
	marks, err := filepath.Glob(s.path(layersDir, "*", unsynced+"*"))
	if err != nil {
		return err
	}
	for _, mark := range marks {
		boot, err := os.ReadFile(mark)
		if err != nil {
			return err
		}
		if string(boot) == s.config.BootID {
			continue
		}
		s.config.Log.Warn("a layer was not on the disk when the machine went down; it will be pulled again", "layer", filepath.Dir(mark))
		if err := s.discard(filepath.Join(filepath.Dir(mark), strings.TrimPrefix(filepath.Base(mark), unsynced))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Remove(mark); err != nil {
			return err
		}
	}
	if err := s.load(); err != nil {
		return err
	}
	s.syncLater()
	s.sweep()
	return nil
}

// load reads what is known of images. A record that the disk lost is nothing
// but an image that will be pulled again.
func (s *Store) load() error {
	files, err := os.ReadDir(s.path(imagesDir))
	if err != nil {
		return err
	}
	for _, file := range files {
		path := s.path(imagesDir, file.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := &record{}
		if json.Unmarshal(data, r) != nil || s.recordPath(r.Reference) != path || !r.plausible() {
			s.config.Log.Warn("what was known of an image is lost; it will be pulled again", "file", path)
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		s.records[r.Reference] = r
	}
	return nil
}

// plausible reports whether the layers of a record can be paths.
func (r *record) plausible() bool {
	for _, id := range r.Layers {
		hash, ok := strings.CutPrefix(id, "sha256:")
		if _, err := hex.DecodeString(hash); !ok || err != nil || len(hash) != 2*sha256.Size {
			return false
		}
	}
	return len(r.Layers) > 0
}

// discard takes something out of the way, to be removed by a sweep.
func (s *Store) discard(path string) error {
	return os.Rename(path, s.path(gcDir, strconv.FormatInt(s.config.Now().UnixNano(), 36)+"-"+strconv.FormatInt(s.removed.Add(1), 10)))
}

// sweep removes what was discarded, in the background.
func (s *Store) sweep() {
	s.background.Go(func() {
		entries, err := os.ReadDir(s.path(gcDir))
		for _, entry := range entries {
			err = errors.Join(err, os.RemoveAll(s.path(gcDir, entry.Name())))
		}
		if err != nil {
			s.config.Log.Warn("removed layers are not gone from the disk", "err", err)
		}
	})
}

// Known is an image that is here.
type Known struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest"`
	Layers int       `json:"layers"`
	InUse  bool      `json:"in_use"` // all its layers are those of containers
	Pulled time.Time `json:"pulled"`
}

// Images lists the images that are here, by name.
func (s *Store) Images() []Known {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Known
	for _, r := range s.records {
		all = append(all, Known{Name: r.Reference, Digest: r.Digest, Layers: len(r.Layers), InUse: s.inUse(r), Pulled: r.Pulled})
	}
	slices.SortFunc(all, func(a, b Known) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s *Store) inUse(r *record) bool {
	for _, id := range r.Layers {
		if s.pins[strings.TrimPrefix(id, "sha256:")] == 0 {
			return false
		}
	}
	return true
}

// Prune removes all images but those that are excluded, and all layers that
// neither an image nor a container has. The disk space is free a while later.
// See https://mesos.apache.org/documentation/latest/container-image/.
func (s *Store) Prune(excluded []reference.Reference) error {
	stay := map[string]bool{}
	for _, ref := range excluded {
		stay[nameOf(ref)] = true
	}
	err := s.prune(stay)
	s.sweep()
	return err
}

func (s *Store) prune(stay map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	needed := map[string]bool{}
	for name, r := range s.records {
		if !stay[name] && !s.inUse(r) {
			if err := os.Remove(s.recordPath(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			delete(s.records, name)
			continue
		}
		for _, id := range r.Layers {
			needed[strings.TrimPrefix(id, "sha256:")] = true
		}
	}
	layers, err := os.ReadDir(s.path(layersDir))
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range layers {
		if needed[l.Name()] || s.pins[l.Name()] > 0 {
			continue
		}
		s.config.Log.Info("removing a layer", "layer", l.Name())
		errs = append(errs, s.discard(s.path(layersDir, l.Name())))
	}
	return errors.Join(errs...)
}
