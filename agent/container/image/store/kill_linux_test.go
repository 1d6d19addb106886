package store

import (
	"archive/tar"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
)

// victim is where a process that is to be killed finds its store and registry.
const victim = "MESOSCTL_TEST_STORE_VICTIM"

const killedFiles = 200 // of each layer

// TestAStoreSurvivesBeingKilled kills a process that pulls and removes images, at
// ever later moments, and looks at what the next one finds.
func TestAStoreSurvivesBeingKilled(t *testing.T) {
	if where := os.Getenv(victim); where != "" {
		pullForEver(t, where)
	}
	if testing.Short() {
		t.Skip("takes a while")
	}
	r := imagetest.NewRegistry(t)
	dir := filepath.Join(t.TempDir(), "store")
	for i := range 3 {
		r.Push(t, fmt.Sprint("box", i), imagetest.Image(t, v1.Config{}, filled(t, "common"), filled(t, fmt.Sprint(i))))
	}
	whole := 0
	// On a slow machine a process takes more rounds to live until it has an image.
	for round := 0; round < 12 || whole == 0 && round < 200; round++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAStoreSurvivesBeingKilled$")
		cmd.Env = append(os.Environ(), victim+"="+dir+" "+r.Host)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for _, err := os.Stat(dir + "/lock"); err != nil; _, err = os.Stat(dir + "/lock") {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(20+7*round) * time.Millisecond) // any moment will do
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		whole += check(t, dir, r.Host)
	}
	if whole == 0 {
		t.Error("every time it was killed before it had an image: that shows nothing")
	}
}

// filled is a layer of many files.
func filled(t *testing.T, mark string) v1.Layer {
	t.Helper()
	var files []tar.Header
	for i := range killedFiles {
		files = append(files, imagetest.File(fmt.Sprintf("d/%d", i), strings.Repeat(mark, 100)))
	}
	return imagetest.Layer(t, files...)
}

func openAt(dir, host string) (*Store, error) {
	from, err := source.New("http://"+host, source.Options{})
	if err != nil {
		return nil, err
	}
	return Open(Config{Dir: dir, Source: from, Form: layer.Plain, BootID: "boot", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

// pullForEver pulls images and removes them until it is killed.
func pullForEver(t *testing.T, where string) {
	dir, host, _ := strings.Cut(where, " ")
	s, err := openAt(dir, host)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		image, err := s.Get(t.Context(), request(t, fmt.Sprint("box", i%3)))
		if err != nil {
			t.Fatal(err)
		}
		if image.Release(); i%4 == 3 {
			err = s.Prune(nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// check opens the store and compares all layers with what they should be. It
// returns how many images there are.
func check(t *testing.T, dir, host string) int {
	t.Helper()
	s, err := openAt(dir, host)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := filepath.Glob(dir + "/layers/*/rootfs")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		files, err := os.ReadDir(l + "/d")
		if err != nil || len(files) != killedFiles {
			t.Errorf("%s: %d files, %v", l, len(files), err)
		}
		for _, file := range files {
			if info, err := file.Info(); err != nil || info.Size()%100 != 0 || info.Size() == 0 {
				t.Errorf("%s/%s: %v, %v", l, file.Name(), info, err)
			}
		}
	}
	known := s.Images()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"staging", "gc"} {
		left, err := os.ReadDir(filepath.Join(dir, rest))
		if err != nil && !errors.Is(err, os.ErrNotExist) || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", rest, left, err)
		}
	}
	return len(known)
}
