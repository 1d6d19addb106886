package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	oci "github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mesosctl/mesosctl/agent/container/image/credential"
	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/agent/container/image/reference"
	"github.com/mesosctl/mesosctl/mesos"
)

func newSource(t *testing.T, value string) Source {
	t.Helper()
	s, err := New(value, Options{StallTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func parse(t *testing.T, name string) reference.Reference {
	t.Helper()
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func small(t *testing.T) v1.Image {
	return imagetest.Image(t, v1.Config{Cmd: []string{"/bin/true"}},
		imagetest.Layer(t, imagetest.File("a", "lower")), imagetest.Layer(t, imagetest.File("b", "upper")))
}

// check resolves a name and compares all of it with an image.
func check(t *testing.T, s Source, name string, want v1.Image, as credential.Config) *Image {
	t.Helper()
	got, err := s.Resolve(t.Context(), parse(t, name), as)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return nil
	}
	config, err := want.RawConfigFile()
	if err != nil || !bytes.Equal(config, got.Config) {
		t.Errorf("%s: config %s, %v", name, got.Config, err)
	}
	layers, err := want.Layers()
	if err != nil || len(layers) != len(got.Layers) {
		t.Fatalf("%s: %d layers, %v", name, len(got.Layers), err)
	}
	for i, layer := range layers {
		id, _ := layer.DiffID()
		if got.Layers[i].DiffID != id.String() {
			t.Errorf("%s: layer %d: diff ID %s", name, i, got.Layers[i].DiffID)
		}
		blob, err := got.Layers[i].Open(t.Context())
		if err != nil {
			t.Fatalf("%s: layer %d: %v", name, i, err)
		}
		data, err := io.ReadAll(blob)
		if err != nil || blob.Close() != nil {
			t.Errorf("%s: layer %d: %v", name, i, err)
		}
		if sum := sha256.Sum256(data); got.Layers[i].Digest != "" && got.Layers[i].Digest != "sha256:"+hex.EncodeToString(sum[:]) {
			t.Errorf("%s: layer %d: is not %s", name, i, got.Layers[i].Digest)
		}
		if got.Layers[i].Size != int64(len(data)) {
			t.Errorf("%s: layer %d: %d bytes, not %d", name, i, len(data), got.Layers[i].Size)
		}
	}
	return got
}

func refused(t *testing.T, s Source, name string, kind mesos.Kind, says ...string) {
	t.Helper()
	image, err := s.Resolve(t.Context(), parse(t, name), credential.Config{})
	if err == nil || mesos.KindOf(err) != kind {
		t.Errorf("%s: %v, %v (kind %v); want kind %v", name, image, err, mesos.KindOf(err), kind)
		return
	}
	for _, s := range append(says, "image "+name) {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: %v; want %q", name, err, s)
		}
	}
}

func TestRegistry(t *testing.T) {
	// covers: DockerFetcherPluginTest.INTERNET_CURL_FetchBlob
	// covers: DockerFetcherPluginTest.DISABLED_INTERNET_CURL_FetchManifest
	// covers: DockerFetcherPluginTest.DISABLED_INTERNET_CURL_FetchImage
	r := imagetest.NewRegistry(t)
	image := small(t)
	asOCI := mutate.MediaType(mutate.ConfigMediaType(image, types.OCIConfigJSON), types.OCIManifestSchema1)
	full := r.Push(t, "team/box:1", image)
	r.Push(t, "box", image)
	r.Push(t, "oci", asOCI)

	anywhere, here := newSource(t, ""), newSource(t, "http://"+r.Host)
	got := check(t, anywhere, full, image, credential.Config{})
	if got.Digest != imagetest.Digest(t, image) {
		t.Errorf("digest %s", got.Digest)
	}
	// covers: ProvisionerDockerTest.ROOT_INTERNET_CURL_ImageDigest
	check(t, anywhere, r.Host+"/team/box@"+imagetest.Digest(t, image), image, credential.Config{})
	check(t, here, "team/box:1", image, credential.Config{})
	check(t, here, "box", image, credential.Config{})
	check(t, here, "oci:latest", asOCI, credential.Config{})
	refused(t, here, "nosuch", mesos.NotFound, r.Host)
	refused(t, here, "box:nosuch", mesos.NotFound)
	refused(t, anywhere, "127.0.0.1:1/box", mesos.Unavailable, "127.0.0.1:1")
}

func TestRegistryIndexes(t *testing.T) {
	r := imagetest.NewRegistry(t)
	image := small(t)
	other := imagetest.Image(t, v1.Config{}, imagetest.Layer(t, imagetest.File("other", "")))
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "sparc"}}},
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "windows", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
	)
	none := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "sparc"}}})
	nested := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index})
	for range 3 {
		nested = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: nested})
	}
	r.Push(t, "all", index)
	r.Push(t, "none", none)
	r.Push(t, "nested", nested)
	s := newSource(t, "http://"+r.Host)
	check(t, s, "all", image, credential.Config{})
	check(t, s, "all@"+imagetest.Digest(t, index), image, credential.Config{})
	refused(t, s, "none", mesos.NotFound, "there is [linux/sparc]")
	refused(t, s, "nested", mesos.Invalid, "lead to each other")
}

func TestRegistryThatLies(t *testing.T) {
	r := imagetest.NewRegistry(t)
	image := small(t)
	r.Push(t, "box", image)
	config, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	var lie string // part of the path whose answer is another
	r.Before = func(w http.ResponseWriter, req *http.Request) bool {
		if lie == "" || !strings.Contains(req.URL.Path, lie) {
			return false
		}
		_, _ = io.WriteString(w, `{"schemaVersion": 2}`)
		return true
	}
	s := newSource(t, "http://"+r.Host)
	lie = "/manifests/sha256:"
	refused(t, s, "box@"+imagetest.Digest(t, image), mesos.Invalid, imagetest.Digest(t, image))
	lie = "/blobs/" + config.String()
	refused(t, s, "box", mesos.Invalid, config.String())
}

func TestRegistryCredentials(t *testing.T) {
	r := imagetest.NewRegistry(t)
	image := small(t)
	name := r.Push(t, "box", image)
	config := func(user, password string) credential.Config {
		data, _ := json.Marshal(map[string]any{"auths": map[string]any{r.Host: map[string]any{"username": user, "password": password}}})
		c, err := credential.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s := newSource(t, "")
	who := func(req *http.Request) bool {
		user, password, ok := req.BasicAuth()
		return ok && user == "me" && password == "secret"
	}
	for scheme, before := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"basic": func(w http.ResponseWriter, req *http.Request) bool {
			if who(req) {
				return false
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		},
		"token": func(w http.ResponseWriter, req *http.Request) bool {
			switch {
			case req.URL.Path == "/token":
				if !who(req) || req.FormValue("scope") != "repository:box:pull" {
					w.WriteHeader(http.StatusUnauthorized)
					return true
				}
				_, _ = io.WriteString(w, `{"token": "opensesame"}`)
				return true
			case req.Header.Get("Authorization") == "Bearer opensesame":
				return false
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="registry"`, r.Host))
			w.WriteHeader(http.StatusUnauthorized)
			return true
		},
	} {
		t.Run(scheme, func(t *testing.T) {
			r.Before = before
			// covers: DockerFetcherPluginTest.INTERNET_CURL_GeneratedRepositoryScope
			check(t, s, name, image, config("me", "secret"))
			refused(t, s, name, mesos.Forbidden, r.Host)
			if _, err := s.Resolve(t.Context(), parse(t, name), config("me", "wrong")); mesos.KindOf(err) != mesos.Forbidden || strings.Contains(err.Error(), "wrong") {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestRegistryThatStalls(t *testing.T) {
	r := imagetest.NewRegistry(t)
	r.Push(t, "box", small(t))
	var stalls atomic.Value // part of the path that stalls
	over := make(chan struct{})
	r.Before = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.Contains(req.URL.Path, stalls.Load().(string)) {
			return false
		}
		if strings.Contains(req.URL.Path, "/blobs/") {
			_, _ = io.WriteString(w, "{") // and no more
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-over:
		case <-req.Context().Done():
		}
		return true
	}
	t.Cleanup(func() { close(over) })
	s, err := New("http://"+r.Host, Options{StallTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, path := range []string{"/manifests/", "/blobs/"} {
		stalls.Store(path)
		refused(t, s, "box", mesos.TimedOut, "sent nothing for 50ms")
	}
	stalls.Store("/v2/")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody waits")
	time.AfterFunc(time.Millisecond, func() { cancel(why) })
	if _, err := s.Resolve(ctx, parse(t, "box"), credential.Config{}); err == nil {
		t.Error("a cancelled request succeeded")
	}
}

func TestPlainHTTP(t *testing.T) {
	// A private address is no reason to do without encryption.
	s := newSource(t, "")
	res, err := s.(*registry).transport.RoundTrip(&http.Request{URL: mustURL("http://10.1.2.3:5000/v2/")})
	if err == nil || mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "10.1.2.3:5000") {
		t.Errorf("%v, %v", res, err)
	}
	named := newSource(t, "http://10.1.2.3:5000").(*registry).transport
	for host, want := range map[string]bool{
		"10.1.2.3:5000": true, "10.1.2.3:5001": false, "localhost:5000": true, "example.com:80": true, "example.com": false,
	} {
		if named.plain(host) != want {
			t.Errorf("%s: plain is %v", host, !want)
		}
	}
}

type nameRepository = name.Repository

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func TestDockersOwnImagesAreInTheLibrary(t *testing.T) {
	for registry, want := range map[string]string{
		"": "library/busybox", "https://registry.example.com": "busybox",
	} {
		repository, err := newSource(t, registry).(interface {
			repository(reference.Reference) (nameRepository, error)
		}).repository(parse(t, "busybox"))
		if err != nil || repository.RepositoryStr() != want {
			t.Errorf("%q: %s, %v", registry, repository.RepositoryStr(), err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for value, says := range map[string]string{
		"hdfs://localhost:8020/archives/": "no HDFS client",
		"hdfs:///archives":                "no HDFS client",
		"images":                          "neither a URL nor an absolute path",
		"ftp://example.com":               "ftp",
		"https://example.com/path":        "more than a host",
		"https://user@example.com":        "more than a host",
		"http://exa mple":                 "neither a URL",
	} {
		if _, err := New(value, Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %q", value, err, says)
		}
	}
}

func TestDirectoryOfArchives(t *testing.T) {
	// covers: ProvisionerDockerLocalStoreTest.LocalStoreTestWithTar
	dir := t.TempDir()
	image := small(t)
	imagetest.Save(t, filepath.Join(dir, "abc.tar"), "abc", image)
	imagetest.Save(t, filepath.Join(dir, "team/box:1.tar"), "other:2", image)
	s := newSource(t, dir)
	for _, name := range []string{"abc", "abc:latest", "team/box:1"} {
		check(t, s, name, image, credential.Config{})
	}
	config, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	imagetest.Save(t, filepath.Join(dir, "abc@"+config.String()+".tar"), "abc", image)
	check(t, s, "abc@"+config.String(), image, credential.Config{})

	refused(t, s, "abc:2", mesos.NotFound, "no archive abc:2.tar")
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("text.tar", bytes.Repeat([]byte("text"), 1000))
	refused(t, s, "text", mesos.Invalid, "text.tar: not an archive")
	write("bare.tar", imagetest.Archive(t, imagetest.File("x", "")))
	refused(t, s, "bare", mesos.Invalid, "no manifest.json")
	write("short.tar", imagetest.Archive(t, imagetest.File("manifest.json", `[{"Config":"gone.json","Layers":["l"]}]`)))
	refused(t, s, "short", mesos.Invalid, `no file "gone.json"`)
	write("lie.tar", imagetest.Archive(t, imagetest.File("manifest.json", `[{"Config":"`+config.Hex+`.json","Layers":["l"]}]`), imagetest.File(config.Hex+".json", "{}")))
	refused(t, s, "lie", mesos.Invalid, config.Hex, "is not what was sent")
	write("two.tar", imagetest.Archive(t, imagetest.File("manifest.json", `[{"RepoTags":["a:1"]},{"RepoTags":["b:1"]}]`)))
	refused(t, s, "two", mesos.NotFound, "there is [a:1 b:1]")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out.tar")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), parse(t, "out"), credential.Config{}); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("a link that leaves the directory: %v", err)
	}
}

func TestOldArchives(t *testing.T) {
	dir := t.TempDir()
	lower, upper := imagetest.Archive(t, imagetest.File("a", "")), imagetest.Archive(t, imagetest.File("b", ""))
	data := imagetest.Archive(t,
		imagetest.File("123/json", `{"id":"123","config":{"Cmd":["/lower"]}}`), imagetest.File("123/layer.tar", string(lower)),
		imagetest.File("456/json", `{"id":"456","parent":"123","config":{"Entrypoint":["/bin/x"]}}`), imagetest.File("456/layer.tar", string(upper)),
		imagetest.Symlink("789/layer.tar", "../456/layer.tar"), imagetest.File("789/json", `{"parent":"456","config":{"Cmd":["/top"]}}`),
		imagetest.File("repositories", `{"abc":{"latest":"456","links":"789"}}`))
	for _, name := range []string{"abc", "abc:links", "abc:3", "def"} {
		if err := os.WriteFile(filepath.Join(dir, name+".tar"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newSource(t, dir)
	got, err := s.Resolve(t.Context(), parse(t, "abc"), credential.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Layers) != 2 || got.Layers[0].DiffID != digestOf(lower) || got.Layers[1].DiffID != digestOf(upper) ||
		!strings.Contains(string(got.Config), `"Entrypoint":["/bin/x"]`) {
		t.Errorf("%+v %s", got.Layers, got.Config)
	}
	if got, err = s.Resolve(t.Context(), parse(t, "abc:links"), credential.Config{}); err != nil || len(got.Layers) != 3 || got.Layers[2].DiffID != digestOf(upper) {
		t.Errorf("%+v, %v", got, err)
	}
	refused(t, s, "abc:3", mesos.NotFound)
	refused(t, s, "def", mesos.NotFound)
}

func TestLayouts(t *testing.T) {
	image := small(t)
	other := imagetest.Image(t, v1.Config{}, imagetest.Layer(t, imagetest.File("other", "")))
	dir := t.TempDir()
	path, err := oci.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for name, image := range map[string]v1.Image{"1": image, "docker.io/library/box:2": other} {
		if err := path.AppendImage(image, oci.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name})); err != nil {
			t.Fatal(err)
		}
	}
	s := newSource(t, dir)
	check(t, s, "any:1", image, credential.Config{})
	check(t, s, "box:2", other, credential.Config{})
	check(t, s, "any@"+imagetest.Digest(t, image), image, credential.Config{})
	refused(t, s, "box:3", mesos.NotFound, "the layout has no image of that name")
	refused(t, s, "any@sha256:"+strings.Repeat("0", 64), mesos.NotFound)

	// A layout for each image.
	many := t.TempDir()
	if path, err = oci.Write(filepath.Join(many, "team/box:1"), empty.Index); err != nil {
		t.Fatal(err)
	}
	if err := path.AppendImage(image); err != nil {
		t.Fatal(err)
	}
	s = newSource(t, many)
	check(t, s, "team/box:1", image, credential.Config{})

	digest := imagetest.Digest(t, image)
	blob := filepath.Join(many, "team/box:1/blobs/sha256", strings.TrimPrefix(digest, "sha256:"))
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blob, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, s, "team/box:1", mesos.Invalid, digest)
}
