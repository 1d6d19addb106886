package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent"
)

// disk is a machine's, with the files of package checkpoint. What was written is
// there for who reads it next; after a loss of power only what was synced is
// there for sure, and of the rest any of it.
type disk struct {
	world   *world
	files   map[string]file // as a process sees them
	durable map[string]file // as they are after a loss of power
	pending []agent.Checkpoint
}

// file is one that was written whole, or the records of one that grows.
type file struct {
	value   []byte
	records [][]byte
}

func newDisk(w *world) *disk {
	return &disk{world: w, files: map[string]file{}, durable: map[string]file{}}
}

// write changes a file, and doesn't sync it.
func (d *disk) write(op agent.Checkpoint) {
	apply(d.files, op)
	d.pending = append(d.pending, op)
}

// sync makes durable what was written.
func (d *disk) sync() {
	for _, op := range d.pending {
		apply(d.durable, op)
	}
	d.pending = d.pending[:0]
}

// losePower leaves of what was not synced whatever had reached the disk by chance:
// of each file a first part of its changes, and of a record being added nothing.
func (d *disk) losePower() {
	lost := map[string]bool{}
	for _, op := range d.pending {
		if lost[op.Path] || d.world.chance(2) {
			lost[op.Path] = true
			if _, there := d.durable[op.Path]; op.Append && !there && d.world.chance(2) {
				d.durable[op.Path] = file{} // made, and empty
			}
			continue
		}
		apply(d.durable, op)
	}
	d.pending = nil
	d.files = maps.Clone(d.durable)
}

// wipe leaves nothing.
func (d *disk) wipe() {
	d.files, d.durable, d.pending = map[string]file{}, map[string]file{}, nil
}

func apply(files map[string]file, op agent.Checkpoint) {
	switch {
	case op.Value == nil:
		for path := range files {
			if path == op.Path || strings.HasPrefix(path, op.Path+"/") {
				delete(files, path)
			}
		}
	case op.Append:
		f := files[op.Path]
		files[op.Path] = file{records: append(slices.Clip(f.records), op.Value)}
	default:
		files[op.Path] = file{value: slices.Clone(op.Value)}
	}
}

// Read implements agent.Disk.
func (d *disk) Read(path string) ([]byte, error) { return d.files[path].value, nil }

// Records implements agent.Disk.
func (d *disk) Records(path string) ([][]byte, error) { return d.files[path].records, nil }

// List implements agent.Disk.
func (d *disk) List(path string) ([]string, error) {
	names := map[string]bool{}
	for file := range d.files {
		if rest, ok := strings.CutPrefix(file, path+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}
