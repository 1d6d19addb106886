//go:build !windows

package daemon

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

func TestVolumesAreMadeAndRemovedWithAllTheyHold(t *testing.T) {
	// covers: PersistentVolumeTest.CreateAndDestroyPersistentVolumes
	workDir, mount, outside := t.TempDir(), t.TempDir(), t.TempDir()
	inside := resources.VolumePath{Path: "volumes/roles/a b/v"}
	whole := resources.VolumePath{Root: mount}
	change := func(e agent.ChangeVolumes) {
		t.Helper()
		for range 2 { // an agent that died may have done it before
			if err := changeVolumes(workDir, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	change(agent.ChangeVolumes{Create: []resources.VolumePath{inside, whole}})
	precious := filepath.Join(outside, "file")
	for _, v := range []resources.VolumePath{inside, whole} {
		dir := v.In(workDir)
		for _, err := range []error{
			os.MkdirAll(filepath.Join(dir, "a/b"), 0o755), os.WriteFile(precious, nil, 0o644),
			os.WriteFile(filepath.Join(dir, "a/file"), nil, 0o644), os.Symlink(outside, filepath.Join(dir, "link")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	change(agent.ChangeVolumes{Create: []resources.VolumePath{inside}}) // one that is there stays as it is
	if _, err := os.Stat(filepath.Join(inside.In(workDir), "a/file")); err != nil {
		t.Error(err)
	}
	change(agent.ChangeVolumes{Destroy: []resources.VolumePath{inside, whole}})
	if _, err := os.Lstat(inside.In(workDir)); !os.IsNotExist(err) {
		t.Errorf("a volume in the work directory is there: %v", err)
	}
	if entries, err := os.ReadDir(mount); err != nil || len(entries) > 0 {
		t.Errorf("a mount: %v, %v", entries, err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("what a link pointed at: %v", err)
	}
}

func TestVolumesOfNestedRolesDoNotOverlap(t *testing.T) {
	// covers: RoleTest.VolumesInOverlappingHierarchies
	workDir := t.TempDir()
	volume := func(role, id string) resources.VolumePath {
		return resources.Resource{
			Name: "disk", Reservations: []resources.Reservation{{Dynamic: true, Role: role}},
			Disk: &resources.Disk{Persistence: &resources.Persistence{ID: id}},
		}.VolumePath()
	}
	deep, shallow := volume("a/b/c/d", "id"), volume("a/b/c", "d")
	for _, e := range []agent.ChangeVolumes{
		{Create: []resources.VolumePath{deep}}, {Create: []resources.VolumePath{shallow}},
	} {
		if err := changeVolumes(workDir, e); err != nil {
			t.Fatal(err)
		}
		for _, v := range e.Create {
			if entries, err := os.ReadDir(v.In(workDir)); err != nil || len(entries) > 0 {
				t.Errorf("%v begins with %v, %v", v, entries, err)
			}
		}
	}
	if err := changeVolumes(workDir, agent.ChangeVolumes{Destroy: []resources.VolumePath{shallow}}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(deep.In(workDir)); err != nil {
		t.Errorf("the other volume: %v", err)
	}
	if err := changeVolumes(workDir, agent.ChangeVolumes{Destroy: []resources.VolumePath{deep}}); err != nil {
		t.Error(err)
	}
}
