package rootfs

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/mesos"
)

// need skips a test where a backend doesn't work, and says why.
func need(t *testing.T, name string) Backend {
	t.Helper()
	b, err := Choose(name, t.TempDir(), t.TempDir())
	if err != nil {
		t.Skipf("%v", err)
	}
	return b
}

// unpacked makes layers on disk, as a backend takes them.
func unpacked(t *testing.T, b Backend, layers ...[]tar.Header) []string {
	t.Helper()
	var dirs []string
	base := t.TempDir()
	for i, entries := range layers {
		dir := filepath.Join(base, fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		data := imagetest.Archive(t, entries...)
		if _, err := layer.Unpack(t.Context(), bytes.NewReader(data), dir, b.Form(), layer.DefaultLimits); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

func provision(t *testing.T, b Backend, layers []string) (root string, ephemeral []string) {
	t.Helper()
	dir := t.TempDir()
	root, scratch := filepath.Join(dir, "rootfses", "1"), filepath.Join(dir, "scratch", "1")
	t.Cleanup(func() {
		for range 2 { // the second time there is nothing any more
			if err := b.Destroy(root, scratch); err != nil {
				t.Error(err)
			}
		}
		for _, path := range []string{root, scratch} {
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left: %v", path, err)
			}
		}
		if left, err := mountsIn(dir); err != nil || len(left) > 0 {
			t.Errorf("mounts left: %v, %v", left, err)
		}
	})
	ephemeral, err := b.Provision(t.Context(), layers, root, scratch)
	if err != nil {
		t.Fatal(err)
	}
	return root, ephemeral
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return "error: " + errors.Unwrap(err).Error()
	}
	return string(data)
}

const gone = "error: no such file or directory"

// TestLayersAreMerged holds backends that take several layers to the same.
func TestLayersAreMerged(t *testing.T) {
	// covers: OverlayBackendTest.ROOT_OVERLAYFS_OverlayFSBackend
	// covers: CopyBackendTest.ROOT_CopyBackend
	// covers: ProvisionerDockerBackendTest.ROOT_INTERNET_CURL_DTYPE_Whiteout
	// covers: ProvisionerDockerBackendTest.ROOT_INTERNET_CURL_DTYPE_Overwrite
	for _, name := range []string{"overlay", "copy"} {
		t.Run(name, func(t *testing.T) {
			b := need(t, name)
			layers := unpacked(t, b,
				[]tar.Header{
					imagetest.File("dir1/file1", "lower1"), imagetest.File("dir1/file2", "lower2"),
					imagetest.File("abc", "abc"), imagetest.File("xyz", "xyz"),
					imagetest.File("merged/foo", "lower"), imagetest.File("replaced1/x", "lower"), imagetest.File("replaced2", "lower"),
					imagetest.File("bin/sh", "sh"), imagetest.Symlink("link", "/bin"),
				},
				[]tar.Header{
					imagetest.File("dir1/.wh..wh..opq", ""), imagetest.File("dir1/file3", "upper"),
					imagetest.File("abc", "new abc"), imagetest.File(".wh.xyz", ""),
					imagetest.File("merged/bar", "upper"), imagetest.File("replaced1", "upper"), imagetest.File("replaced2/x", "upper"),
					imagetest.File("link/.wh.sh", ""),
				},
				[]tar.Header{{Name: "./", Typeflag: tar.TypeDir, Mode: 0o711}})
			root, ephemeral := provision(t, b, layers)
			for path, want := range map[string]string{
				"dir1/file1": gone, "dir1/file2": gone, "dir1/file3": "upper", "abc": "new abc", "xyz": gone,
				"merged/foo": "lower", "merged/bar": "upper", "replaced1": "upper", "replaced2/x": "upper",
				"bin/sh": "sh", "link/sh": gone,
			} {
				if got := read(t, filepath.Join(root, path)); got != want {
					t.Errorf("%s: %q, want %q", path, got, want)
				}
			}
			if info, err := os.Stat(root); err != nil || info.Mode().Perm() != 0o711 {
				t.Errorf("the root directory: %v, %v", info.Mode(), err)
			}
			for path := range map[string]bool{"abc": true, "new": true} {
				if err := os.WriteFile(filepath.Join(root, path), []byte("mine"), 0o600); err != nil {
					t.Error(err)
				}
			}
			if err := os.RemoveAll(filepath.Join(root, "bin")); err != nil {
				t.Error(err)
			}
			if read(t, layers[1]+"/abc") != "new abc" || read(t, layers[0]+"/bin/sh") != "sh" || read(t, layers[0]+"/new") != gone {
				t.Error("a layer, which others share, was changed")
			}
			other, _ := provision(t, b, layers)
			if read(t, other+"/abc") != "new abc" || read(t, other+"/new") != gone || read(t, other+"/bin/sh") != "sh" {
				t.Error("what one container wrote is seen by another")
			}
			if len(ephemeral) == 0 || read(t, ephemeral[0]+"/new") != "mine" {
				t.Errorf("%v don't grow as the container writes", ephemeral)
			}
		})
	}
}

func TestManyLayers(t *testing.T) {
	// covers: OverlayBackendTest.ROOT_OVERLAYFS_OverlayFSBackendWithManyLayers
	for _, name := range []string{"overlay", "copy"} {
		t.Run(name, func(t *testing.T) {
			b := need(t, name)
			var all [][]tar.Header
			for i := range 200 { // by name they need 20 kB of options
				all = append(all, []tar.Header{imagetest.File(fmt.Sprintf("file%d", i), fmt.Sprint(i)), imagetest.File("last", fmt.Sprint(i))})
			}
			root, _ := provision(t, b, unpacked(t, b, all...))
			if got := read(t, root+"/file0") + read(t, root+"/file137") + read(t, root+"/last"); got != "0137199" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestOverlayOfOddNames(t *testing.T) {
	b := need(t, "overlay")
	dir := filepath.Join(t.TempDir(), `a:b,c\d`)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if root, _ := provision(t, b, []string{dir}); read(t, root+"/x") != "x" {
		t.Error("not the layer")
	}
}

func TestBindIsReadOnlyAndOfOneLayer(t *testing.T) {
	// covers: BindBackendTest.ROOT_BindBackend
	b := need(t, "bind")
	layers := unpacked(t, b, []tar.Header{imagetest.File("dir1/file", "x"), imagetest.Dir("tmp")}, []tar.Header{imagetest.File("y", "y")})
	root, _ := provision(t, b, layers[:1])
	if got := read(t, root+"/dir1/file"); got != "x" {
		t.Errorf("got %q", got)
	}
	for _, err := range []error{
		os.WriteFile(root+"/tmp/new", nil, 0o600), os.WriteFile(root+"/dir1/file", nil, 0o600), os.Remove(root + "/dir1/file"),
	} {
		if !errors.Is(err, unix.EROFS) {
			t.Errorf("writing: %v", err)
		}
	}
	if _, err := b.Provision(t.Context(), layers, t.TempDir()+"/r", t.TempDir()); err == nil || !strings.Contains(err.Error(), "2 layers") {
		t.Errorf("two layers: %v", err)
	}
}

func TestDestroyLeavesWhatIsMountedAlone(t *testing.T) {
	for _, name := range []string{"overlay", "copy"} {
		t.Run(name, func(t *testing.T) {
			b := need(t, name)
			dir, volume := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(volume, "data"), []byte("data"), 0o600); err != nil {
				t.Fatal(err)
			}
			root := filepath.Join(dir, "root")
			layers := unpacked(t, b, []tar.Header{imagetest.Dir("mnt")})
			if _, err := b.Provision(t.Context(), layers, root, filepath.Join(dir, "scratch")); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mount(volume, root+"/mnt", "", unix.MS_BIND, ""); err != nil {
				t.Skipf("can't mount: %v", err)
			}
			if err := b.Destroy(root, filepath.Join(dir, "scratch")); err != nil {
				t.Error(err)
			}
			if read(t, volume+"/data") != "data" {
				t.Error("a volume lost its data with the container")
			}
		})
	}
}

func TestChoose(t *testing.T) {
	for name, says := range map[string]string{"aufs": "no kernel of today", "zfs": "there are overlay, bind, copy"} {
		if _, err := Choose(name, t.TempDir(), t.TempDir()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	store, containers := t.TempDir(), t.TempDir()
	b, err := Choose("", store, containers)
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 && b.Name() != "copy" {
		t.Errorf("%s without root", b.Name())
	}
	for _, dir := range []string{store, containers} {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left in %s: %v, %v", dir, left, err)
		}
	}
	// An overlay can't be the upper directory of another one.
	overlay := need(t, "overlay")
	root, _ := provision(t, overlay, unpacked(t, overlay, nil))
	if b, err := Choose("", store, root); err != nil || b.Name() != "copy" {
		t.Errorf("on an overlay: %v, %v", b, err)
	}
	if _, err := Choose("overlay", store, root); err == nil || mesos.KindOf(err) != mesos.Unsupported {
		t.Errorf("on an overlay: %v", err)
	}
}

func TestPaths(t *testing.T) {
	// covers: PathsTest.ProvisionerDir
	// covers: ProvisionerPathTest.ListProvisionerContainers
	// covers: MesosContainerizerPathsTest.BuildPathPrefixMode
	work := t.TempDir()
	p := PathsOf(work)
	if all, err := p.Containers(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	for path, want := range map[string]string{
		p.Container("a.b"):               "provisioner/containers/a/containers/b",
		p.Layers("a"):                    "provisioner/containers/a/layers",
		p.Root("a.b.c", "overlay", "id"): "provisioner/containers/a/containers/b/containers/c/backends/overlay/rootfses/id",
	} {
		if path != filepath.Join(work, want) {
			t.Errorf("%s, want %s", path, want)
		}
	}
	for _, dir := range []string{
		p.Root("parent.child1", "copy", "1"), p.Root("parent.child1", "copy", "2"), p.Root("parent.child2.child", "overlay", "3"),
		p.Backend("parent.child2.child", "bind"), p.Container("other"),
	} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(work, "provisioner/containers/file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := p.Containers()
	want := []mesos.ContainerID{"other", "parent", "parent.child1", "parent.child2", "parent.child2.child"}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("%v, %v", all, err)
	}
	for id, want := range map[mesos.ContainerID][]Made{
		"parent.child1": {{"copy", "1"}, {"copy", "2"}}, "parent.child2.child": {{"overlay", "3"}}, "other": nil, "parent": nil, "nosuch": nil,
	} {
		if made, err := p.Roots(id); err != nil || !slices.Equal(made, want) {
			t.Errorf("%s: %v, %v", id, made, err)
		}
	}
}
