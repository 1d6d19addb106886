package resources

import "testing"

// covers: ResourcesTest.Printing
// covers: ResourcesTest.PrintingScalarPrecision
func TestString(t *testing.T) {
	for text, want := range map[string]string{
		"cpus:7.25;ports:[8000-8100, 9000-9999];zones:{b,a}": "cpus:7.25; ports:[8000-8100, 9000-9999]; zones:{a, b}",
		"":                      "{}",
		"cpus:2.345":            "cpus:2.345",
		"cpus:1.2345":           "cpus:1.235",
		"cpus:1.2344":           "cpus:1.234",
		"cpus:1.1":              "cpus:1.1",
		"cpus:1.100":            "cpus:1.1",
		"cpus:2000003":          "cpus:2000003",
		"cpus:88888888888.8884": "cpus:88888888888.888",
	} {
		if got := MustParse(text).String(); got != want {
			t.Errorf("%s prints as %s, want %s", text, got, want)
		}
	}
}

// covers: ResourcesTest.PrintingExtendedAttributes
func TestResourceString(t *testing.T) {
	hosted := func(r *Resource) {
		at("/data")(r)
		r.Disk.Volume.HostPath = "/host"
	}
	readOnly := func(r *Resource) { r.Disk.Volume.ReadOnly = true }
	reserve := func(layers ...Reservation) func(*Resource) {
		return func(r *Resource) { r.Reservations = layers }
	}
	for _, test := range []struct {
		change []func(*Resource)
		want   string
	}{
		{nil, "disk:1"},
		{[]func(*Resource){reserve(Reservation{Role: "web"})}, "disk(reservations: [(STATIC,web)]):1"},
		{[]func(*Resource){reserve(Reservation{Role: "web"}), func(r *Resource) { r.AllocationRole = "db" }},
			"disk(allocated: db)(reservations: [(STATIC,web)]):1"},
		{[]func(*Resource){revocable}, "disk{REV}:1"},
		{[]func(*Resource){volume("id"), at("/data")}, "disk[id:/data]:1"},
		{[]func(*Resource){volume("id"), at("/data"), revocable}, "disk[id:/data]{REV}:1"},
		{[]func(*Resource){volume("id"), hosted}, "disk[id:/host:/data:rw]:1"},
		{[]func(*Resource){volume("id"), hosted, readOnly}, "disk[id:/host:/data:ro]:1"},
		{[]func(*Resource){volume("id"), hosted, rooted(SourceMount, "/m")}, "disk[MOUNT:/m,id:/host:/data:rw]:1"},
		{[]func(*Resource){volume("id"), hosted, rooted(SourcePath, "/p")}, "disk[PATH:/p,id:/host:/data:rw]:1"},
		{[]func(*Resource){from(Source{Type: SourceMount})}, "disk[MOUNT]:1"},
		{[]func(*Resource){from(Source{Type: SourceBlock, Vendor: "v", ID: "i"})}, "disk[BLOCK(v,i,)]:1"},
		{[]func(*Resource){from(Source{Type: SourceRaw, Profile: "p"})}, "disk[RAW(,,p)]:1"},
		{[]func(*Resource){reserve(Reservation{Role: "web"}, dynamic("web/eu", "ops"))},
			"disk(reservations: [(STATIC,web),(DYNAMIC,web/eu,ops)]):1"},
		{[]func(*Resource){reserve(dynamic("web", "ops", label("a", "b"), Label{Key: "c"})), volume("id")},
			"disk(reservations: [(DYNAMIC,web,ops,{a: b, c})])[id]:1"},
	} {
		if got := the(t, disk(1, "*", test.change...)).String(); got != test.want {
			t.Errorf("printed as %s, want %s", got, test.want)
		}
	}
}
