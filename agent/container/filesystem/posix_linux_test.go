package filesystem_test

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

func isolators(workDir string) []container.Isolator {
	return []container.Isolator{filesystem.New(filesystem.Config{WorkDir: workDir}).Posix()}
}

// withVolumes is a containerizer whose work directory has these volumes.
func withVolumes(t *testing.T, ids ...string) (l *container.Local, workDir string) {
	t.Helper()
	workDir = t.TempDir()
	containertest.Reachable(workDir)
	for _, id := range ids {
		if err := os.MkdirAll(filepath.Join(workDir, "volumes/roles/web", id), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return containertest.New(t, container.Config{Isolators: isolators(workDir), WorkDir: workDir}), workDir
}

func TestTaskFindsItsVolumeInItsSandbox(t *testing.T) {
	// covers: PersistentVolumeTest.AccessPersistentVolume
	l, workDir := withVolumes(t, "v")
	for _, command := range []string{"echo abc > data/file", "test $(cat data/file) = abc"} {
		spec := containertest.Spec(t, containertest.Shell(command))
		spec.Resources = containertest.Volume("v", "data")
		if _, err := l.Launch(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if exit, err := l.Wait(t.Context(), spec.ID); err != nil || exit.Status != 0 {
			t.Errorf("%s: status %v, %v", command, exit.Status, err)
		}
	}
	if data, err := os.ReadFile(filepath.Join(workDir, "volumes/roles/web/v/file")); err != nil || string(data) != "abc\n" {
		t.Errorf("the volume has %q, %v", data, err)
	}
}

func TestVolumeOfAContainerThatIsTakenOverStays(t *testing.T) {
	// covers: PersistentVolumeTest.SlaveRecovery
	_, workDir := withVolumes(t, "v")
	dir := containertest.RuntimeDir(t)
	spec := containertest.Spec(t, containertest.Shell("while ! test -e go; do sleep 0.01; done; test -d data/."))
	spec.Outlive = time.Minute
	spec.Resources = containertest.Volume("v", "data")
	for i := range 2 {
		l := containertest.New(t, container.Config{Isolators: isolators(workDir), WorkDir: workDir, RuntimeDir: dir})
		if i == 0 {
			containertest.Launch(t, l, spec)
			if err := l.Detach(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := l.Recover([]container.Spec{spec}); err != nil {
			t.Fatal(err)
		}
		if err := l.Update(t.Context(), spec.ID, containertest.Volume("v", "data"), nil); err != nil {
			t.Errorf("its resources as they were: %v", err)
		}
		if err := os.WriteFile(filepath.Join(spec.Sandbox, "go"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if exit, err := l.Wait(t.Context(), spec.ID); err != nil || exit.Status != 0 {
			t.Errorf("the volume is gone: %+v, %v", exit, err)
		}
	}
}

func TestVolumeIsItsUsers(t *testing.T) {
	// covers: PersistentVolumeTest.UNPRIVILEGED_USER_PersistentVolumes
	if os.Geteuid() != 0 {
		t.Skip("only root can run a task as another user")
	}
	l, workDir := withVolumes(t, "v")
	spec := containertest.Spec(t, containertest.Shell("echo abc > data/file"))
	spec.Resources, spec.User = containertest.Volume("v", "data"), "nobody"
	if _, err := l.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if exit, err := l.Wait(t.Context(), spec.ID); err != nil || exit.Status != 0 {
		t.Errorf("status %v, %v", exit.Status, err)
	}
	info, err := os.Stat(filepath.Join(workDir, "volumes/roles/web/v"))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Errorf("the volume is root's: %v", err)
	}
}

func TestVolumesComeAndGoWithTasks(t *testing.T) {
	l, _ := withVolumes(t, "v", "w")
	spec := containertest.Spec(t, containertest.Shell("sleep 1000"))
	spec.Resources = containertest.Volume("v", "one")
	if _, err := l.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	there := func(name string) bool {
		info, err := os.Stat(filepath.Join(spec.Sandbox, name))
		return err == nil && info.IsDir()
	}
	if err := l.Update(t.Context(), spec.ID, append(containertest.Volume("v", "one"), containertest.Volume("w", "two")...), nil); err != nil {
		t.Fatal(err)
	}
	if !there("one") || !there("two") {
		t.Error("a volume is not in the sandbox")
	}
	if err := l.Update(t.Context(), spec.ID, containertest.Volume("w", "two"), nil); err != nil {
		t.Fatal(err)
	}
	if there("one") || !there("two") {
		t.Error("the volume of a task that ended is in the sandbox, or that of another is not")
	}
	// What the task itself put there is not replaced.
	if err := os.WriteFile(filepath.Join(spec.Sandbox, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := l.Update(t.Context(), spec.ID, containertest.Volume("v", "mine"), nil); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a volume in place of a file: %v", err)
	}
}
