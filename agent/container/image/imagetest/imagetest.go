// Package imagetest builds images for tests and serves them in process.
package imagetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/mesosctl/mesosctl/internal/programs"
)

// Layer makes a layer of entries. A file's body is its header's Uname, which is
// not written.
func Layer(t testing.TB, entries ...tar.Header) v1.Layer {
	t.Helper()
	data := Archive(t, entries...)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// Archive makes a tar archive of entries, as Layer takes them.
func Archive(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range entries {
		body := h.Uname
		h.Uname, h.Format = "", tar.FormatPAX
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(body))
		}
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// File is a regular file.
func File(name, body string) tar.Header { return tar.Header{Name: name, Uname: body} }

// Dir is a directory.
func Dir(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeDir} }

// Symlink is a symbolic link.
func Symlink(name, target string) tar.Header {
	return tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink}
}

// Image makes an image of layers, the lowest first.
func Image(t testing.TB, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	image, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.Config, file.OS, file.Architecture = config, "linux", "amd64"
	if image, err = mutate.ConfigFile(image, file); err != nil {
		t.Fatal(err)
	}
	return image
}

// Programs makes a layer of programs of this machine, with the libraries that
// they need, and the directories that every root file system has. "sh" is in /bin.
func Programs(t testing.TB, names ...string) v1.Layer {
	t.Helper()
	entries := []tar.Header{Dir("bin"), Dir("proc"), Dir("sys"), Dir("dev"), Dir("etc"), {Name: "tmp", Typeflag: tar.TypeDir, Mode: 0o1777}}
	have := map[string]bool{}
	add := func(host, as string) {
		if have[as] {
			return
		}
		have[as] = true
		data, err := os.ReadFile(host)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, File(strings.TrimPrefix(as, "/"), string(data)))
		libraries, err := programs.Libraries(host)
		if err != nil {
			t.Skipf("images are built of this machine's programs: %v", err)
		}
		for _, library := range libraries {
			if have[library] {
				continue
			}
			have[library] = true
			data, err := os.ReadFile(library)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, File(strings.TrimPrefix(library, "/"), string(data)))
		}
	}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("images are built of this machine's programs: %v", err)
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			t.Fatal(err)
		}
		add(path, "/bin/"+name)
	}
	return Layer(t, entries...)
}

// Registry is a registry in this process.
type Registry struct {
	Host string // 127.0.0.1:<port>
	// Before, if set before anything is asked for, sees every request first; if it
	// returns true it has answered.
	Before func(http.ResponseWriter, *http.Request) bool
}

// NewRegistry serves a registry until the test ends.
func NewRegistry(t testing.TB) *Registry {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	r := &Registry{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.Before == nil || !r.Before(w, req) {
			handler.ServeHTTP(w, req)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Push puts an image or an index into the registry and returns its name there.
// It is "repository[:tag]" at first.
func (r *Registry) Push(t testing.TB, as string, what remote.Taggable) string {
	t.Helper()
	full := r.Host + "/" + as
	ref, err := name.ParseReference(full, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	options := []remote.Option{remote.WithTransport(transport)}
	switch what := what.(type) {
	case v1.Image:
		err = remote.Write(ref, what, options...)
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what, options...)
	default:
		err = errors.New("neither an image nor an index")
	}
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// Digest is an image's digest.
func Digest(t testing.TB, of interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	hash, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

// Save writes an image as `docker save` does.
func Save(t testing.TB, path, tag string, image v1.Image) {
	t.Helper()
	ref, err := name.NewTag(tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, ref, image); err != nil {
		t.Fatal(err)
	}
}
