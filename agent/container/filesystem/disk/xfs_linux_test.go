package disk_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/xfs/xfstest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// newXFSScene is a containerizer whose work directory is on XFS.
func newXFSScene(t *testing.T, edit func(*disk.Config)) *scene {
	root := xfstest.Mount(t, "pquota")
	s := &scene{T: t, workDir: filepath.Join(root, "work"), runtimeDir: containertest.RuntimeDir(t)}
	if err := os.Mkdir(s.workDir, 0o755); err != nil {
		t.Fatal(err)
	}
	containertest.Reachable(s.workDir)
	s.start(s.xfs(edit))
	return s
}

func (s *scene) xfs(edit func(*disk.Config)) *disk.XFS {
	s.Helper()
	config := disk.Config{WorkDir: s.workDir, Interval: 10 * time.Millisecond, Enforce: true, Projects: "[5000-5003]", Headroom: 10 * megabytes}
	edit(&config)
	x, err := disk.NewXFS(config)
	if err != nil {
		s.Fatal(err)
	}
	s.isolator = x
	return x
}

// run is a container whose sandbox is where an agent has it.
func (s *scene) run(command string, resources ...*mesospb.Resource) container.Spec {
	spec := s.spec(command, resources...)
	spec.Sandbox = filepath.Join(s.workDir, "slaves/a/frameworks/f/executors/e/runs", string(spec.ID))
	return spec
}

func (s *scene) free() float64 {
	return s.Metrics()["containerizer/mesos/disk/project_ids_free"]
}

func same(*disk.Config)            {}
func kill(c *disk.Config)          { c.Kill = true }
func noEnforcement(c *disk.Config) { c.Enforce = false }

func TestXFSLetsNobodyWriteMore(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.DiskUsageExceedsQuota
	// covers: ROOT_XFS_QuotaTest.VolumeUsageExceedsQuota
	s := newXFSScene(t, same)
	spec := s.run(fill+"file", has(megabytes))
	containertest.Launch(t, s.Local, spec)
	if exit := containertest.Wait(t, s.Local, spec.ID); exit.Status == 0 || exit.Reason != 0 {
		t.Errorf("it ended with %+v", exit)
	}
	v := s.volume("id1", "volume_path", megabytes)
	spec = s.run(fill+"file && ! "+fill+"volume_path/file", has(8*megabytes), v)
	containertest.Launch(t, s.Local, spec)
	if exit := containertest.Wait(t, s.Local, spec.ID); exit.Status != 0 {
		t.Errorf("it ended with %+v", exit)
	}
	// The volume keeps its project until it is destroyed, a sandbox until it is removed.
	if n := s.free(); n != 1 {
		t.Errorf("%v projects are free", n)
	}
	if err := os.RemoveAll(filepath.Join(s.workDir, "volumes/roles/web/id1")); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "the volume's project is free", func() bool { return s.free() == 2 })
}

func TestXFSEndsContainers(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.DiskUsageExceedsQuotaWithKill
	// covers: ROOT_XFS_QuotaTest.DiskUsageExceedsQuotaWithSoftKillViolation
	// covers: ROOT_XFS_QuotaTest.VolumeUsageExceedsQuotaWithKill
	s := newXFSScene(t, kill)
	for _, spec := range []container.Spec{
		s.run(fill+"file && exec sleep 1000", has(megabytes)),
		s.run(fill+"volume_path/file && exec sleep 1000", has(8*megabytes), s.volume("id1", "volume_path", megabytes)),
	} {
		containertest.Launch(t, s.Local, spec)
		exit := containertest.Wait(t, s.Local, spec.ID)
		if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK || len(exit.Limited) != 1 ||
			exit.Limited[0].GetScalar().GetValue() < 1 || exit.Limited[0].GetName() != "disk" {
			t.Errorf("it ended with %+v", exit)
		}
	}
	// By more than the headroom nobody gets.
	spec := s.run("dd if=/dev/zero bs=1048576 count=20 of=file; exec sleep 1000", has(megabytes))
	containertest.Launch(t, s.Local, spec)
	containertest.Wait(t, s.Local, spec.ID)
	if used := measure(t, spec.Sandbox); used > 12*megabytes {
		t.Errorf("the sandbox occupies %v", used)
	}
}

func TestXFSStatistics(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.ResourceStatistics
	s := newXFSScene(t, same)
	spec := s.run(fill+"file && "+fill+"path1/file && exec sleep 1000", has(3*megabytes), s.volume("id1", "path1", 4*megabytes))
	containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "both are written", func() bool {
		usage := s.usage(spec)
		list := usage.DiskStatistics
		if usage.GetDiskLimitBytes() != uint64(3*megabytes) || len(list) != 1 || list[0].GetLimitBytes() != uint64(4*megabytes) {
			t.Fatalf("the statistics are %v", usage)
		}
		return usage.GetDiskUsedBytes() >= uint64(2*megabytes) && list[0].GetUsedBytes() >= uint64(2*megabytes) &&
			list[0].GetPersistence().GetId() == "id1"
	})
}

func TestXFSOnlyCounts(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.DiskUsageExceedsQuotaNoEnforce
	// covers: ROOT_XFS_QuotaEnforcement.ResourceStatisticsNoEnforce
	s := newXFSScene(t, noEnforcement)
	spec := s.run(fill+"file && while ! test -e go; do sleep 0.1; done", has(megabytes))
	containertest.Launch(t, s.Local, spec)
	containertest.Until(t, "more is used than given", func() bool {
		usage := s.usage(spec)
		return usage.GetDiskLimitBytes() == uint64(megabytes) && usage.GetDiskUsedBytes() >= uint64(2*megabytes)
	})
	write(t, filepath.Join(spec.Sandbox, "go"), 0)
	if exit := containertest.Wait(t, s.Local, spec.ID); exit.Status != 0 {
		t.Errorf("it ended with %+v", exit)
	}
}

func TestXFSNextAgent(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.CheckpointRecovery
	// covers: ROOT_XFS_QuotaEnforcement.NoCheckpointRecovery
	// covers: ROOT_XFS_QuotaEnforcement.ProjectIdReclaiming
	s := newXFSScene(t, same)
	spec, ends := s.run(fill+"file && exec sleep 1000", has(4*megabytes)), s.run("exec sleep 1000", has(megabytes))
	spec.Outlive = time.Minute
	for _, c := range []container.Spec{spec, ends} {
		containertest.Launch(t, s.Local, c)
	}
	containertest.Until(t, "it is written", func() bool { return s.usage(spec).GetDiskUsedBytes() >= uint64(2*megabytes) })
	if n := s.free(); n != 2 {
		t.Errorf("%v projects are free", n)
	}
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.start(s.xfs(same))
	if err := s.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if usage := s.usage(spec); usage.GetDiskUsedBytes() < uint64(2*megabytes) || usage.GetDiskLimitBytes() != uint64(4*megabytes) {
		t.Errorf("the statistics are %v", usage)
	}
	// The sandbox of the container that ended with its agent has its project still.
	if n := s.free(); n != 2 {
		t.Errorf("%v projects are free after a restart", n)
	}
	if err := os.RemoveAll(ends.Sandbox); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "its project is free", func() bool { return s.free() == 3 })
}

func TestXFSTakesInContainersThatWereThereBefore(t *testing.T) {
	// covers: ROOT_XFS_QuotaEnforcement.RecoverOldContainers
	// covers: ROOT_XFS_QuotaEnforcement.RecoverOldContainersExceedingQuota
	s := newXFSScene(t, same)
	s.start(containerWithout{})
	keeps, exceeds := s.run("exec sleep 1000", has(4*megabytes)), s.run(fill+"file && echo up && exec sleep 1000", has(megabytes))
	for _, spec := range []*container.Spec{&keeps, &exceeds} {
		spec.Outlive = time.Minute
		containertest.Launch(t, s.Local, *spec)
	}
	containertest.Until(t, "it is written", func() bool { return containertest.Read(t, exceeds, "stdout") != "" })
	if err := s.Detach(); err != nil {
		t.Fatal(err)
	}
	s.start(s.xfs(kill))
	if err := s.Recover([]container.Spec{keeps, exceeds}); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, s.Local, exceeds.ID); exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK {
		t.Errorf("it ended with %+v", exit)
	}
	if usage := s.usage(keeps); usage.GetDiskLimitBytes() != uint64(4*megabytes) {
		t.Errorf("the statistics are %v", usage)
	}
	if project, err := xfs.Of(keeps.Sandbox); err != nil || project == 0 {
		t.Errorf("the sandbox is of project %d, %v", project, err)
	}
}

// containerWithout is no isolator at all.
type containerWithout struct{ container.Passive }

func TestXFSProjectsRunOut(t *testing.T) {
	s := newXFSScene(t, func(c *disk.Config) { c.Projects = "[7-7]" })
	containertest.Launch(t, s.Local, s.run("exec sleep 1000", has(megabytes)))
	if _, err := s.Launch(t.Context(), s.run("true", has(megabytes))); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v", err)
	}
}

func TestXFSFlags(t *testing.T) {
	// covers: ROOT_XFS_QuotaTest.IsolatorFlags
	// covers: FsTest.Type
	if ranges, err := disk.ParseProjects("[10-11, 20-29]"); err != nil || ranges.Len() != 12 {
		t.Errorf("projects are %v, %v", ranges, err)
	}
	for _, bad := range []string{"", "foo", "100", "[0-10]", "[1-4294967296]", "[]"} {
		if ranges, err := disk.ParseProjects(bad); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("projects %q are %v, %v", bad, ranges, err)
		}
	}
	if os.Geteuid() == 0 {
		if _, err := disk.NewXFS(disk.Config{WorkDir: "/proc", Projects: "[1-2]"}); mesos.KindOf(err) != mesos.Unsupported {
			t.Errorf("a work directory that is not on XFS: %v", err)
		}
	}
}
