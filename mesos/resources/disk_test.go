package resources

import (
	"fmt"
	"strings"
	"testing"
)

// The rules here are those of
// https://mesos.apache.org/documentation/latest/persistent-volume/ and
// https://mesos.apache.org/documentation/latest/multiple-disk/.

// covers: DiskResourcesTest.Validation
func TestValidateDisk(t *testing.T) {
	err := Validate(Resource{Name: "cpus", Scalar: 2000, Disk: &Disk{Persistence: &Persistence{ID: "1"}}})
	if err == nil || !strings.Contains(err.Error(), "only disk resources have disk information") {
		t.Errorf("cpus with a disk: %v", err)
	}
	for name, change := range map[string][]func(*Resource){
		"a volume":                 {volume("1"), at("path")},
		"a volume of a PATH disk":  {volume("1"), at("path"), rooted(SourcePath, "mnt")},
		"a volume of a MOUNT disk": {volume("1"), at("path"), rooted(SourceMount, "mnt")},
		"a path only":              {at("path")},
		"a BLOCK disk":             {from(Source{Type: SourceBlock})},
		"a RAW disk":               {from(Source{Type: SourceRaw, ID: "id"})},
	} {
		if err := Validate(the(t, disk(10, "web", change...))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for cause, source := range map[string]Source{
		"a BLOCK disk source has no root": {Type: SourceBlock, HasRoot: true, Root: "mnt"},
		"a RAW disk source has no root":   {Type: SourceRaw, HasRoot: true, Root: "mnt"},
		"type of the disk source":         {},
	} {
		err := Validate(Resource{Name: "disk", Scalar: 1, Disk: &Disk{Source: &source}})
		if err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("error %v, want one with %q", err, cause)
		}
	}
}

// covers: DiskResourcesTest.Equals
func TestDiskEqual(t *testing.T) {
	expectEqual(t, "another path", disk(10, "*", at("a")), disk(10, "*", at("b")))
	expectEqual(t, "another path of a volume", disk(10, "web", volume("1"), at("a")), disk(10, "web", volume("1"), at("b")))
	expectDifferent(t, "no disk information", disk(10, "*"), disk(10, "*", at("a")))
	expectDifferent(t, "another id", disk(10, "web", volume("1"), at("b")), disk(10, "web", volume("2"), at("b")))
	expectDifferent(t, "no id", disk(10, "web", at("b")), disk(10, "web", volume("2"), at("b")))
}

// covers: DiskResourcesTest.DiskSourceEquals
func TestDiskSourceEqual(t *testing.T) {
	path1, path2 := rooted(SourcePath, "1"), rooted(SourcePath, "2")
	mount1, mount2 := rooted(SourceMount, "1"), rooted(SourceMount, "2")
	expectEqual(t, "with and without a path", disk(10, "*", path1), disk(10, "*", path1, at("a")))
	expectEqual(t, "another path", disk(10, "*", path1, at("b")), disk(10, "*", path1, at("a")))
	expectEqual(t, "another path of a volume",
		disk(10, "web", volume("1"), at("a"), path1), disk(10, "web", volume("1"), at("b"), path1))
	expectDifferent(t, "another id",
		disk(10, "web", volume("1"), path1), disk(10, "web", volume("2"), path1))
	expectDifferent(t, "no id", disk(10, "web", path1), disk(10, "web", volume("2"), path1))
	sources := []Resources{disk(10, "*", path1), disk(10, "*", path2), disk(10, "*", mount1), disk(10, "*", mount2), disk(10, "*")}
	for i, a := range sources {
		for j, b := range sources {
			if a.Equal(b) != (i == j) {
				t.Errorf("%v equals %v: %v", a, b, i != j)
			}
		}
	}
	labelled := func(labels ...Label) Resources {
		return disk(1, "*", from(Source{Type: SourceRaw, ID: "id", Metadata: labels}))
	}
	expectEqual(t, "metadata in another order", labelled(label("a", "1"), label("b", "2")), labelled(label("b", "2"), label("a", "1")))
	expectDifferent(t, "other metadata", labelled(label("a", "1"), label("a", "1")), labelled(label("a", "1"), label("b", "2")))
}

// Whether disks can be added up and split depends on their source only.
//
// covers: DiskResourcesSourceTest.SourceIdentity
func TestDiskSourceIdentity(t *testing.T) {
	for _, kind := range []SourceType{SourceRaw, SourcePath, SourceBlock, SourceMount} {
		for bits := range 8 {
			source := Source{Type: kind}
			if bits&1 != 0 {
				source.Vendor = "vendor"
			}
			if bits&2 != 0 {
				source.ID = "id"
			}
			if bits&4 != 0 {
				source.Profile = "profile"
			}
			divisible := kind == SourcePath || kind == SourceRaw && source.ID == ""
			t.Run(fmt.Sprint(source), func(t *testing.T) {
				one, two := disk(1, "*", from(source)), disk(2, "*", from(source))
				expectContains(t, one, one, true)
				expectContains(t, two, one, divisible)
				if got := one.Add(one).Equal(two); got != divisible {
					t.Errorf("one and one make two: %v", got)
				}
				if got := one.Add(one).Len() == 1; got != divisible {
					t.Errorf("one and one make one resource: %v", got)
				}
			})
		}
	}
}

// covers: DiskResourcesTest.Addition
func TestDiskAdd(t *testing.T) {
	plain := disk(10, "web", at("a"))
	expectEqual(t, "twice the same", plain.Add(plain), disk(20, "web", at("a")))
	expectDifferent(t, "another disk", plain.Add(disk(10, "web")), disk(20, "web", at("a")))
	sum := disk(10, "web", volume("1")).Add(disk(10, "web", volume("2")))
	expectContains(t, sum, disk(10, "web", volume("1")), true)
	expectContains(t, sum, disk(10, "web", volume("2")), true)
	expectContains(t, sum, disk(20, "web", at("a")), false)
	expectContains(t, sum, disk(20, "web", volume("1")), false)
}

// covers: DiskResourcesTest.DiskSourceAddition
func TestDiskSourceAdd(t *testing.T) {
	path1, path2 := rooted(SourcePath, "1"), rooted(SourcePath, "2")
	mount1, mount2 := rooted(SourceMount, "1"), rooted(SourceMount, "2")
	expectEqual(t, "the same PATH", disk(10, "web", path1).Add(disk(10, "web", path1)), disk(20, "web", path1))
	expectDifferent(t, "the same PATH", disk(10, "web", path1).Add(disk(10, "web", path1)), disk(20, "web", path2))
	expectDifferent(t, "different PATHs", disk(10, "web", path1).Add(disk(10, "web", path2)), disk(20, "web", path2))
	expectContains(t, disk(20, "web", path1), disk(10, "web", path1), true)
	expectDifferent(t, "the same MOUNT", disk(10, "web", mount1).Add(disk(10, "web", mount1)), disk(20, "web", mount1))
	expectDifferent(t, "different MOUNTs", disk(10, "web", mount1).Add(disk(10, "web", mount2)), disk(20, "web", mount2))
	expectContains(t, disk(20, "web", mount1), disk(10, "web", mount1), false)
	expectContains(t, disk(20, "web", mount1), disk(20, "web", mount1), true)
	expectDifferent(t, "PATH and MOUNT", disk(10, "web", path1).Add(disk(10, "web", mount1)), disk(20, "web", path1))
}

// covers: DiskResourcesTest.Subtraction
func TestDiskSub(t *testing.T) {
	expect(t, "a path", disk(10, "web", at("a")).Sub(disk(10, "web", at("a"))), "")
	expect(t, "plain", disk(10, "web").Sub(disk(10, "web")), "")
	expectEqual(t, "another disk", disk(10, "web", at("a")).Sub(disk(10, "web")), disk(10, "web", at("a")))
	one, two := disk(10, "web", volume("1"), at("a")), disk(10, "web", volume("2"), at("a"))
	expectEqual(t, "another volume", one.Sub(two), one)
	expect(t, "the same volume", one.Sub(one), "")
	expect(t, "the same volume elsewhere", two.Sub(disk(10, "web", volume("2"), at("b"))), "")
}

// covers: DiskResourcesTest.DiskSourceSubtraction
func TestDiskSourceSub(t *testing.T) {
	path1, path2 := rooted(SourcePath, "1"), rooted(SourcePath, "2")
	mount1, mount2 := rooted(SourceMount, "1"), rooted(SourceMount, "2")
	ten, twenty := disk(10, "web", path1), disk(20, "web", path1)
	expect(t, "PATH", ten.Sub(ten), "")
	expect(t, "PATH, twice", twenty.Sub(ten).Sub(ten), "")
	expectEqual(t, "part of a PATH", twenty.Sub(ten), ten)
	expectEqual(t, "another PATH", disk(10, "web", path2).Sub(ten), disk(10, "web", path2))
	whole := disk(20, "web", mount1)
	expect(t, "MOUNT", whole.Sub(whole), "")
	expectEqual(t, "part of a MOUNT", whole.Sub(disk(10, "web", mount1)), whole)
	expectEqual(t, "another MOUNT", whole.Sub(disk(20, "web", mount2)), whole)
	expectEqual(t, "PATH from MOUNT", disk(10, "web", mount1).Sub(ten), disk(10, "web", mount1))
}

// covers: DiskResourcesTest.Contains
// covers: DiskResourcesTest.SourceContains
func TestDiskContains(t *testing.T) {
	one, other := disk(10, "web", volume("1"), at("a")), disk(20, "web", volume("2"), at("a"))
	expectContains(t, one, one.Add(one), false)
	expectContains(t, one.Add(one), one.Add(one), true)
	expectContains(t, one.Add(other), one, true)
	expectContains(t, one.Add(other), other, true)
	for _, kind := range []SourceType{SourcePath, SourceMount} {
		source := rooted(kind, "mnt")
		ten, twenty := disk(10, "web", volume("1"), source), disk(20, "web", volume("1"), source)
		expectContains(t, ten, ten, true)
		expectContains(t, twenty, ten, false)
		expectContains(t, twenty, ten.Add(ten), false)
		ten, twenty = disk(10, "web", source), disk(20, "web", source)
		divisible := kind == SourcePath
		expectContains(t, ten, ten, true)
		expectContains(t, twenty, ten, divisible)
		expectContains(t, twenty, ten.Add(ten), divisible)
	}
	// One exclusive disk doesn't count for two.
	mount := disk(10, "web", rooted(SourceMount, "mnt"))
	expectContains(t, mount, mount.Add(mount), false)
}

// covers: DiskResourcesTest.FilterPersistentVolumes
func TestPersistentVolumes(t *testing.T) {
	wanted := disk(10, "web", volume("1"), at("a"))
	all := MustParse("cpus:2;mem:256;disk:100").Add(wanted).Add(disk(20, "db"))
	expectEqual(t, "the volumes", all.PersistentVolumes(), wanted)
}
