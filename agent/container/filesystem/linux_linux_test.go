package filesystem_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestImageIsTheRoot(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_ChangeRootFilesystem
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_ChangeRootFilesystemCommandExecutor
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_SandboxEnvironmentVariable
	s := newScene(t)
	s.succeeds(s.withImage("test ! -e " + s.workDir + " && test -d /mnt/mesos/sandbox"))
	s.succeeds(s.withImage(`test "$MESOS_SANDBOX" = /mnt/mesos/sandbox && cd "$MESOS_SANDBOX" && test -f stdout`))
	spec := s.withImage("echo abc > file; echo abc > /outside")
	s.succeeds(spec)
	s.has(filepath.Join(spec.Sandbox, "file"), "abc\n")
	if _, err := os.Stat("/outside"); err == nil {
		t.Error("a container with an image wrote to the host's root")
	}
}

func TestDevicesOfAnImage(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_PseudoDevicesWithRootFilesystem
	s := newScene(t)
	s.succeeds(s.withImage(`set -e
		for d in zero random urandom full; do dd if=/dev/$d of=/dev/null bs=1024 count=1; done
		test -c /dev/tty && test -d /dev/pts && echo x > /dev/shm/x
		echo out > /dev/stdout; test -e /dev/fd/0
		mount | { while read what on where rest; do test "$where" != /dev/shm || exit 0; done; exit 1; }`))
	s.fails(s.withImage("echo x > /dev/full"))
}

func TestTerminalInAnImageIsItsConsole(t *testing.T) {
	s := newScene(t)
	spec := s.withImage(`
		test -t 0 && test -c /dev/console || exit 1
		test "$(stat -c %t:%T:%i /dev/console)" = "$(stat -L -c %t:%T:%i /proc/self/fd/0)" || exit 2
		echo written > /dev/console; exit 0`)
	spec.Container.TtyInfo = &mesospb.TTYInfo{}
	s.succeeds(spec)
	if out := containertest.Read(t, spec, "stdout"); !strings.Contains(out, "written") {
		t.Errorf("the terminal shows %q", out)
	}
	s.succeeds(s.withImage("test ! -e /dev/console"))
}

func TestWhatAnImageDoesNotShow(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_MaskedPathsWithRootFilesystem
	s := newScene(t)
	s.succeeds(s.withImage(`
		test -c /proc/keys || exit 1
		test -s /proc/keys && exit 2
		test ! -e /proc/kcore || test -c /proc/kcore || exit 3
		dd if=/dev/zero of=/proc/keys count=1
		test -c /proc/keys || exit 4
		test -d /proc/scsi && { mkdir /proc/scsi/foo && exit 5; }
		echo 1 > /proc/sys/kernel/panic && exit 6
		echo h > /proc/sysrq-trigger && exit 7
		mkdir /sys/x && exit 8
		exit 0`))
}

// TestNothingOfTheHostIsWritable: an image's links are followed in the image.
func TestNothingOfTheHostIsWritable(t *testing.T) {
	s := newScene(t)
	outside := s.dir()
	s.first = []container.Isolator{linking{to: outside}}
	s.start()
	s.refuses(s.withImage("true", hostPath("/data/inner", s.dir(), rw)), mesos.Invalid, "links")
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Errorf("outside is %v", entries)
	}
}

func TestContainersWithImages(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_MultipleContainers
	// covers: LinuxFilesystemIsolatorTest.ROOT_Metrics
	s := newScene(t)
	s.persistent("v")
	long := s.withImage("exec sleep 1000")
	long.Resources = containertest.Volume("v", "volume")
	containertest.Launch(t, s.Local, long)
	const meter = "containerizer/mesos/filesystem/containers_new_rootfs"
	if n := s.Metrics()[meter]; n != 1 {
		t.Errorf("%s is %v", meter, n)
	}
	s.succeeds(s.withImage("test ! -e " + s.workDir))
	if err := s.Destroy(t.Context(), long.ID); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, s.Local, long.ID); exit.Status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v", exit)
	}
	if n := s.Metrics()[meter]; n != 0 {
		t.Errorf("%s is %v", meter, n)
	}
}

func TestPersistentVolumes(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_PersistentVolumeWithRootFilesystem
	// covers: LinuxFilesystemIsolatorTest.ROOT_PersistentVolumeWithoutRootFilesystem
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_ChangeRootFilesystemCommandExecutorPersistentVolume
	s := newScene(t)
	s.persistent("v")
	for _, spec := range []container.Spec{s.spec("echo abc > volume/file"), s.withImage("echo abc >> volume/file", hostPath("/tmp", s.dir(), rw))} {
		spec.Resources = containertest.Volume("v", "volume")
		s.succeeds(spec)
		if _, err := os.Stat(filepath.Join(spec.Sandbox, "volume")); err == nil {
			t.Error("the mount point is still in the sandbox")
		}
	}
	s.has(s.volume("v", "file"), "abc\nabc\n")
}

func TestPersistentVolumeIsAlsoAVolumeOfTheSandbox(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_PersistentVolumeAndHostVolumeWithRootFilesystem
	s := newScene(t)
	s.persistent("v")
	spec := s.withImage("echo abc > /absolute_path/file", sandboxPath("/absolute_path", "volume", self, rw))
	spec.Resources = containertest.Volume("v", "volume")
	s.succeeds(spec)
	s.has(s.volume("v", "file"), "abc\n")
}

func TestReadOnlyPersistentVolume(t *testing.T) {
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_WriteAccessSharedPersistentVolumeReadOnlyMode
	s := newScene(t)
	s.persistent("v")
	for _, spec := range []container.Spec{s.spec("echo hello > volume/file"), s.withImage("echo hello > volume/file"),
		s.withImage("echo hello > /at/file", sandboxPath("/at", "volume", self, rw))} {
		spec.Resources = containertest.Volume("v", "volume")
		spec.Resources[0].Disk.Volume.Mode = ro.Enum()
		s.fails(spec)
	}
	if entries, err := os.ReadDir(s.volume("v")); err != nil || len(entries) > 0 {
		t.Errorf("the volume has %v, %v", entries, err)
	}
}

func TestVolumeIsGoneFromTheSandboxWhoeverUsesIt(t *testing.T) {
	// covers: LinuxFilesystemIsolatorTest.ROOT_PersistentVolumeMountPointCleanup
	s := newScene(t)
	s.persistent("v")
	spec := s.spec("touch volume/abc; echo up; exec sleep 1000")
	spec.Resources = containertest.Volume("v", "volume")
	pid := containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "it is up", func() bool { return containertest.Read(t, spec, "stdout") != "" })
	// This keeps a reference to the mount in the container.
	file, err := os.Open(filepath.Join("/proc", strconv.Itoa(pid), "root", spec.Sandbox, "volume/abc"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := s.Destroy(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(spec.Sandbox, "volume")); err == nil {
		t.Error("the mount point is still in the sandbox")
	}
	// Whatever cleans the sandbox does not reach into the volume.
	if err := os.RemoveAll(spec.Sandbox); err != nil {
		t.Fatal(err)
	}
	s.has(s.volume("v", "abc"), "")
}

// inside is a path as a container's first process sees it.
func inside(pid int, path string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), "root", path)
}

func TestVolumesComeToARunningContainerAndGo(t *testing.T) {
	s := newScene(t)
	s.persistent("v", "w")
	for _, c := range []struct {
		spec    container.Spec
		sandbox string
	}{{s.spec("exec sleep 1000"), ""}, {s.withImage("exec sleep 1000"), "/mnt/mesos/sandbox"}} {
		if c.sandbox == "" {
			c.sandbox = c.spec.Sandbox
		}
		c.spec.Resources = containertest.Volume("v", "one")
		pid := containertest.Launch(t, s.Local, c.spec)
		both := append(containertest.Volume("v", "one"), containertest.Volume("w", "two")...)
		for range 2 { // the second time there is nothing to do
			if err := s.Update(t.Context(), c.spec.ID, both, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.write(s.volume("v", "file"), "v")
		s.write(s.volume("w", "file"), "w")
		s.has(inside(pid, c.sandbox+"/one/file"), "v")
		s.has(inside(pid, c.sandbox+"/two/file"), "w")
		if err := s.Update(t.Context(), c.spec.ID, containertest.Volume("w", "two"), nil); err != nil {
			t.Fatal(err)
		}
		s.has(inside(pid, c.sandbox+"/two/file"), "w")
		if _, err := os.Stat(inside(pid, c.sandbox+"/one")); err == nil {
			t.Error("the volume of a task that ended is in the sandbox")
		}
		s.has(s.volume("v", "file"), "v")
		if err := s.Destroy(t.Context(), c.spec.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVolumesAfterTheAgentWasKilled(t *testing.T) {
	s := newScene(t)
	s.persistent("v", "w")
	spec := s.withImage("exec sleep 1000")
	spec.Outlive = time.Minute
	spec.Resources = containertest.Volume("v", "one")
	pid := containertest.Launch(t, s.Local, spec)
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.write(s.volume("v", "file"), "v")
	s.write(s.volume("w", "file"), "w")
	s.start()
	// The agent ended between writing down the task's resources and mounting.
	spec.Resources = append(spec.Resources, containertest.Volume("w", "two")...)
	if err := s.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	s.has(inside(pid, "/mnt/mesos/sandbox/one/file"), "v")
	s.has(inside(pid, "/mnt/mesos/sandbox/two/file"), "w")
}

func TestOrphanLeavesNoMounts(t *testing.T) {
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_RecoverOrphanedPersistentVolume
	s := newScene(t)
	s.persistent("v")
	spec := s.withImage("exec sleep 1000", hostPath("/tmp", s.dir(), rw))
	spec.Outlive = time.Minute
	spec.Resources = containertest.Volume("v", "path1")
	pid := containertest.Launch(t, s.Local, spec)
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.start()
	if err := s.Recover(nil); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "the orphan is gone", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
	s.nothingLeft()
	if err := os.RemoveAll(spec.Sandbox); err != nil {
		t.Errorf("the sandbox can't be removed: %v", err)
	}
}

func TestVolumesOfUsers(t *testing.T) {
	// covers: PersistentVolumeTest.UNPRIVILEGED_USER_PersistentVolumes
	s := newScene(t)
	s.persistent("v", "shared")
	first := s.spec("echo abc > volume/file")
	first.User, first.Resources = "nobody", containertest.Volume("v", "volume")
	s.succeeds(first)
	// A shared volume belongs to whom it was given first, as long as it is used.
	shared := func() container.Spec {
		spec := s.spec("exec sleep 1000")
		spec.Resources = containertest.Volume("shared", "volume")
		spec.Resources[0].Shared = new(mesospb.Resource_SharedInfo)
		return spec
	}
	one, two := shared(), shared()
	one.User, two.User = "nobody", "daemon"
	for _, spec := range []container.Spec{one, two} {
		containertest.Launch(t, s.Local, spec)
		if info, err := os.Stat(s.volume("shared")); err != nil || info.Sys().(*syscall.Stat_t).Uid != 65534 {
			t.Errorf("the shared volume is not nobody's: %v", err)
		}
	}
}

func TestPersistentVolumesThatAreRefused(t *testing.T) {
	s := newScene(t)
	s.persistent("v", "w")
	for _, c := range []struct {
		id, path string
		kind     mesos.Kind
		sentence string
	}{
		{"none", "volume", mesos.Invalid, "is not there"},
		{"v", "../volume", mesos.Unsupported, "name without slashes"},
		{"v", "..", mesos.Invalid, "not a name in the sandbox"},
		{"v", "stdout", mesos.Invalid, `volume v: container_path "stdout"`},
	} {
		spec := s.spec("true")
		spec.Resources = containertest.Volume(c.id, c.path)
		s.refuses(spec, c.kind, c.sentence)
	}
	spec := s.spec("true")
	spec.Resources = append(containertest.Volume("v", "x"), containertest.Volume("w", "x")...)
	s.refuses(spec, mesos.Invalid, `volumes v and w: both at container_path "x"`)
}

// TestSandboxesLinkDoesNotTakeAVolumeAway: who runs in the container may have put
// a link where a volume is to be shown.
func TestSandboxesLinkDoesNotTakeAVolumeAway(t *testing.T) {
	s := newScene(t)
	s.persistent("v")
	spec := s.spec("ln -s /etc volume; echo up; exec sleep 1000")
	containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "it is up", func() bool { return containertest.Read(t, spec, "stdout") != "" })
	err := s.Update(t.Context(), spec.ID, containertest.Volume("v", "volume"), nil)
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "leads out") {
		t.Errorf("update = %v", err)
	}
}

// linking replaces a directory of an image by a link that leads out of it.
type linking struct {
	container.Passive
	to string
}

func (l linking) Prepare(_ context.Context, plan *container.Plan) error {
	return os.Symlink(l.to, filepath.Join(plan.Image.Root, "data"))
}
