// Package golden compares what tests draw with files of what it should look like.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Sizes are the sizes of terminals that every view is drawn at.
var Sizes = []struct {
	Name          string
	Width, Height int
}{{"80x24", 80, 24}, {"120x40", 120, 40}, {"200x60", 200, 60}}

// Equal compares a view with testdata/name.golden, without its colours, and holds it
// to a size.
func Equal(t *testing.T, name, view string, width, height int) {
	t.Helper()
	lines := strings.Split(ansi.Strip(view), "\n")
	if len(lines) > height {
		t.Errorf("%s: %d lines are drawn, and there is room for %d", name, len(lines), height)
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
		if w := ansi.StringWidth(lines[i]); w > width {
			t.Errorf("%s: line %d takes %d cells, and there is room for %d: %q", name, i+1, w, width, line)
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil { //nolint:gosec // it is committed
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // it is committed
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) //nolint:gosec // the test names it
	if err != nil || got != string(want) {
		t.Errorf("%s is drawn as\n%s\nwant (%v)\n%s", name, got, err, want)
	}
}
