package dialogue

import "testing"

func TestDetachKeysAreFoundAndOthersPassOn(t *testing.T) {
	for name, test := range map[string]struct {
		reads []string
		pass  string
		left  bool
	}{
		"others":        {[]string{"abc"}, "abc", false},
		"at once":       {[]string{"a\x10\x11b"}, "a", true},
		"in two reads":  {[]string{"a\x10", "\x11"}, "a", true},
		"only the one":  {[]string{"\x10", "x"}, "\x10x", false},
		"twice the one": {[]string{"\x10\x10\x11"}, "\x10", true},
	} {
		d, pass, left := detector{keys: []byte("\x10\x11")}, "", false
		for _, read := range test.reads {
			data, all := d.take([]byte(read))
			pass, left = pass+string(data), all
		}
		if pass != test.pass || left != test.left {
			t.Errorf("%s: %q passes on, left %v", name, pass, left)
		}
	}
}
