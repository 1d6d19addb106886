package resources

import "testing"

func TestVolumesLieWhereMesosHasThem(t *testing.T) {
	// covers: PathsTest.PersistentVolume
	for role, want := range map[string]string{"web": "volumes/roles/web/v", "a/b/c": "volumes/roles/a b c/v"} {
		at := func(source *Source) VolumePath {
			return Resource{Name: "disk", Reservations: []Reservation{{Dynamic: true, Role: role}},
				Disk: &Disk{Persistence: &Persistence{ID: "v"}, Source: source}}.VolumePath()
		}
		for got, want := range map[VolumePath]VolumePath{
			at(nil): {Path: want},
			at(&Source{Type: SourcePath, Root: "/srv", HasRoot: true}):  {Root: "/srv", Path: want},
			at(&Source{Type: SourceMount, Root: "/mnt", HasRoot: true}): {Root: "/mnt"},
		} {
			if got != want {
				t.Errorf("of role %s: got %+v, want %+v", role, got, want)
			}
		}
	}
	for v, want := range map[VolumePath]string{
		{Path: "a/b"}:                 "/work/a/b",
		{Root: "/srv", Path: "a"}:     "/srv/a",
		{Root: "data", Path: "a"}:     "/work/data/a",
		{Root: "/mnt/disk", Path: ""}: "/mnt/disk",
	} {
		if got := v.In("/work"); got != want {
			t.Errorf("%+v: got %s, want %s", v, got, want)
		}
	}
}
