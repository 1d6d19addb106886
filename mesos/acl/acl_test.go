package acl

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func parse(t *testing.T, text string) *ACLs {
	t.Helper()
	a, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWithoutListsEverythingIsAllowed(t *testing.T) {
	var a *ACLs
	if !a.Allows("", RunTask, "root") || !a.AllowsAny("eve", ViewFlags) || !a.AllowsAll("eve", RegisterFramework, nil) {
		t.Error("something is not allowed")
	}
}

func TestEveryActionHasASyntax(t *testing.T) {
	seen := make(map[string]bool)
	for a := range actions {
		if a.String() == "" || syntaxes[a].objects == "" || seen[a.String()] {
			t.Errorf("action %d is %+v", a, syntaxes[a])
		}
		seen[a.String()] = true
	}
}

func TestWrongACLsAreNamed(t *testing.T) {
	for text, says := range map[string]string{
		"":                                   "ends too early",
		"{":                                  "ends too early",
		"[]":                                 "not a JSON object",
		"{\n\n\"permissive\": tru}":          "line 3",
		"{} {}":                              "more after",
		`{"permissive": 1}`:                  "permissive: it is not true or false",
		`{"permissive": null}`:               "permissive: it is not true or false",
		`{"run_task": []}`:                   "run_task: there is no such field",
		`{"run_tasks": [], "run_tasks": []}`: `"run_tasks" is there twice`,
		`{"run_tasks": {}}`:                  "run_tasks: it is not an array",
		`{"run_tasks": [1]}`:                 "run_tasks[0]: not a JSON object",
		`{"run_tasks": [{"users": {"type": "ANY"}}]}`:                                          "run_tasks[0].principals: missing",
		`{"run_tasks": [{"principals": {"type": "ANY"}}]}`:                                     "run_tasks[0].users: missing",
		`{"run_tasks": [{"principals": {"type": "ANY"}, "user": {}}]}`:                         "run_tasks[0].user: there is no such field",
		`{"run_tasks": [{"principals": {"typ": "ANY"}, "users": {}}]}`:                         "run_tasks[0].principals.typ: there is no such field",
		`{"run_tasks": [{"principals": {"type": "ALL"}, "users": {}}]}`:                        `"ALL" is none of`,
		`{"run_tasks": [{"principals": {"values": ["a", 1]}, "users": {}}]}`:                   "run_tasks[0].principals.values: it is not an array of strings",
		`{"view_flags": [{"principals": {"type": "ANY"}, "flags": {"values": ["a"]}}]}`:        "view_flags[0].flags.type: it must be ANY or NONE",
		`{"get_endpoints": [{"principals": {"type": "ANY"}, "paths": {"values": ["/nope"]}}]}`: `"/nope" is not an endpoint`,
	} {
		_, err := Parse([]byte(text))
		if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %s", text, err, says)
		}
	}
}

func TestAQuestionAllocatesNothing(t *testing.T) {
	a := parse(t, `{"register_frameworks": [{"principals": {"values": ["a", "b"]}, "roles": {"values": ["x", "eng/%"]}}]}`)
	roles := []string{"x", "eng/backend"}
	if n := testing.AllocsPerRun(100, func() {
		if !a.AllowsAll("b", RegisterFramework, roles) {
			t.Error("not allowed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"permissive": false, "run_tasks": [{"principals": {"type": "ANY"}, "users": {"values": ["a"]}}]}`))
	f.Add([]byte(`{"view_roles": [{"principals": {"type": "NONE"}, "roles": {"values": ["a/%"]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := Parse(text); err == nil {
			a.Allows("a", RunTask, "b")
		}
	})
}
