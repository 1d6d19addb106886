package page

import (
	"reflect"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestFilters(t *testing.T) {
	for _, test := range []struct {
		filter, line string
		want         bool
	}{
		{"", "x", true},
		{"WEB", "my-web.1", true},
		{"web", "my-WEB.1", true},
		{"web", "we", false},
		{"!web", "web", false},
		{"! web", "db", true},
		{"^web", "my-web", false},
		{"w.b$", "a web", true},
		{"-f wb1", "web.1", true},
		{"-f bw", "web.1", false},
		{"!-f wb", "web.1", false},
		{"-f", "anything", true},
		{"é", "CAFÉ", true},
	} {
		f, err := ParseFilter(test.filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(test.line); got != test.want || f.String() != test.filter {
			t.Errorf("%q on %q: %v", test.filter, test.line, got)
		}
	}
	if _, err := ParseFilter("("); mesos.KindOf(err) != mesos.Invalid || !strings.HasSuffix(err.Error(), `"(" is no regular expression: missing closing )`) {
		t.Errorf("error is %v", err)
	}
}

func TestWhatAFilterFound(t *testing.T) {
	for text, want := range map[string][][]int{"web": {{0, 3}, {4, 7}}, "w.": {{0, 2}, {4, 6}}, "!web": nil, "-f w": nil, "": nil} {
		f, _ := ParseFilter(text)
		if got := f.Find("WEB web"); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestScreensByName(t *testing.T) {
	r := &Registry{}
	r.AddScreen(Screen{Name: "tasks", Aliases: []string{"t"}}, Screen{Name: "agents"}, Screen{Name: "agentsbyzone"})
	for name, want := range map[string]string{"tasks": "tasks", "T": "tasks", "ta": "tasks", "agents": "agents", "agentsb": "agentsbyzone"} {
		if s, err := r.Screen(name); err != nil || s.Name != want {
			t.Errorf("%q is %q, %v", name, s.Name, err)
		}
	}
	for name, kind := range map[string]mesos.Kind{"x": mesos.NotFound, "ag": mesos.Invalid} {
		if _, err := r.Screen(name); mesos.KindOf(err) != kind {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestVerbsOfReadOnlyMode(t *testing.T) {
	r := &Registry{}
	r.AddVerb(Verb{Name: "describe", Kinds: []Kind{Task, Agent}}, Verb{Name: "kill", Kinds: []Kind{Task}, Writes: true})
	for _, test := range []struct {
		kind     Kind
		readOnly bool
		want     int
	}{{Task, false, 2}, {Task, true, 1}, {Agent, false, 1}, {"", false, 2}, {Role, false, 0}} {
		if got := len(r.Verbs(test.kind, test.readOnly)); got != test.want {
			t.Errorf("%s, read only %v: %d verbs", test.kind, test.readOnly, got)
		}
	}
}
