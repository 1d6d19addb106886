package iostreams

import "testing"

func TestPaintOnlyWhereItIsWanted(t *testing.T) {
	s := &Streams{OutTerminal: true, color: true}
	if got := s.Paint(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("on a terminal: %q", got)
	}
	if got := s.PaintErr(Red, "x"); got != "x" {
		t.Errorf("in a pipe: %q", got)
	}
	s.DisableColor()
	if got := s.Paint(Red, "x"); got != "x" {
		t.Errorf("with --no-color: %q", got)
	}
	for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
		s := System(func(asked string) string {
			if asked == name {
				return value
			}
			return ""
		})
		if s.color {
			t.Errorf("%s=%s does not end colour", name, value)
		}
	}
}
