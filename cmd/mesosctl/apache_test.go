//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	olderapache "github.com/mesosctl/mesosctl/cmd/mesosctl/internal/apache"
)

// apacheVersions are those that the commands are tried with: the oldest, the newest,
// and one between them.
var apacheVersions = []string{"1.5", "1.8", "1.11"}

// Everything that reads, and execute, works with Apache Mesos.
func TestApache(t *testing.T) {
	for _, text := range apacheVersions {
		t.Run(text, func(t *testing.T) {
			version, err := olderapache.ParseVersion(text)
			if err != nil {
				t.Fatal(err)
			}
			params := scripts("testdata/apache", func(env *testscript.Env) { env.Setenv("APACHE", text) })
			params.Condition = func(text string) (bool, error) { // [since-1.9]
				first, err := olderapache.ParseVersion(strings.TrimPrefix(text, "since-"))
				return version >= first, err
			}
			testscript.Run(t, params)
		})
	}
}
