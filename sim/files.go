package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/agent"
)

// files is the disk of a machine: each file is its records, one if it was
// written whole.
type files map[string][][]byte

func (f files) do(e agent.Checkpoint) {
	switch {
	case e.Value == nil:
		maps.DeleteFunc(f, func(path string, _ [][]byte) bool {
			return path == e.Path || strings.HasPrefix(path, e.Path+"/")
		})
	case e.Append:
		f[e.Path] = append(slices.Clip(f[e.Path]), slices.Clone(e.Value))
	default:
		f[e.Path] = [][]byte{slices.Clone(e.Value)}
	}
}

// Read implements agent.Disk.
func (f files) Read(path string) ([]byte, error) {
	if len(f[path]) == 0 {
		return nil, nil
	}
	return f[path][0], nil
}

// Records implements agent.Disk.
func (f files) Records(path string) ([][]byte, error) { return f[path], nil }

// List implements agent.Disk.
func (f files) List(path string) ([]string, error) {
	names := map[string]bool{}
	for file := range f {
		if rest, ok := strings.CutPrefix(file, path+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}
