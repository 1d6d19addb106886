package bench

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"

	registry "github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/mesosctl/mesosctl/mesos"
)

// imageName is the image of containers.
const imageName = "bench"

// writeImage writes an archive of an image with some programs of this machine
// into a directory, as docker save would.
func writeImage(dir string, programs ...string) error {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, p := range programs {
		if err := addProgram(w, "/bin/"+p); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return err
	}
	tag, err := registry.NewTag(imageName)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return tarball.WriteToFile(filepath.Join(dir, imageName+".tar"), tag, image)
}

// addProgram adds a program and the libraries that it needs.
func addProgram(w *tar.Writer, path string) error {
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := addFile(w, path); err != nil {
		return err
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			interpreter, err := io.ReadAll(part.Open())
			if err != nil {
				return err
			}
			if err := addFile(w, strings.TrimRight(string(interpreter), "\x00")); err != nil {
				return err
			}
		}
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return err
	}
	for _, library := range libraries {
		found, err := findLibrary(library)
		if err != nil {
			return err
		}
		if err := addFile(w, found); err != nil {
			return err
		}
	}
	return nil
}

func findLibrary(name string) (string, error) {
	for _, dir := range []string{"/lib/*-linux-*/", "/lib64/", "/lib/", "/usr/lib/*-linux-*/", "/usr/lib64/", "/usr/lib/"} {
		if found, _ := filepath.Glob(dir + name); len(found) > 0 {
			return found[0], nil
		}
	}
	return "", mesos.Errorf(mesos.NotFound, "image: library %s: not found", name)
}

func addFile(w *tar.Writer, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header := &tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
