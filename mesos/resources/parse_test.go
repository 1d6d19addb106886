package resources

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// covers: ResourcesTest.Parsing
// covers: ResourcesTest.ParsingWithRoles
func TestParse(t *testing.T) {
	got := MustParse("cpus:7.25;ports:[8000-8100, 9000-9999];zones:{a}")
	expectEqual(t, "unreserved", got, Of(
		Resource{Name: "cpus", Scalar: 7250},
		Resource{Name: "ports", Kind: KindRanges, Ranges: Ranges{{Begin: 8000, End: 8100}, {Begin: 9000, End: 9999}}},
		Resource{Name: "zones", Kind: KindSet, Set: Set{"a"}},
	))
	web, db := []Reservation{{Role: "web"}}, []Reservation{{Role: "db"}}
	want := Of(
		Resource{Name: "cpus", Scalar: 2500, Reservations: web},
		Resource{Name: "ports", Kind: KindRanges, Ranges: Ranges{{Begin: 0, End: 100}}, Reservations: db},
	)
	for text, defaultRole := range map[string]string{
		"cpus(web):2.5;ports(db):[0-100]":          "*",
		"cpus:2.5;ports(db):[0-100]":               "web",
		" cpus ( web ) : 2.5 ;ports( db ):[0-100]": "*",
		"cpus(web):2.5;ports:[0-100];":             "db",
		"cpus(web):1;cpus(web):1.5;ports:[0-100]":  "db",
	} {
		got, err := Parse(text, defaultRole)
		if err != nil {
			t.Errorf("Parse(%q, %q): %v", text, defaultRole, err)
		}
		expectEqual(t, text, got, want)
	}
	star, err := Parse("cpus(*):1;mem:2", "web")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, `role "*" beside another default`, star, "cpus:1;mem(web):2")
}

// covers: ResourcesTest.ParseError
func TestParseErrors(t *testing.T) {
	for text, cause := range map[string]string{
		"cpus(web)":            "not of the form name:value",
		"cpus:1:2":             "not of the form name:value",
		"cpus:":                "not of the form name:value",
		"cpus(web:1":           "parenthesis around the role is not closed",
		"cpus)(web:1":          "parenthesis around the role is not closed",
		"cpus(web)x:1":         `"x" between the role and the colon`,
		"a(web):1;a(db):[0-1]": "resource a: is both of type SCALAR and RANGES",
		"cpus:-1":              "-1 is not a number, ranges or a set",
		"cpus:one":             `"cpus:one": one is not a number`,
		"mem:1;cpus:inf":       `"cpus:inf"`,
		"cpus:1e30":            "over the limit",
		"ports:[5-4]":          "begins after its end",
		"(web):1":              "the name is empty",
		"cpus():1":             "role: the name is empty",
		"cpus(/web):1":         "starts with a slash",
		"ports:[1-2":           "'[' is not closed",
	} {
		got, err := Parse(text, "*")
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("Parse(%q) = %v, error %v, want one with %q", text, got, err, cause)
		}
	}
}

// covers: ResourcesTest.ParsingFromJSON
// covers: ResourcesTest.ParsingFromJSONWithRoles
func TestParseJSON(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "",
		`[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 7.25}}]`:                                                                    "cpus:7.25",
		"\n[\n{\"name\": \"cpus\",\n\"type\": \"SCALAR\", \"scalar\": {\"value\": 7.25}, \"role\": \"web\", \"unknown\": {\"a\": [1]}}\n]\n": "cpus(web):7.25",
		`[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":9000,"end":9999},{"begin":"8000","end":"8100"}]}},
		  {"name":"zones","type":"SET","set":{"item":["b","a"]}},
		  {"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"web"},
		  {"name":"cpus","type":"SCALAR","scalar":{"value":2},"role":"db"},
		  {"name":"cpus","type":"SCALAR","scalar":{"value":3},"role":"web"}]`: "ports:[8000-8100,9000-9999];zones:{a,b};cpus(web):4;cpus(db):2",
		`[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"STATIC","role":"web"}]},
		  {"name":"mem","type":"SCALAR","scalar":{"value":1},"role":"*"},
		  {"name":"gpus","type":"SCALAR","scalar":{"value":1},"role":"web","reservations":[{"type":"STATIC","role":"web"}]}]`: "cpus(web):1;mem:1;gpus(web):1",
		`[{"name":"gpus","type":"SCALAR","scalar":{"value":0}}]`: "",
	} {
		got, err := Parse(text, "*")
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
		}
		expect(t, text, got, want)
	}
	got, err := Parse(`[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]`, "web")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "with a default role", got, "cpus(web):1")
}

func TestParseJSONDisks(t *testing.T) {
	got, err := Parse(`[
		{"name":"disk","type":"SCALAR","scalar":{"value":5},"disk":{"source":{"type":"MOUNT","mount":{"root":"/m"}}}},
		{"name":"disk","type":"SCALAR","scalar":{"value":6},"disk":{"source":{"type":"PATH","path":{"root":"/p"}}}},
		{"name":"disk","type":"SCALAR","scalar":{"value":7},"provider_id":{"value":"provider"},
		 "disk":{"source":{"type":"RAW","vendor":"v","id":"i","profile":"p","metadata":{"labels":[{"key":"a","value":"b"},{"key":"c"}]}}}}]`, "*")
	if err != nil {
		t.Fatal(err)
	}
	raw := Source{Type: SourceRaw, Vendor: "v", ID: "i", Profile: "p", Metadata: []Label{label("a", "b"), {Key: "c"}}}
	expectEqual(t, "the disks", got, Sum(
		disk(5, "*", rooted(SourceMount, "/m")),
		disk(6, "*", rooted(SourcePath, "/p")),
		disk(7, "*", from(raw), provided),
	))
}

// covers: ResourcesTest.ParsingFromJSONError
func TestParseJSONErrors(t *testing.T) {
	const disk = `[{"name":"disk","type":"SCALAR","scalar":{"value":1},`
	for text, cause := range map[string]string{
		`{"name":"cpus","type":"SCALAR","scalar":{"value":1}}`:                                               "is not of the form name:value",
		`[{"name":"a","type":"SET","set":{"item":["x"]}} {"name":"b"}]`:                                      "bad JSON at byte",
		`[{"name":"a","type":"SET","set":{"item":["x" "y"]}}]`:                                               "bad JSON at byte",
		`[[{"name":"a","type":"SET","set":{"item":["x"]}}]]`:                                                 "is a JSON array",
		`{"name":"a"},{"name":"b"}`:                                                                          "is not of the form",
		`[{"name":"a","type":"SET","set":{"item":["x"]}}] once upon a time`:                                  "there is more after the JSON array",
		`[{"name":"a","type":"SET","set":{"item":["x"}}]`:                                                    "bad JSON at byte",
		`[{"name":"a","type":"SET"`:                                                                          "it ends too early",
		`[{"name":"a","set":{"item":["x"]}}]`:                                                                `resources[0] a: type: "" is not SCALAR`,
		`[{"name":"","type":"SET","set":{"item":["x"]}}]`:                                                    "the name is empty",
		`[{"name":"a","type":"FLOAT","set":{"item":["x"]}}]`:                                                 `type: "FLOAT" is not SCALAR`,
		`[{"name":"a","type":"SCALAR","scalar":{"value":-1}}]`:                                               "-1 is negative",
		`[{"name":"a","type":"SCALAR","scalar":{}}]`:                                                         "scalar.value: is missing",
		`[{"name":"a","type":"SCALAR"}]`:                                                                     "the value of type SCALAR is missing",
		`[{"name":"a","type":"SCALAR","scalar":{"value":1},"set":{}}]`:                                       "has a value of type SET beside its own",
		`[{"name":"a","type":"SCALAR","scalar":{"value":1}},{"name":"a","type":"SET","set":{"item":["x"]}}]`: "resource a: is both of type SCALAR and SET",
		`[{"name":"a","type":"SET","set":{"item":["x","x"]}}]`:                                               `item "x" is there twice`,
		`[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":1,"end":5},{"begin":4,"end":6}]}}]`:        "range 4-6 overlaps 1-5",
		`[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":5,"end":9},{"begin":4,"end":3}]}}]`:        "range 4-3 begins after its end",
		`[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":5}]}}]`:                                    "ranges.range[0]: begin or end is missing",
		`[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":-5,"end":9}]}}]`:                           "-5 is not a whole number",
		disk + `"disk":{"persistence":{"id":"1"},"volume":{"container_path":"p","mode":"RW"}}}]`:             "persistent volumes can't be configured",
		disk + `"reservations":[{"type":"DYNAMIC","role":"web"}]}]`:                                          "dynamic reservations can't be configured",
		disk + `"reservations":[{"role":"web"}],"role":"*"}]`:                                                "reservations[0].type: is not STATIC or DYNAMIC",
		disk + `"reservations":[{"type":"LAZY","role":"web"}]}]`:                                             `reservation type: "LAZY"`,
		disk + `"reservations":[{"type":"STATIC"}]}]`:                                                        "reservations[0].role: is missing",
		disk + `"role":"web","reservation":{"principal":"p"}}]`:                                              "dynamic reservations can't be configured",
		disk + `"role":"web","revocable":{}}]`:                                                               "revocable resources can't be configured",
		disk + `"shared":{}}]`:                                                                               "only persistent volumes can be shared",
		disk + `"disk":{"source":{"type":"TAPE"}}}]`:                                                         `disk.source.type: "TAPE"`,
		disk + `"disk":{"source":{"type":"RAW","mount":{"root":"x"}}}}]`:                                     "a RAW disk source has no root",
	} {
		got, err := Parse(text, "*")
		if mesos.KindOf(err) != mesos.Invalid || err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("Parse(%s) = %v, error %v, want one with %q", text, got, err, cause)
		}
	}
}

// What Parse accepts is valid, and printing an unreserved part of it and
// parsing that again changes nothing.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"cpus:4;mem:8192;ports:[8000-9000];disk(role):100",
		"zones:{a,b};cpus(a/b):0.001",
		`[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":"5"}]},"role":"web"}]`,
		disksSeed,
		"a:[1-2,[3-4]];b(((:1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text, "*")
		if err != nil {
			if mesos.KindOf(err) != mesos.Invalid {
				t.Fatalf("the error %v is not of kind Invalid", err)
			}
			return
		}
		for res := range r.All() {
			if err := Validate(res); err != nil {
				t.Fatalf("accepted %v: %v", res, err)
			}
		}
		plain := r.Unreserved().Filter(func(res Resource) bool { return res.Disk == nil && res.ProviderID == "" && plainText(res) })
		again, err := Parse(plain.String(), "*")
		if plain.IsEmpty() {
			return
		}
		if err != nil || !again.Equal(plain) {
			t.Fatalf("%v parses as %v, %v", plain, again, err)
		}
	})
}

const disksSeed = `[{"name":"disk","type":"SCALAR","scalar":{"value":5},"disk":{"source":{"type":"MOUNT","mount":{"root":"/m"}}}}]`

// plainText reports whether the text form can carry a resource: JSON can name
// it with the characters that the text form is made of.
func plainText(r Resource) bool {
	const special = " ;:()[]{},\n"
	for _, text := range append(Set{r.Name}, r.Set...) {
		if text == "" || strings.ContainsAny(text, special) || strings.TrimSpace(text) != text {
			return false
		}
	}
	return true
}
