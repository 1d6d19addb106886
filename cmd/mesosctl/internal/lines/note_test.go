package lines

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
)

func TestNote(t *testing.T) {
	for name, test := range map[string]struct {
		terminal bool
		want     string
	}{
		"a person":        {true, "\rone\x1b[K\rtwo\x1b[K\r\x1b[Ktext\n\rthree\x1b[K\r\x1b[K"},
		"nobody watching": {false, "text\n"},
	} {
		var out bytes.Buffer
		n := NewNote(&iostreams.Streams{Err: &out, ErrTerminal: test.terminal})
		n.Set("one")
		n.Set("one")
		n.Set("two")
		if _, err := n.Over(Raw(&out)).Write([]byte("text\n")); err != nil {
			t.Fatal(err)
		}
		n.Set("three")
		n.Clear()
		n.Clear()
		if out.String() != test.want {
			t.Errorf("%s: %q, want %q", name, out.String(), test.want)
		}
	}
}

func TestTheBarFitsItsTerminal(t *testing.T) {
	for name, test := range map[string]struct {
		done, all int64
		figures   string
		want      string
	}{
		"nothing done": {0, 4, "0/4", "[" + strings.Repeat(".", 50) + "] 0/4"},
		"half":         {2, 4, "2/4", "[" + strings.Repeat("#", 25) + strings.Repeat(".", 25) + "] 2/4"},
		"more":         {5, 4, "5/4", "[" + strings.Repeat("#", 50) + "] 5/4"},
		"narrow":       {1, 2, strings.Repeat("x", 64), "[######......] " + strings.Repeat("x", 64)},
		"no room":      {1, 2, strings.Repeat("x", 70), strings.Repeat("x", 70)},
		"cut":          {1, 2, strings.Repeat("ü", 100), strings.Repeat("ü", 79)},
		"nothing":      {0, 0, "none", "none"},
	} {
		var out bytes.Buffer
		NewNote(&iostreams.Streams{Err: &out, ErrTerminal: true}).Bar(test.done, test.all, test.figures)
		if got := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
