package tui

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update-docs", false, "write the tables of docs/top.md anew")

// The tables of docs/top.md are those of the program.
func TestDocs(t *testing.T) {
	const path = "../docs/top.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := act(t, Config{}, 80, 24)
	var pages, keys strings.Builder
	pages.WriteString("\n| name | also | what it shows |\n|---|---|---|\n")
	keys.WriteString("\n| key | what it does |\n|---|---|\n")
	for _, s := range a.deps.Registry.Screens() {
		fmt.Fprintf(&pages, "| `%s` | %s | %s |\n", s.Name, strings.Join(s.Aliases, ", "), s.Short)
	}
	for _, g := range a.Model.keys.Groups() {
		fmt.Fprintf(&keys, "| **%s** | |\n", g.Title)
		for _, k := range g.Keys {
			fmt.Fprintf(&keys, "| `%s` | %s |\n", k.Help().Key, k.Help().Desc)
		}
	}
	want := between(between(string(data), "pages", pages.String()+"\n"), "keys", keys.String()+"\n")
	if *updateDocs {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // it is committed
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Errorf("docs/top.md is of another time: go test ./tui -run TestDocs -update-docs")
	}
}

// between replaces what is between two marks.
func between(text, mark, with string) string {
	before, rest, _ := strings.Cut(text, "<!-- "+mark+" -->\n")
	_, after, _ := strings.Cut(rest, "<!-- end -->")
	return before + "<!-- " + mark + " -->\n" + with + "<!-- end -->" + after
}
