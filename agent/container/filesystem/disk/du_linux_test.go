package disk_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const megabytes = mesos.Bytes(1 << 20)

// scene is a containerizer that measures as often as it can.
type scene struct {
	*testing.T
	*container.Local
	workDir, runtimeDir string
	isolator            container.Isolator // of the disk
}

func newScene(t *testing.T, enforce bool) *scene {
	s := &scene{T: t, workDir: t.TempDir(), runtimeDir: containertest.RuntimeDir(t)}
	containertest.Reachable(s.workDir)
	s.start(disk.NewDU(disk.Config{WorkDir: s.workDir, Interval: time.Millisecond, Enforce: enforce}))
	return s
}

func (s *scene) start(isolator container.Isolator) {
	s.Helper()
	shared := filesystem.New(filesystem.Config{WorkDir: s.workDir})
	files := shared.Posix()
	if os.Geteuid() == 0 {
		var err error
		if files, err = shared.Linux(); err != nil {
			s.Fatal(err)
		}
	}
	s.Local = containertest.New(s.T, container.Config{
		Isolators: []container.Isolator{files, isolator}, WorkDir: s.workDir, RuntimeDir: s.runtimeDir,
	})
}

// has is so much disk.
func has(size mesos.Bytes) *mesospb.Resource {
	mb := float64(size) / float64(megabytes)
	return &mesospb.Resource{Name: new("disk"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &mb}}
}

// volume makes a persistent volume.
func (s *scene) volume(id, path string, size mesos.Bytes) *mesospb.Resource {
	s.Helper()
	if err := os.MkdirAll(filepath.Join(s.workDir, "volumes/roles/web", id), 0o755); err != nil {
		s.Fatal(err)
	}
	v := containertest.Volume(id, path)[0]
	v.Scalar = has(size).Scalar
	return v
}

func (s *scene) spec(command string, resources ...*mesospb.Resource) container.Spec {
	spec := containertest.Spec(s.T, containertest.Shell(command))
	spec.Resources = resources
	return spec
}

// limited waits until a container was ended for what it occupied.
func (s *scene) limited(spec container.Spec, message string, resource *mesospb.Resource) {
	s.Helper()
	containertest.Launch(s.T, s.Local, spec)
	exit := containertest.Wait(s.T, s.Local, spec.ID)
	if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK || !strings.Contains(exit.Message, message) ||
		len(exit.Limited) != 1 || exit.Limited[0] != resource {
		s.Errorf("it ended with %+v, want %q", exit, message)
	}
}

func (s *scene) usage(spec container.Spec) *mesospb.ResourceStatistics {
	s.Helper()
	usage, err := s.Usage(s.Context(), spec.ID)
	if err != nil {
		s.Fatal(err)
	}
	return usage
}

const fill = "dd if=/dev/zero bs=1048576 count=2 of="

func TestSandboxThatExceedsItsQuota(t *testing.T) {
	// covers: DiskQuotaEnforcement.DiskUsageExceedsQuota
	s := newScene(t, true)
	size := has(megabytes)
	s.limited(s.spec(fill+"file && exec sleep 1000", size), "exceeds quota (1MB)", size)
}

func TestNextAgentMeasuresImages(t *testing.T) {
	// covers: DiskQuotaEnforcement.SlaveRecovery
	s := newScene(t, true)
	root := t.TempDir()
	write(t, filepath.Join(root, "file"), 2*megabytes)
	spec := s.spec("exec sleep 1000", has(16*megabytes))
	spec.Outlive = time.Minute
	containertest.Launch(t, s.Local, spec)
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.start(disk.NewDU(disk.Config{WorkDir: s.workDir, Interval: time.Millisecond,
		Ephemeral: func(mesos.ContainerID) ([]string, error) { return []string{root}, nil }}))
	// The spec of a container with an image has it.
	spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(),
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{Type: mesospb.Image_DOCKER.Enum()}}}
	if err := s.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "what it wrote to its image is measured", func() bool {
		return s.usage(spec).GetDiskUsedBytes() >= uint64(2*megabytes)
	})
}

// image has a root file system, on which everything that is written counts.
type image struct {
	container.Passive
	root string
}

func (i image) Prepare(_ context.Context, plan *container.Plan) error {
	plan.Image = &container.Image{Root: i.root, Ephemeral: []string{i.root}}
	return nil
}

func TestImageThatExceedsTheSandboxesQuota(t *testing.T) {
	// covers: DiskQuotaEnforcement.DiskUsageExceedsQuota
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	s := newScene(t, true)
	root := containertest.Root(t)
	shared := filesystem.New(filesystem.Config{WorkDir: s.workDir, SandboxDirectory: "/mnt/mesos/sandbox"})
	files, err := shared.Linux()
	if err != nil {
		t.Fatal(err)
	}
	s.Local = containertest.New(t, container.Config{Isolators: []container.Isolator{
		image{root: root}, files, disk.NewDU(disk.Config{WorkDir: s.workDir, Interval: time.Millisecond, Enforce: true}),
	}})
	size := has((measure(t, root)/megabytes + 2) * megabytes)
	s.limited(s.spec(fill+"/tmp/file && "+fill+"/tmp/more && exec sleep 1000", size), "Disk usage (", size)
}

func TestVolumeThatExceedsItsQuota(t *testing.T) {
	// covers: DiskQuotaTest.VolumeUsageExceedsQuota
	s := newScene(t, true)
	v := s.volume("id1", "volume_path", megabytes)
	s.limited(s.spec(fill+"volume_path/file && exec sleep 1000", has(16*megabytes), v), "Disk usage of volume id1 (", v)
}

func TestVolumeDoesNotCountAsTheSandbox(t *testing.T) {
	// covers: LinuxFilesystemIsolatorMesosTest.ROOT_VolumeUsageExceedsSandboxQuota
	s := newScene(t, true)
	spec := s.spec(fill+"volume_path/file && while ! test -e go; do sleep 0.01; done", has(megabytes), s.volume("id1", "volume_path", 4*megabytes))
	containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "the volume is measured", func() bool {
		list := s.usage(spec).DiskStatistics
		return len(list) == 2 && list[1].GetUsedBytes() >= uint64(2*megabytes)
	})
	write(t, filepath.Join(spec.Sandbox, "go"), 0)
	if exit := containertest.Wait(t, s.Local, spec.ID); exit.Status != 0 || exit.Reason != 0 {
		t.Errorf("it ended with %+v", exit)
	}
}

func TestQuotaThatIsNotEnforced(t *testing.T) {
	// covers: DiskQuotaEnforcement.NoQuotaEnforcement
	s := newScene(t, false)
	spec := s.spec(fill+"file && exec sleep 1000", has(megabytes))
	containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "more than the quota is measured", func() bool {
		usage := s.usage(spec)
		if usage.GetDiskLimitBytes() != uint64(megabytes) {
			t.Fatalf("the limit is %d", usage.GetDiskLimitBytes())
		}
		return usage.GetDiskUsedBytes() > uint64(megabytes)
	})
}

func TestStatistics(t *testing.T) {
	// covers: DiskQuotaEnforcement.ResourceStatistics
	s := newScene(t, true)
	spec := s.spec(fill+"file && "+fill+"path1/file && exec sleep 1000", has(3*megabytes), s.volume("id1", "path1", 4*megabytes))
	containertest.Launch(t, s.Local, spec)
	var usage *mesospb.ResourceStatistics
	containertest.Until(t, "both are measured", func() bool {
		usage = s.usage(spec)
		list := usage.DiskStatistics
		return len(list) == 2 && list[0].GetUsedBytes() > uint64(megabytes) && list[1].GetUsedBytes() > uint64(megabytes)
	})
	sandbox, volume := usage.DiskStatistics[0], usage.DiskStatistics[1]
	if sandbox.GetLimitBytes() != uint64(3*megabytes) || sandbox.Persistence != nil || sandbox.GetUsedBytes() >= uint64(3*megabytes) ||
		usage.GetDiskUsedBytes() != sandbox.GetUsedBytes() || usage.GetDiskLimitBytes() != sandbox.GetLimitBytes() {
		t.Errorf("the sandbox has %v", sandbox)
	}
	if volume.GetLimitBytes() != uint64(4*megabytes) || volume.GetPersistence().GetId() != "id1" || volume.GetUsedBytes() >= uint64(4*megabytes) {
		t.Errorf("the volume has %v", volume)
	}
	// A volume of which the task has no use any more is not measured.
	if err := s.Update(t.Context(), spec.ID, spec.Resources[:1], nil); err != nil {
		t.Fatal(err)
	}
	if list := s.usage(spec).DiskStatistics; len(list) != 1 {
		t.Errorf("there are statistics of %v", list)
	}
}

func TestNextAgentMeasures(t *testing.T) {
	// covers: DiskQuotaEnforcement.SlaveRecovery
	s := newScene(t, true)
	spec := s.spec(fill+"file && exec sleep 1000", has(3*megabytes))
	spec.Outlive = time.Minute
	containertest.Launch(t, s.Local, spec)
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.start(disk.NewDU(disk.Config{WorkDir: s.workDir, Interval: time.Millisecond, Enforce: true}))
	if err := s.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "it is measured", func() bool {
		usage := s.usage(spec)
		return usage.GetDiskLimitBytes() == uint64(3*megabytes) && usage.GetDiskUsedBytes() >= uint64(2*megabytes)
	})
}
