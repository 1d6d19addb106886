package cgroups_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// oneImage is every image.
type oneImage struct{ root string }

func (i oneImage) Provision(context.Context, mesos.ContainerID, *mesospb.Image) (*container.Image, error) {
	return &container.Image{Root: i.root}, nil
}
func (oneImage) Destroy(context.Context, mesos.ContainerID) error { return nil }
func (oneImage) Recover([]mesos.ContainerID) error                { return nil }

// inImages is a containerizer whose containers have an image, and the image.
func inImages(t testing.TB, config cgroups.Config, isolators ...string) (*container.Local, *mesospb.ContainerInfo) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root has cgroups")
	}
	workDir := t.TempDir()
	containertest.Reachable(workDir)
	config.Root = root(t)
	list, err := isolation.New(isolation.Config{
		Names: append(isolators, "filesystem/linux"), WorkDir: workDir,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox"}, Cgroups: config,
	})
	if mesos.KindOf(err) == mesos.Unsupported {
		t.Skipf("this machine can't: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	l := containertest.New(t, container.Config{Isolators: list, Images: oneImage{containertest.Root(t)}, WorkDir: workDir})
	return l, &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(),
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")},
		}},
	}
}

// A container in an image, and one that is nested in it, see the cgroup whose limits
// hold for them where programs look for it, of each subsystem and of the freezer.
//
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_INTERNET_CommandTaskSpecificCgroupsMount
// covers: CgroupsIsolatorTest.ROOT_CGROUPS_INTERNET_NestedContainerSpecificCgroupsMount
func TestContainersInImagesSeeTheirCgroups(t *testing.T) {
	t.Parallel()
	l, image := inImages(t, cgroups.Config{}, "cgroups/cpu", "cgroups/mem")
	look := `cd /sys/fs/cgroup && cat memory/memory.soft_limit_in_bytes cpu/cpu.shares && while read pid; do
			[ $pid = $$ ] && echo frozen with it
		done < freezer/cgroup.procs`
	want := "67108864\n204\nfrozen with it\n"
	if v2 {
		look = "cd /sys/fs/cgroup && cat memory.low cpu.weight && cat leaf/cgroup.procs | { read pid; [ -n $pid ] && echo a process; }"
		want = "67108864\n20\na process\n"
	}
	outer := spec(t, "("+look+"); echo > done; exec sleep 1000", 0.2, 64)
	outer.Container = image
	containertest.Launch(t, l, outer)
	wait, _ := inSandbox(t, outer)
	wait("done")
	if stdout := containertest.Read(t, outer, "stdout"); stdout != want {
		t.Errorf("stdout = %q, stderr = %q", stdout, containertest.Read(t, outer, "stderr"))
	}
	for _, own := range []bool{true, false} {
		name := fmt.Sprintf("own-%v", own)
		inner := nested(t, &outer, name, look, own, 0.2, 64)
		inner.Sandbox = filepath.Join(outer.Sandbox, "containers", name)
		inner.Container = &mesospb.ContainerInfo{Type: image.Type, Mesos: image.Mesos, LinuxInfo: inner.Container.GetLinuxInfo()}
		_, stdout, stderr := containertest.Run(t, l, inner)
		if stdout != want {
			t.Errorf("nested, own %v: stdout = %q, stderr = %q", own, stdout, stderr)
		}
	}
}

// Root in an image sees its limits and can't lift them.
func TestCgroupsInAnImageAreReadOnly(t *testing.T) {
	t.Parallel()
	l, image := inImages(t, cgroups.Config{}, "cgroups/mem")
	s := spec(t, `cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes memory.max; do
		if [ -e $f ]; then cat $f; (echo 1000000000 > $f) 2>&1; cat $f; fi
	done; mkdir memory/x x 2>/dev/null; echo made $?`, 0.1, 64)
	s.Container = image
	_, stdout, stderr := containertest.Run(t, l, s)
	if strings.Count(stdout, "67108864\n") != 2 || !strings.Contains(stdout, "Read-only") || strings.Contains(stdout, "made 0") {
		t.Errorf("stdout = %q, stderr = %q", stdout, stderr)
	}
}

// Of the machine's devices an image has those of --allowed_devices, to be used by
// whoever is in it as the flag says, and no others.
func TestDevicesInImages(t *testing.T) {
	// covers: LinuxDevicesIsolatorTest.ROOT_UNPRIVILEGED_USER_PopulateWhitelistedDevices
	t.Parallel()
	deeper := filepath.Join(t.TempDir(), "deeper")
	if err := unix.Mknod(deeper, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 11))); err != nil {
		t.Skipf("this user can't make devices: %v", err)
	}
	for _, test := range []struct {
		path        string
		read, write bool
		check       string
	}{
		{"/dev/kmsg", false, false, "test -c /dev/kmsg && test ! -r /dev/kmsg && test ! -w /dev/kmsg && test ! -e /dev/loop-control"},
		{"/dev/kmsg", true, false, "test -r /dev/kmsg && test ! -w /dev/kmsg"},
		{"/dev/kmsg", false, true, "test -w /dev/kmsg && test ! -r /dev/kmsg && (: > /dev/kmsg)"},
		{"/dev/kmsg", true, true, "test -w /dev/kmsg && test -r /dev/kmsg && (: > /dev/kmsg)"},
		{deeper, true, false, "test ! -e /dev/kmsg && test -r /dev/" + strings.TrimPrefix(deeper, "/dev/")},
	} {
		l, image := inImages(t, cgroups.Config{AllowedDevices: allowed(test.path, test.read, test.write)}, "linux/devices", "cgroups/devices")
		s := spec(t, test.check, 0.1, 64)
		s.Container, s.User = image, "nobody"
		exit, stdout, stderr := containertest.Run(t, l, s)
		if !exit.Known || exit.Status != 0 {
			t.Errorf("%+v: exit = %+v, stdout = %q, stderr = %q", test, exit, stdout, stderr)
		}
	}
}
