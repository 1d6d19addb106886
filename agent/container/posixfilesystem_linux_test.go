package container

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// volume is a persistent volume of role web, to be shown under a name.
func volume(id, path string) []*mesospb.Resource {
	return []*mesospb.Resource{{
		Name: proto.String("disk"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: proto.Float64(64)},
		Reservations: []*mesospb.Resource_ReservationInfo{{
			Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: proto.String("web"),
		}},
		Disk: &mesospb.Resource_DiskInfo{
			Persistence: &mesospb.Resource_DiskInfo_Persistence{Id: &id},
			Volume:      &mesospb.Volume{ContainerPath: &path, Mode: mesospb.Volume_RW.Enum()},
		},
	}}
}

// withVolumes is a containerizer whose work directory has these volumes.
func withVolumes(t *testing.T, ids ...string) (l *Local, workDir string) {
	t.Helper()
	workDir = t.TempDir()
	for d := workDir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	for _, id := range ids {
		if err := os.MkdirAll(filepath.Join(workDir, "volumes/roles/web", id), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := New(Config{AgentIP: "192.0.2.7", Now: time.Now, WorkDir: workDir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, workDir
}

func TestTaskFindsItsVolumeInItsSandbox(t *testing.T) {
	// covers: PersistentVolumeTest.AccessPersistentVolume
	l, workDir := withVolumes(t, "v")
	for _, command := range []string{"echo abc > data/file", "test $(cat data/file) = abc"} {
		spec := specOf(t, shell(command))
		spec.Resources = volume("v", "data")
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
	dir := runtimeDir(t)
	spec := outliving(t, "while ! test -e go; do sleep 0.01; done; test -d data/.")
	spec.Resources = volume("v", "data")
	for i := range 2 {
		l, err := New(Config{AgentIP: "192.0.2.7", Now: time.Now, WorkDir: workDir, RuntimeDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if i == 0 {
			launch(t, l, spec)
			detach(t, l)
			continue
		}
		if err := l.Recover([]Spec{spec}); err != nil {
			t.Fatal(err)
		}
		if err := l.Update(t.Context(), spec.ID, volume("v", "data"), nil); err != nil {
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
	spec := specOf(t, shell("echo abc > data/file"))
	spec.Resources, spec.User = volume("v", "data"), "nobody"
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
	spec := specOf(t, shell("sleep 1000"))
	spec.Resources = volume("v", "one")
	if _, err := l.Launch(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	there := func(name string) bool {
		info, err := os.Stat(filepath.Join(spec.Sandbox, name))
		return err == nil && info.IsDir()
	}
	if err := l.Update(t.Context(), spec.ID, append(volume("v", "one"), volume("w", "two")...), nil); err != nil {
		t.Fatal(err)
	}
	if !there("one") || !there("two") {
		t.Error("a volume is not in the sandbox")
	}
	if err := l.Update(t.Context(), spec.ID, volume("w", "two"), nil); err != nil {
		t.Fatal(err)
	}
	if there("one") || !there("two") {
		t.Error("the volume of a task that ended is in the sandbox, or that of another is not")
	}
	// What the task itself put there is not replaced.
	if err := os.WriteFile(filepath.Join(spec.Sandbox, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := l.Update(t.Context(), spec.ID, volume("v", "mine"), nil); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a volume in place of a file: %v", err)
	}
}
