//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// initialised is a line of GODEBUG=inittrace=1.
var initialised = regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, \d+ allocs$`)

// What a package of this module needs is made when it is needed, not at the start of
// every command: a few patterns, or a look at the fields of a message, take longer
// than all of them together.
func TestNothingIsComputedAtTheStart(t *testing.T) {
	const most = 16 << 10 // bytes that a package may take; a regular expression takes 10,000
	program := exec.Command(filepath.Join(bin, "mesosctl"), "version")
	program.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace strings.Builder
	program.Stderr = &trace
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range initialised.FindAllStringSubmatch(trace.String(), -1) {
		name, ours := strings.CutPrefix(line[1], "github.com/mesosctl/mesosctl/")
		if !ours || strings.HasPrefix(name, "wire/") && strings.HasSuffix(name, "pb") { // generated: it registers
			continue
		}
		seen++
		if n, err := strconv.Atoi(line[2]); err != nil || n > most {
			t.Errorf("%s takes %d bytes to initialise, want %d at most", name, n, most)
		}
	}
	if seen == 0 {
		t.Errorf("no package is in the trace:\n%s", trace.String())
	}
}
