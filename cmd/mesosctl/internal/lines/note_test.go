package lines

import (
	"bytes"
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

func TestBar(t *testing.T) {
	for done, want := range map[int]string{0: "[....................] ", 2: "[##########..........] ", 4: "[####################] "} {
		if got := Bar(done, 4); got != want {
			t.Errorf("%d of 4: %q, want %q", done, got, want)
		}
	}
	if got := Bar(0, 0); got != "" {
		t.Errorf("nothing: %q", got)
	}
}
