package agent

import (
	"maps"
	"slices"
	"strings"
)

// memory is a disk: a file is its records, one if it was written whole.
type memory map[string][][]byte

func (m memory) do(e Checkpoint) {
	switch {
	case e.Value == nil:
		maps.DeleteFunc(m, func(path string, _ [][]byte) bool {
			return path == e.Path || strings.HasPrefix(path, e.Path+"/")
		})
	case e.Append:
		m[e.Path] = append(slices.Clip(m[e.Path]), e.Value)
	default:
		m[e.Path] = [][]byte{e.Value}
	}
}

func (m memory) Read(path string) ([]byte, error) {
	if len(m[path]) == 0 {
		return nil, nil
	}
	return m[path][0], nil
}

func (m memory) Records(path string) ([][]byte, error) { return m[path], nil }

func (m memory) List(path string) ([]string, error) {
	names := map[string]bool{}
	for file := range m {
		if rest, ok := strings.CutPrefix(file, path+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// restart replaces the agent by one that recovers from what it wrote.
func (s *stage) restart() {
	s.t.Helper()
	state, err := Recover(s.disk, s.settings)
	if err != nil {
		s.t.Fatal(err)
	}
	s.agent = New(s.settings, state)
}
