package filesystem_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestHostPaths(t *testing.T) {
	// covers: VolumeHostPathIsolatorTest.ROOT_VolumeFromHost
	// covers: VolumeHostPathIsolatorTest.ROOT_FileVolumeFromHost
	// covers: VolumeHostPathIsolatorTest.ROOT_VolumeFromHostSandboxMountPoint
	// covers: VolumeHostPathIsolatorTest.ROOT_FileVolumeFromHostSandboxMountPoint
	// covers: VolumeHostPathIsolatorMesosTest.ROOT_ChangeRootFilesystem
	s := newScene(t)
	dir := s.dir()
	s.write(filepath.Join(dir, "dir/file.txt"), "abc")
	file := filepath.Join(dir, "dir/file.txt")
	s.succeeds(s.withImage("test -d /tmp/dir", hostPath("/tmp", dir, rw)))
	s.succeeds(s.withImage("test -f /tmp/test/file.txt", hostPath("/tmp/test/file.txt", file, rw)))
	s.succeeds(s.withImage("test -f /dev/of/mine", hostPath("/dev/of/mine", file, rw)))
	s.succeeds(s.withImage("test -d mountpoint/dir && test -d /mnt/mesos/sandbox/mountpoint/dir", hostPath("mountpoint", dir, rw)))
	s.succeeds(s.withImage("test -d mountpoint/dir", hostPath("/mnt/mesos/sandbox/mountpoint", dir, rw)))
	s.succeeds(s.withImage("test -f mountpoint/file.txt", hostPath("mountpoint/file.txt", file, rw)))
	s.succeeds(s.spec("test -d mountpoint/dir", hostPath("mountpoint", dir, rw)))
	s.succeeds(s.spec("test -f mountpoint/file.txt", hostPath("mountpoint/file.txt", file, rw)))
	s.succeeds(s.withImage("test -f /tmp/testfile && test -d /mnt/mesos/sandbox/relative_dir",
		hostPath("/tmp/testfile", file, rw), hostPath("relative_dir", dir, rw)))
	// As it was said before volumes had sources.
	s.succeeds(s.withImage("test -d /tmp/dir", &mesospb.Volume{ContainerPath: new("/tmp"), HostPath: &dir, Mode: rw.Enum()}))
	// Without an image only what is there can be mounted on.
	at := s.dir()
	s.succeeds(s.spec("test -d "+at+"/dir", hostPath(at, dir, rw)))
	if entries, _ := os.ReadDir(at); len(entries) > 0 {
		t.Error("the volume is seen on the host")
	}
}

func TestReadOnlyHostPath(t *testing.T) {
	// covers: VolumeHostPathIsolatorTest.ROOT_ReadOnlyVolumeFromHost
	s := newScene(t)
	dir := s.dir()
	// What is mounted in it is read-only, too.
	if err := os.MkdirAll(filepath.Join(dir, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", filepath.Join(dir, "inner"), "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(filepath.Join(dir, "inner"), unix.MNT_DETACH)
	for _, spec := range []container.Spec{
		s.withImage("rmdir /tmp/inner || touch /tmp/x || touch /tmp/inner/x", hostPath("/tmp", dir, ro)),
		s.spec("touch vol/x || touch vol/inner/x", hostPath("vol", dir, ro)),
		s.spec("touch "+dir+"/x || touch "+dir+"/inner/x", hostPath(dir, dir, ro)),
	} {
		s.fails(spec)
	}
}

func TestHostPathsThatAreMade(t *testing.T) {
	// covers: VolumeHostPathIsolatorTest.ROOT_VolumeFromHostForceCreation
	allowed, other := t.TempDir(), t.TempDir()
	s := newScene(t, func(c *isolation.Config) {
		c.Filesystem.HostPathCreation = []string{allowed, filepath.Join(other, "x")}
	})
	foo, bar := filepath.Join(allowed, "a/foo"), filepath.Join(other, "x/bar")
	s.succeeds(s.withImage("test -d /mnt/foo -a -d /mnt/bar", hostPath("/mnt/foo", foo, rw), hostPath("/mnt/bar", bar, rw)))
	for _, path := range []string{foo, bar} {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.Symlink(other, filepath.Join(allowed, "out")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(other, "y"), filepath.Join(other, "xy"), allowed + "/../" + filepath.Base(other) + "/z", filepath.Join(allowed, "out/w"),
	} {
		s.refuses(s.withImage("true", hostPath("/mnt/foo", path, rw)), mesos.Invalid, "host_path")
	}
	for _, name := range []string{"y", "xy", "z", "w"} {
		if _, err := os.Stat(filepath.Join(other, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

func TestMountPropagation(t *testing.T) {
	// covers: VolumeHostPathIsolatorTest.ROOT_MountPropagation
	s := newScene(t)
	dir := s.dir()
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	point := filepath.Join(dir, "point")
	if err := os.Mkdir(point, 0o755); err != nil {
		t.Fatal(err)
	}
	volume := hostPath(dir, dir, rw)
	volume.Source.HostPath.MountPropagation = &mesospb.MountPropagation{Mode: mesospb.MountPropagation_BIDIRECTIONAL.Enum()}
	command := "mount -t tmpfs tmpfs " + point + " && touch " + point + "/foo"
	s.refuses(s.spec(command, volume), mesos.Invalid, "not a shared mount")
	if err := unix.Mount("", dir, "", unix.MS_SHARED, ""); err != nil {
		t.Fatal(err)
	}
	s.succeeds(s.spec(command, volume))
	s.has(filepath.Join(point, "foo"), "")
	if err := unix.Unmount(point, 0); err != nil {
		t.Fatal(err)
	}
	// By itself, nothing comes from a container to the host.
	s.succeeds(s.spec(command, hostPath(dir, dir, rw)))
	if _, err := os.Stat(filepath.Join(point, "foo")); err == nil {
		t.Error("a container's mount is seen on the host")
	}
	image := hostPath("/data", dir, rw)
	image.Source.HostPath.MountPropagation = volume.Source.HostPath.MountPropagation
	s.succeeds(s.withImage("mount -t tmpfs tmpfs /data/point && touch /data/point/bar", image))
	s.has(filepath.Join(point, "bar"), "")
	if err := unix.Unmount(point, 0); err != nil {
		t.Fatal(err)
	}
}

func TestSandboxPathsOfItsOwn(t *testing.T) {
	// covers: VolumeSandboxPathIsolatorTest.ROOT_SelfType
	// covers: VolumeSandboxPathIsolatorTest.ROOT_SelfTypeReadOnly
	// covers: VolumeSandboxPathIsolatorTest.ROOT_UNPRIVILEGED_USER_SelfTypeOwnership
	s := newScene(t)
	for _, user := range []string{"", "nobody"} {
		spec := s.withImage("echo abc > /tmp/file", sandboxPath("/tmp", "tmp", self, rw))
		spec.User = user
		s.succeeds(spec)
		s.has(filepath.Join(spec.Sandbox, "tmp/file"), "abc\n")
		s.fails(s.withImage("echo abc > /tmp/file", sandboxPath("/tmp", "tmp", self, ro)))
	}
	// As it was said before volumes had sources.
	spec := s.withImage("echo abc > /tmp/file", &mesospb.Volume{ContainerPath: new("/tmp"), HostPath: new("a/tmp"), Mode: rw.Enum()})
	s.succeeds(spec)
	s.has(filepath.Join(spec.Sandbox, "a/tmp/file"), "abc\n")
}

// pod launches a container that runs until its end and returns a spec of one that
// is nested in it.
func (s *scene) pod(of container.Spec, name, command string, volumes ...*mesospb.Volume) container.Spec {
	s.Helper()
	if _, err := s.Usage(s.Context(), of.ID); err != nil {
		containertest.Launch(s.T, s.Local, of)
	}
	nested := s.spec(command, volumes...)
	nested.ID = of.ID + mesos.ContainerID("."+name)
	nested.Sandbox = filepath.Join(of.Sandbox, "containers", name)
	return nested
}

func TestSandboxPathsOfTheParent(t *testing.T) {
	// covers: VolumeSandboxPathIsolatorTest.SharedParentTypeVolume
	// covers: VolumeSandboxPathIsolatorTest.ROOT_UNPRIVILEGED_USER_ParentTypeOwnership
	for _, names := range [][]string{{"filesystem/linux"}, {"filesystem/posix", "volume/sandbox_path"}} {
		t.Run(names[0], func(t *testing.T) {
			s := newScene(t, func(c *isolation.Config) { c.Names = names })
			executor := s.spec("exec sleep 1000")
			executor.User = "nobody"
			first := s.pod(executor, "a", "echo hello > parent/file", sandboxPath("parent", "shared", parent, rw))
			first.User = "nobody"
			s.succeeds(first)
			second := s.pod(executor, "b", "test $(cat parent/file) = hello", sandboxPath("parent", "shared", parent, rw))
			s.succeeds(second)
			s.has(filepath.Join(executor.Sandbox, "shared/file"), "hello\n")
		})
	}
}

func TestParentsVolumesAreSharedAsTheyAre(t *testing.T) {
	s := newScene(t)
	s.persistent("v", "r")
	host := s.dir()
	s.write(filepath.Join(host, "sub/file"), "host")
	executor := s.withImage("exec sleep 1000", hostPath("h", host, ro))
	executor.Resources = append(containertest.Volume("v", "one"), containertest.Volume("r", "two")...)
	executor.Resources[1].Disk.Volume.Mode = ro.Enum()
	s.succeeds(s.pod(executor, "a", "echo abc > mine/file", sandboxPath("mine", "one", parent, rw)))
	s.has(s.volume("v", "file"), "abc\n")
	s.succeeds(s.pod(executor, "b", "echo abc > mine/file", sandboxPath("mine", "one/deep", parent, rw)))
	s.has(s.volume("v", "deep/file"), "abc\n")
	// What the parent may only read no child may write.
	s.fails(s.pod(executor, "c", "echo abc > mine/file", sandboxPath("mine", "two", parent, rw)))
	s.fails(s.pod(executor, "d", "echo abc > mine/file", sandboxPath("mine", "h/sub", parent, rw)))
	s.succeeds(s.pod(executor, "e", "test $(cat mine/file) = host", sandboxPath("mine", "h/sub", parent, rw)))
}

func TestGroupOfAVolumeOfTheParent(t *testing.T) {
	// covers: VolumeSandboxPathIsolatorTest.ROOT_UNPRIVILEGED_USER_ParentTypeDifferentUser
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_UNPRIVILEGED_USER_PersistentVolumes
	s := newScene(t, func(c *isolation.Config) {
		var err error
		c.Filesystem.Gids, err = gids.Open(filepath.Join(t.TempDir(), "gids"), mesos.Ranges{{Begin: 10000, End: 10009}}, false)
		if err != nil {
			t.Fatal(err)
		}
	})
	m := s.config.Filesystem.Gids
	executor := s.spec("exec sleep 1000")
	nested := s.pod(executor, "a", "echo hello > parent/file && exec sleep 1000", sandboxPath("parent", "shared", parent, rw))
	nested.User = "nobody"
	containertest.Launch(t, s.Local, nested)
	path := filepath.Join(executor.Sandbox, "shared")
	containertest.Until(t, "the volume is written to", func() bool {
		data, _ := os.ReadFile(filepath.Join(path, "file"))
		return string(data) == "hello\n"
	})
	group := func(path string) uint32 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Gid
	}
	if group(path) != 10000 || m.Free() != m.Total()-1 {
		t.Errorf("the volume has group %d, %d of %d are free", group(path), m.Free(), m.Total())
	}
	if err := s.Destroy(t.Context(), executor.ID); err != nil {
		t.Fatal(err)
	}
	if group(path) != 0 || m.Free() != m.Total() {
		t.Errorf("the volume has group %d, %d of %d are free", group(path), m.Free(), m.Total())
	}
	// A persistent volume keeps its group until it is destroyed.
	s.persistent("shared", "own")
	spec := s.spec("echo hello > one/file && echo world > two/file")
	spec.User = "nobody"
	spec.Resources = append(containertest.Volume("shared", "one"), containertest.Volume("own", "two")...)
	spec.Resources[0].Shared = new(mesospb.Resource_SharedInfo)
	s.succeeds(spec)
	if m.Free() != m.Total()-2 {
		t.Errorf("%d of %d groups are free", m.Free(), m.Total())
	}
}

func TestImageVolumes(t *testing.T) {
	// covers: VolumeImageIsolatorTest.ROOT_ImageInVolumeWithoutRootFilesystem
	// covers: VolumeImageIsolatorTest.ROOT_ImageInReadOnlyVolumeWithoutRootFilesystem
	// covers: VolumeImageIsolatorTest.ROOT_ImageInVolumeWithRootFilesystem
	s := newScene(t)
	volume := func(path string, mode mesospb.Volume_Mode) *mesospb.Volume {
		return &mesospb.Volume{ContainerPath: &path, Mode: mode.Enum(), Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")}}}
	}
	s.succeeds(s.spec("test -d rootfs/bin && touch rootfs/x", volume("rootfs", rw)))
	s.fails(s.spec("test -d rootfs/bin && touch rootfs/x", volume("rootfs", ro)))
	s.succeeds(s.withImage("test -d rootfs/bin && test -d /mnt/other/bin", volume("rootfs", rw), volume("/mnt/other", ro)))
}

func TestVolumesThatAreRefused(t *testing.T) {
	s := newScene(t)
	dir := s.dir()
	file := filepath.Join(dir, "file")
	s.write(file, "")
	for _, c := range []struct {
		spec     container.Spec
		sentence string
	}{
		{s.spec("true", hostPath("x", dir+"/none", rw)), "it is not on the host"},
		{s.spec("true", hostPath("x", "relative", rw)), "not an absolute path"},
		{s.spec("true", hostPath("../x", dir, rw)), `container_path "../x": ".." may lead out`},
		{s.withImage("true", hostPath("/../../x", dir, rw)), `".." may lead out`},
		{s.withImage("true", hostPath("/proc/1", dir, rw)), "it would hide what the kernel says"},
		{s.withImage("true", hostPath("/", dir, rw)), "all that the container has"},
		{s.spec("true", hostPath("/no/such/dir", dir, rw)), "it is not on the host"},
		{s.spec("true", hostPath("/etc", file, rw)), "in place of a directory"},
		{s.withImage("true", hostPath("/bin/sh", dir, rw)), `container_path "/bin/sh"`},
		{s.spec("true", sandboxPath("/tmp", "../../etc", self, rw)), `sandbox_path "../../etc": ".." may lead out`},
		{s.spec("true", sandboxPath("/tmp", "/etc", self, rw)), "an absolute one"},
		{s.spec("true", sandboxPath("x", "y", self, rw)), "a link does that"},
		{s.spec("true", sandboxPath("x", "y", parent, rw)), "not nested"},
	} {
		s.refuses(c.spec, mesos.Invalid, c.sentence)
	}
	driver := s.spec("true", &mesospb.Volume{ContainerPath: new("x"), Mode: rw.Enum(),
		Source: &mesospb.Volume_Source{Type: mesospb.Volume_Source_DOCKER_VOLUME.Enum()}})
	s.refuses(driver, mesos.Unsupported, "volumes of type DOCKER_VOLUME")
	// The parent put a link there that leads out.
	executor := s.spec("ln -s /etc out; echo up; exec sleep 1000")
	nested := s.pod(executor, "a", "true", sandboxPath("x", "out", parent, rw))
	containertest.Until(t, "it is up", func() bool { return containertest.Read(t, executor, "stdout") != "" })
	s.refuses(nested, mesos.Invalid, "leads out")
}
