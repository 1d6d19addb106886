package agent

import (
	"strings"
	"testing"
)

// scene is a registered agent after some commands of a story.
func scene(t *testing.T, commands ...string) *stage {
	t.Helper()
	s := newStage(t, State{})
	s.do("start", "connected", "registered")
	s.do(commands...)
	return s
}

// do plays commands and returns the effects they had, a line each.
func (s *stage) do(commands ...string) string {
	s.t.Helper()
	s.out.Reset()
	for _, c := range commands {
		s.command(c)
	}
	got := s.out.String()
	s.out.Reset()
	return got
}

// wants fails the test unless got is these lines.
func (s *stage) wants(got string, lines ...string) {
	s.t.Helper()
	want := ""
	for _, l := range lines {
		want += l + "\n"
	}
	if got != want {
		s.t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// contains fails the test unless these texts are in got, in this order.
func (s *stage) contains(got string, texts ...string) {
	s.t.Helper()
	rest := got
	for _, text := range texts {
		i := strings.Index(rest, text)
		if i < 0 {
			s.t.Fatalf("%q is missing, or not in this place, in:\n%s", text, got)
		}
		rest = rest[i+len(text):]
	}
}

// lacks fails the test if text is in got.
func (s *stage) lacks(got, text string) {
	s.t.Helper()
	if strings.Contains(got, text) {
		s.t.Errorf("%q should not be in:\n%s", text, got)
	}
}
