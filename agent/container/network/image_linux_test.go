package network_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// images are directories, by the names of images.
type images map[string]string

func (i images) Provision(_ context.Context, _ mesos.ContainerID, image *mesospb.Image) (*container.Image, error) {
	root, ok := i[image.GetDocker().GetName()]
	if !ok {
		return nil, mesos.Errorf(mesos.NotFound, "no such image")
	}
	return &container.Image{Root: root}, nil
}
func (images) Recover([]mesos.ContainerID) error                { return nil }
func (images) Destroy(context.Context, mesos.ContainerID) error { return nil }

// rooted has containers with images run in them, with the host's programs.
type rooted struct {
	container.Passive
	images images
}

func (r rooted) Prepare(ctx context.Context, plan *container.Plan) error {
	image := plan.Spec.Container.GetMesos().GetImage()
	if image == nil {
		return nil
	}
	var err error
	if plan.Image, err = r.images.Provision(ctx, plan.Spec.ID, image); err != nil {
		return err
	}
	p := &plan.Process
	p.Root, p.Namespaces = plan.Image.Root, p.Namespaces|syscall.CLONE_NEWNS
	p.Dir = "/"
	for _, name := range []string{"bin", "lib", "lib64", "usr"} {
		dir, err := filepath.EvalSymlinks("/" + name)
		if err != nil {
			continue
		}
		p.Mounts = append(p.Mounts, supervise.Mount{
			Source: dir, Target: filepath.Join(p.Root, name), Make: true,
			Flags: syscall.MS_BIND | syscall.MS_REC | syscall.MS_RDONLY,
		})
	}
	p.Mounts = append(p.Mounts, supervise.Mount{Source: "proc", Target: filepath.Join(p.Root, "proc"), Make: true, Type: "proc"})
	return nil
}

// withImages gives a house images, which change may put files into.
func withImages(roots images) func(*house) {
	return func(h *house) {
		h.config.Images = roots
		h.first = append(h.first, rooted{container.Passive{Named: "test/rooted"}, roots})
	}
}

// withImage is a container with an image.
func withImage(t *testing.T, command, image string, networks ...string) container.Spec {
	t.Helper()
	spec := on(t, command, networks...)
	spec.Container.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
		Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &image},
	}}
	return spec
}

// A container with an image on the host's network sees the host's files, and can't
// change them.
func TestImageOnHost(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_INTERNET_CURL_LaunchContainerInHostNetwork
	// covers: CniIsolatorTest.ROOT_INTERNET_CURL_ReadOnlyBindMounts
	t.Parallel()
	root := t.TempDir()
	h := newHouse(t, withImages(images{"image": root}))
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Skip("this host has no /etc/hosts")
	}
	got := h.succeeds(t, withImage(t, "cat /etc/hosts", "image"))
	if got != string(hosts) {
		t.Errorf("it sees %q, the host has %q", got, hosts)
	}
	for _, name := range []string{"hosts", "resolv.conf"} {
		_, stdout, stderr := containertest.Run(t, h.Local, withImage(t, "(: >> /etc/"+name+") || echo refused", "image"))
		if stdout != "refused\n" {
			t.Errorf("it can change %s: %q, %q", name, stdout, stderr)
		}
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if got := h.succeeds(t, withImage(t, "readlink /proc/self/ns/net", "image")); got != own+"\n" {
		t.Errorf("it is on network %q", got)
	}
	if info, err := os.Stat(filepath.Join(root, "etc/hosts")); err != nil || info.Size() != 0 {
		t.Errorf("the image was written to: %v", err)
	}
}

// On a CNI network it sees its own, whatever the image has there.
func TestImageOnNetwork(t *testing.T) {
	t.Parallel()
	roots := images{}
	for name, make := range map[string]func(root string) error{
		"empty": func(string) error { return nil },
		"links": func(root string) error {
			if err := os.MkdirAll(filepath.Join(root, "run/etc"), 0o755); err != nil {
				return err
			}
			if err := os.Symlink("run/etc", filepath.Join(root, "etc")); err != nil {
				return err
			}
			return os.Symlink("/etc/hosts", filepath.Join(root, "etc/hosts"))
		},
	} {
		roots[name] = t.TempDir()
		if err := make(roots[name]); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile("/etc/hosts")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, withImages(roots))
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", `, "dns": {"nameservers": ["203.0.113.1"]}`))
	for name := range roots {
		spec := withImage(t, "cat /etc/hosts /etc/hostname /etc/resolv.conf", name, "mock")
		id := string(spec.ID)
		if got := h.succeeds(t, spec); got != "127.0.0.1 localhost\n203.0.113.9 "+id+"\n"+id+"\nnameserver 203.0.113.1\n" {
			t.Errorf("%s: it sees %q", name, got)
		}
	}
	if after, err := os.ReadFile("/etc/hosts"); err != nil || string(after) != string(before) {
		t.Error("the host's file was changed")
	}
	h.clean(t)
}

// An image whose /etc leads out of it is refused.
func TestImageThatLeadsOut(t *testing.T) {
	t.Parallel()
	root, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "etc")); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, withImages(images{"image": root}))
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	for _, networks := range [][]string{nil, {"mock"}} {
		if _, err := h.Launch(t.Context(), withImage(t, "true", "image", networks...)); err == nil || !strings.Contains(err.Error(), "image: ") {
			t.Errorf("launch: %v", err)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("made outside: %v, %v", entries, err)
	}
	h.clean(t)
}
