package reference

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

const sum = "sha256:bc8813ea7b3603864987522f02a76101c17ad122e1c46d790efc0fca78ca7bfb"

func TestParse(t *testing.T) {
	// covers: DockerSpecTest.ParseImageReference
	for in, want := range map[string]Reference{
		"busybox":                           {Repository: "busybox"},
		"library/busybox:tag":               {Repository: "library/busybox", Tag: "tag"},
		"library/busybox@" + sum:            {Repository: "library/busybox", Digest: sum},
		"registry.io/library/busybox":       {Registry: "registry.io", Repository: "library/busybox"},
		"registry.io/library/busybox:tag":   {Registry: "registry.io", Repository: "library/busybox", Tag: "tag"},
		"registry.io:80/library/box:tag":    {Registry: "registry.io:80", Repository: "library/box", Tag: "tag"},
		"registry.io:80/library/box@" + sum: {Registry: "registry.io:80", Repository: "library/box", Digest: sum},
		"registry.io:80/box":                {Registry: "registry.io:80", Repository: "box"},
		"localhost/box":                     {Registry: "localhost", Repository: "box"},
		"[::1]:5000/box:1":                  {Registry: "[::1]:5000", Repository: "box", Tag: "1"},
		"team/box":                          {Repository: "team/box"},
		"a__b/c-d.e:V_1.2-x":                {Repository: "a__b/c-d.e", Tag: "V_1.2-x"},
	} {
		got, err := Parse(in)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", in, got, err, want)
		}
		if got.String() != in {
			t.Errorf("Parse(%q).String() = %q", in, got)
		}
	}
	both, err := Parse("box:1@" + sum)
	if err != nil || both.Tag != "1" || both.Digest != sum || both.Identifier() != sum {
		t.Errorf("tag and digest: %+v, %v", both, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for in, says := range map[string]string{
		"":                                "no name",
		"Busybox":                         "lower case",
		"../etc":                          "not a registry",
		"a/../b":                          "not a repository",
		"box:":                            "not a tag",
		"box:a:b/c@":                      "not sha256",
		"box@sha256:short":                "not sha256",
		"box@" + sum + "@" + sum:          "not sha256",
		"host:x80/box":                    "not a port",
		"host:0/box":                      "not a port",
		"-host.io/box":                    "not a registry",
		"box\x00":                         "not a repository",
		"/box":                            "not a repository",
		"box:" + strings.Repeat("t", 129): "not a tag",
		strings.Repeat("a", 2000):         "limit",
	} {
		_, err := Parse(in)
		if err == nil || mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("Parse(%q): %v; want mesos.Invalid, %q", in, err, says)
		}
	}
}

func TestRegistries(t *testing.T) {
	// covers: DockerSpecTest.GetRegistrySpec
	for _, c := range []struct {
		registry, host string
		port           int
		scheme         string
	}{
		{"index.docker.io", "index.docker.io", 0, "https"},
		{"localhost:80", "localhost", 80, "http"},
		{"registry-1.docker.io:443", "registry-1.docker.io", 443, "https"},
		{"127.0.0.1:443", "127.0.0.1", 443, "https"},
		{"127.0.0.1:1234", "127.0.0.1", 1234, "http"},
		{"localhost:1234", "localhost", 1234, "http"},
		{"[::1]:1234", "::1", 1234, "http"},
		{"10.0.0.1:5000", "10.0.0.1", 5000, "https"}, // not what a library might guess
		{"example.com:80", "example.com", 80, "http"},
	} {
		host, port, err := SplitRegistry(c.registry)
		if err != nil || host != c.host || port != c.port {
			t.Errorf("%s: host %q, port %d, %v", c.registry, host, port, err)
		}
		if scheme, err := Scheme(c.registry); err != nil || scheme != c.scheme {
			t.Errorf("%s: scheme %q, %v", c.registry, scheme, err)
		}
	}
	for _, registry := range []string{"", ":", "invalid_host:x80", "invalid_port:80:80", "[::1", "[nope]:1"} {
		if _, err := Scheme(registry); err == nil {
			t.Errorf("%q: no error", registry)
		}
	}
}

// FuzzParse looks for a name that survives and could leave a directory, or that
// does not mean the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"busybox", "a.b:80/c/d:e@" + sum, "[::1]:1/a", "a//b", "..", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		for part := range strings.SplitSeq(r.String(), "/") {
			if part == "" || part == "." || part == ".." {
				t.Fatalf("%q: has the component %q", s, part)
			}
		}
		again, err := Parse(r.String())
		if err != nil || again.String() != r.String() {
			t.Fatalf("%q: again %+v, %v", s, again, err)
		}
	})
}
