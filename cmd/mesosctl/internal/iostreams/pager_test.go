//go:build unix

package iostreams

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestPager(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	for name, test := range map[string]struct {
		pager, write, out, err string
	}{
		"takes all":        {"tr a-z A-Z", "two\nlines\n", "TWO\nLINES\n", ""},
		"for a shell":      {"sed 's/^/> /' | tr a-z A-Z", "two\nlines\n", "> TWO\n> LINES\n", ""},
		"none":             {"cat", "text\n", "text\n", ""},
		"not there":        {"no-such-pager -x", "text\n", "text\n", ""},
		"nothing to show":  {"touch " + started, "", "", ""},
		"fails":            {"sh -c 'cat >/dev/null; exit 3'", "text\n", "", "the pager 'sh -c 'cat >/dev/null; exit 3'' failed, exit status 3: --no-pager does without\n"},
		"the person quits": {"head -1", "one\ntwo\n", "one\n", ""},
	} {
		var out, messages strings.Builder
		s := &Streams{In: strings.NewReader(""), Out: &out, Err: &messages, InTerminal: true, OutTerminal: true}
		stop := s.Page(func(variable string) string { return map[string]string{"PAGER": test.pager}[variable] })
		if test.write != "" {
			_, _ = io.WriteString(s.Out, test.write)
		}
		stop()
		if out.String() != test.out || messages.String() != test.err {
			t.Errorf("%s: %q and %q, want %q and %q", name, out.String(), messages.String(), test.out, test.err)
		}
	}
	if found, _ := filepath.Glob(started); found != nil {
		t.Error("a pager was started with nothing to show")
	}
}
