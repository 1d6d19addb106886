package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/agent/container/image/source"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a store in front of a registry that counts.
type scene struct {
	*Store
	*imagetest.Registry
	dir string

	mu    sync.Mutex
	asked map[string]int // requests, by digest or else by path
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Registry: imagetest.NewRegistry(t), dir: filepath.Join(t.TempDir(), "store"), asked: map[string]int{}}
	s.Before = func(_ http.ResponseWriter, req *http.Request) bool { s.count(req); return false }
	s.reopen(t)
	return s
}

func (s *scene) count(req *http.Request) {
	if req.Method == http.MethodGet {
		what := req.URL.Path
		if i := strings.LastIndex(what, "/sha256:"); i >= 0 {
			what = what[i+1:]
		}
		s.mu.Lock()
		s.asked[what]++
		s.mu.Unlock()
	}
}

func (s *scene) reopen(t *testing.T) { s.reopenAfter(t, "boot 1") }

func (s *scene) reopenAfter(t *testing.T, boot string) {
	t.Helper()
	if s.Store != nil {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	from, err := source.New("http://"+s.Host, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store, err := Open(Config{
		Dir: s.dir, Source: from, Form: layer.Plain, BootID: boot, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Store = store
	t.Cleanup(func() {
		_ = store.Close() // again, if it was opened again
		from.Close()
	})
}

func request(t testing.TB, name string) Request {
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Ref: ref, Cached: true}
}

func (s *scene) get(t *testing.T, name string) *Image {
	t.Helper()
	image, err := s.Get(t.Context(), request(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// clean checks that nothing is left half made.
func (s *scene) clean(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		left, err := filepath.Glob(filepath.Join(s.dir, "staging", "*"))
		if err == nil && len(left) == 0 && len(s.Pulls()) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left in staging: %q, %v; pulls: %v", left, err, s.Pulls())
		}
		time.Sleep(time.Millisecond)
	}
}

func twoLayers(t *testing.T, mark string) v1.Image {
	return imagetest.Image(t, v1.Config{Cmd: []string{mark}},
		imagetest.Layer(t, imagetest.File("lower", "lower")), imagetest.Layer(t, imagetest.File("upper", mark)))
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

func TestAnImageIsKept(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.MetadataManagerInitialization
	s := newScene(t)
	want := twoLayers(t, "a")
	s.Push(t, "box", want)
	first := s.get(t, "box")
	if first.Digest != imagetest.Digest(t, want) || len(first.Layers) != 2 || !strings.Contains(string(first.Config), `"Cmd":["a"]`) {
		t.Errorf("%+v", first)
	}
	if content(t, first.Layers[0]+"/lower") != "lower" || content(t, first.Layers[1]+"/upper") != "a" {
		t.Errorf("layers %v", first.Layers)
	}
	for _, dir := range []string{"", "layers", "images", "staging", "gc"} {
		if info, err := os.Stat(filepath.Join(s.dir, dir)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v: others could run what is in it", dir, info.Mode(), err)
		}
	}
	s.clean(t)
	asked := fmt.Sprint(s.asked)
	again := s.get(t, "box:latest")
	s.reopen(t)
	recovered := s.get(t, "box")
	if !slices.Equal(again.Layers, first.Layers) || !slices.Equal(recovered.Layers, first.Layers) || string(recovered.Config) != string(first.Config) {
		t.Errorf("again %+v, recovered %+v", again, recovered)
	}
	if fmt.Sprint(s.asked) != asked {
		t.Errorf("what is here was asked for again: %v, before %s", s.asked, asked)
	}
}

func TestANewerImageIsPulledIfAskedFor(t *testing.T) {
	// covers: ProvisionerDockerTest.ROOT_INTERNET_CURL_ImageForcePulling
	s := newScene(t)
	s.Push(t, "box", twoLayers(t, "old"))
	old := s.get(t, "box")
	s.Push(t, "box", twoLayers(t, "new"))
	if again := s.get(t, "box"); again.Digest != old.Digest {
		t.Errorf("a newer image was pulled although one is here")
	}
	forced := request(t, "box")
	forced.Cached = false
	newer, err := s.Get(t.Context(), forced)
	if err != nil || newer.Digest == old.Digest || content(t, newer.Layers[1]+"/upper") != "new" {
		t.Errorf("%+v, %v", newer, err)
	}
	if got := s.get(t, "box"); got.Digest != newer.Digest {
		t.Error("the older image is still the one that is known")
	}
	for digest, n := range s.asked {
		if strings.HasPrefix(digest, "sha256:") && n != 1 {
			t.Errorf("%s was asked for %d times", digest, n)
		}
	}
}

func TestAMissingLayerIsPulledAgain(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.MissingLayer
	s := newScene(t)
	s.Push(t, "box", twoLayers(t, "a"))
	image := s.get(t, "box")
	if err := os.RemoveAll(filepath.Dir(image.Layers[0])); err != nil {
		t.Fatal(err)
	}
	if again := s.get(t, "box"); content(t, again.Layers[0]+"/lower") != "lower" {
		t.Errorf("%+v", again)
	}
}

func TestALostRecordIsAnImageToPull(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.MetadataManagerRecoveryWithEmptyImagesFile
	for _, lost := range []string{"", "{", `{"reference":"other"}`, `{"layers":["../../../etc"]}`} {
		s := newScene(t)
		s.Push(t, "box", twoLayers(t, "a"))
		s.get(t, "box")
		records, err := filepath.Glob(filepath.Join(s.dir, "images", "*"))
		if err != nil || len(records) != 1 {
			t.Fatalf("%v, %v", records, err)
		}
		if err := os.WriteFile(records[0], []byte(lost), 0o600); err != nil {
			t.Fatal(err)
		}
		s.reopen(t)
		if known := s.Images(); len(known) != 0 {
			t.Errorf("%q: %v", lost, known)
		}
		s.get(t, "box")
	}
}

// hold lets requests for a blob wait until release is called.
func (s *scene) hold(t *testing.T, path string) (asked <-chan struct{}, cancelled *atomic.Int64, release func()) {
	first, open := make(chan struct{}), make(chan struct{})
	var once, opened sync.Once
	cancelled = &atomic.Int64{}
	s.Before = func(_ http.ResponseWriter, req *http.Request) bool {
		s.count(req)
		if strings.Contains(req.URL.Path, path) {
			once.Do(func() { close(first) })
			select {
			case <-open:
			case <-req.Context().Done():
				cancelled.Add(1)
			}
		}
		return false
	}
	release = func() { opened.Do(func() { close(open) }) }
	t.Cleanup(release)
	return first, cancelled, release
}

func TestAnImageIsPulledOnce(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.PullingSameImageSimultaneously
	s := newScene(t)
	want := twoLayers(t, "a")
	s.Push(t, "box", want)
	s.Push(t, "twin", imagetest.Image(t, v1.Config{Cmd: []string{"twin"}},
		imagetest.Layer(t, imagetest.File("lower", "lower")), imagetest.Layer(t, imagetest.File("upper", "twin"))))
	clear(s.asked)
	asked, _, release := s.hold(t, "/blobs/")
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			name := "box"
			if i%2 == 0 {
				name = "twin"
			}
			if _, err := s.Get(t.Context(), request(t, name)); err != nil {
				t.Error(err)
			}
		})
	}
	<-asked
	release()
	wait.Wait()
	for what, n := range s.asked {
		if n != 1 && what != "/v2/" {
			t.Errorf("%s was asked for %d times", what, n)
		}
	}
	s.clean(t)
}

func TestAPullEndsWhenNobodyWaits(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.PullDiscarded
	s := newScene(t)
	s.Push(t, "box", twoLayers(t, "a"))
	asked, cancelled, release := s.hold(t, "/blobs/")
	var wait sync.WaitGroup
	why := errors.New("the task was killed")
	ctx1, cancel1 := context.WithCancelCause(t.Context())
	ctx2, cancel2 := context.WithCancelCause(t.Context())
	for _, ctx := range []context.Context{ctx1, ctx2} {
		wait.Go(func() {
			if _, err := s.Get(ctx, request(t, "box")); !errors.Is(err, why) {
				t.Errorf("error %v", err)
			}
		})
	}
	<-asked
	for s.waiting() != 2 {
		time.Sleep(time.Millisecond)
	}
	cancel1(why)
	for s.waiting() != 1 {
		time.Sleep(time.Millisecond)
	}
	if cancelled.Load() != 0 || len(s.Pulls()) != 1 {
		t.Error("the pull ended although somebody waits")
	}
	cancel2(why)
	wait.Wait()
	s.clean(t)
	for cancelled.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	release()
	s.get(t, "box")
}

func (s *scene) waiting() (n int) {
	s.images.mu.Lock()
	defer s.images.mu.Unlock()
	for _, f := range s.images.flying {
		n += f.waiting
	}
	return n
}

func TestProgress(t *testing.T) {
	s := newScene(t)
	image := twoLayers(t, "a")
	s.Push(t, "box", image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest := imagetest.Digest(t, layers[1])
	size0, _ := layers[0].Size()
	size1, _ := layers[1].Size()
	asked, _, release := s.hold(t, "/blobs/"+digest)
	over := make(chan error)
	go func() {
		_, err := s.Get(t.Context(), request(t, "box"))
		over <- err
	}()
	<-asked
	want := Progress{Image: "box:latest", Layers: 2, LayersDone: 1, Bytes: size0 + size1, BytesDone: size0}
	deadline := time.Now().Add(10 * time.Second)
	for {
		got, ok := s.ProgressOf("box")
		if ok && got == want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("progress %+v, want %+v", got, want)
		}
		time.Sleep(time.Millisecond)
	}
	release()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if got, ok := s.ProgressOf("box"); ok {
		t.Errorf("progress of what is over: %+v", got)
	}
}

func TestALyingRegistry(t *testing.T) {
	s := newScene(t)
	image := twoLayers(t, "a")
	s.Push(t, "box", image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest := imagetest.Digest(t, layers[1])
	blob := func(l v1.Layer) string {
		r, err := l.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	whole := blob(layers[1])
	for name, lie := range map[string]string{
		"another layer":   blob(layers[0]),
		"no layer":        "<html>this is no layer</html>",
		"too much":        whole + whole,
		"a byte changed":  whole[:len(whole)-1] + "\x7f",
		"cut short":       whole[:len(whole)/2],
		"nothing":         "",
		"gone":            "404",
		"connection lost": "lost",
	} {
		t.Run(name, func(t *testing.T) {
			s.Before = func(w http.ResponseWriter, req *http.Request) bool {
				switch {
				case !strings.HasSuffix(req.URL.Path, "/blobs/"+digest):
					return false
				case lie == "404":
					w.WriteHeader(http.StatusNotFound)
				case lie == "lost":
					w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
					_, _ = io.WriteString(w, whole[:10])
				default:
					_, _ = io.WriteString(w, lie)
				}
				return true
			}
			_, err := s.Get(t.Context(), request(t, "box"))
			if err == nil || !strings.Contains(err.Error(), digest) || !strings.Contains(err.Error(), "image box:latest") {
				t.Errorf("error %v; want one that names box:latest and %s", err, digest)
			}
			want := map[string]mesos.Kind{"404": mesos.NotFound, "lost": mesos.Unavailable}[lie]
			if want == 0 {
				want = mesos.Invalid
			}
			if mesos.KindOf(err) != want {
				t.Errorf("error %v of kind %v; want %v", err, mesos.KindOf(err), want)
			}
			s.clean(t)
			if known := s.Images(); len(known) != 0 {
				t.Errorf("known: %v", known)
			}
		})
	}
	s.Before = nil
	s.get(t, "box")
}

func TestAConfigurationThatLies(t *testing.T) {
	s := newScene(t)
	real, other := imagetest.Layer(t, imagetest.File("a", "")), imagetest.Layer(t, imagetest.File("b", ""))
	id, err := other.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	s.Push(t, "box", imagetest.Image(t, v1.Config{}, lyingLayer{real, id}))
	_, err = s.Get(t.Context(), request(t, "box"))
	if err == nil || mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("error %v", err)
	}
	s.clean(t)
}

// lyingLayer says that it unpacks to something else.
type lyingLayer struct {
	v1.Layer
	id v1.Hash
}

func (l lyingLayer) DiffID() (v1.Hash, error) { return l.id, nil }

func TestRepeatedLayersAreOne(t *testing.T) {
	s := newScene(t)
	a, b := imagetest.Layer(t, imagetest.File("a", "")), imagetest.Layer(t, imagetest.File("b", ""))
	s.Push(t, "box", imagetest.Image(t, v1.Config{}, a, b, a))
	id, err := a.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	if image := s.get(t, "box"); len(image.Layers) != 2 || image.Layers[1] != s.layerPath(id.String()) {
		t.Errorf("layers %v", image.Layers)
	}
}

func TestWhatWasHalfMadeIsRemoved(t *testing.T) {
	s := newScene(t)
	s.Push(t, "box", twoLayers(t, "a"))
	image := s.get(t, "box")
	half := filepath.Join(s.dir, "staging", "123", "rootfs", "etc")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	s.reopen(t)
	s.clean(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Store = nil
	if left, _ := os.ReadDir(filepath.Join(s.dir, "gc")); len(left) != 0 {
		t.Errorf("left to remove: %v", left)
	}
	// A layer that may not have been on the disk when the machine went down.
	mark := filepath.Join(filepath.Dir(image.Layers[1]), "unsynced.rootfs")
	if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still waiting for the disk: %v", err)
	}
	if err := os.WriteFile(mark, []byte("boot 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(image.Layers[1] + "/upper"); err != nil {
		t.Fatal(err)
	}
	s.reopenAfter(t, "boot 2")
	again := s.get(t, "box")
	if content(t, again.Layers[1]+"/upper") != "a" {
		t.Error("half a layer is used")
	}
}

func TestPrune(t *testing.T) {
	s := newScene(t)
	for _, name := range []string{"used", "excluded", "other"} {
		s.Push(t, name, twoLayers(t, name))
	}
	used, excluded, other := s.get(t, "used"), s.get(t, "excluded"), s.get(t, "other")
	excluded.Release()
	other.Release()
	if err := s.Prune([]reference.Reference{{Repository: "excluded", Tag: "latest"}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Concat(used.Layers, excluded.Layers) {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(other.Layers[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", other.Layers[1], err)
	}
	var names []string
	for _, known := range s.Images() {
		names = append(names, fmt.Sprint(known.Name, " ", known.InUse))
	}
	if !slices.Equal(names, []string{"excluded:latest false", "used:latest true"}) {
		t.Errorf("known: %q", names)
	}
	used.Release()
	s.reopen(t)
	if err := s.Prune(nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(s.dir, "*", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestPruneLeavesAPullAlone(t *testing.T) {
	s := newScene(t)
	image := twoLayers(t, "a")
	s.Push(t, "box", image)
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	asked, _, release := s.hold(t, "/blobs/"+imagetest.Digest(t, layers[1]))
	over := make(chan error)
	go func() {
		_, err := s.Get(t.Context(), request(t, "box"))
		over <- err
	}()
	<-asked
	for p, _ := s.ProgressOf("box"); p.LayersDone != 1; p, _ = s.ProgressOf("box") {
		time.Sleep(time.Millisecond)
	}
	if err := s.Prune(nil); err != nil {
		t.Error(err)
	}
	release()
	if err := <-over; err != nil {
		t.Error(err)
	}
	if n := s.asked[imagetest.Digest(t, layers[0])]; n != 1 {
		t.Errorf("the first layer was pulled %d times", n)
	}
}

func TestAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a small disk takes root to mount")
	}
	s := newScene(t)
	big := imagetest.Image(t, v1.Config{}, imagetest.Layer(t, imagetest.File("big", strings.Repeat("x", 4<<20))))
	s.Push(t, "big", big)
	s.Push(t, "small", twoLayers(t, "a"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", s.dir, "tmpfs", 0, "size=1m,mode=700"); err != nil {
		t.Skipf("a small disk can't be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(s.dir, 0); err != nil {
			t.Error(err)
		}
	})
	s.Store = nil
	s.reopen(t)
	_, err := s.Get(t.Context(), request(t, "big"))
	if err == nil || mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "big:latest") {
		t.Errorf("error %v", err)
	}
	s.clean(t)
	s.get(t, "small")
}

func TestAStoreHasOneOwner(t *testing.T) {
	s := newScene(t)
	_, err := Open(s.config)
	if err == nil || mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "--docker_store_dir") {
		t.Errorf("error %v", err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	config := s.config
	config.Dir = open
	if _, err := Open(config); err == nil || !strings.Contains(err.Error(), "could change images") {
		t.Errorf("error %v", err)
	}
}
