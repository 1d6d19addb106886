package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
)

// TestScriptAsRoot runs scripts whose agents mount. A registry has the images BASE
// and SLOW, which has a layer of its own that comes when the script makes a file
// "release".
func TestScriptAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root file systems take root to mount")
	}
	programs := imagetest.Programs(t, "sh", "cat")
	image := func(mark string) v1.Image {
		return imagetest.Image(t, v1.Config{Cmd: []string{"/bin/sh", "-c", "echo itself"}},
			programs, imagetest.Layer(t, imagetest.File("mark", mark+"\n")))
	}
	slow := image("slow")
	layers, err := slow.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest := imagetest.Digest(t, layers[1])
	r := imagetest.NewRegistry(t)
	release := make(chan string, 1)
	r.Before = func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, digest) {
			path := <-release
			release <- path
			untilThere(req, path)
		}
		return false
	}
	names := map[string]string{"BASE": r.Push(t, "base:1", image("of the image")), "SLOW": r.Push(t, "slow:1", slow)}
	testscript.Run(t, scripts("testdata/root", func(env *testscript.Env) {
		for name, value := range names {
			env.Setenv(name, value)
		}
		release <- filepath.Join(env.WorkDir, "release")
	}))
}

// untilThere waits until there is a file, or nobody waits for the answer any more.
func untilThere(req *http.Request, path string) {
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-req.Context().Done():
			return
		}
	}
}
