package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes a directory with files; the names of files are relative.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func base() map[string]string {
	return map[string]string{
		"docs/behaviours.tsv":     "file\tsuite\ttest\na_tests.cpp\tA\tOne\na_tests.cpp\tA\tTwo\nb_tests.cpp\tB\tOne\nb_tests.cpp\tB\tTwo\n",
		"docs/not-applicable.tsv": "B.Two\tit is about pointers\n",
		"x/x_test.go": `package x

// TestOne shows it.
//
// covers: A.One
func TestOne(t *testing.T) {
	// covers: B.One
}
`,
		"compat/run.sh":            "# covers: A.One\n",
		"compat/node_modules/x.js": "// covers: Nothing.AtAll\n",
	}
}

func TestReport(t *testing.T) {
	root := repository(t, base())
	if err := run(root); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "docs", "COVERAGE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| [a_tests.cpp](#a_testscpp) | 2 | 1 | 0 | 1 |",
		"| [b_tests.cpp](#b_testscpp) | 2 | 1 | 1 | 0 |",
		"| **all** | 4 | 2 | 1 | 1 |",
		"| A.One | `compat/run.sh`, `x/x_test.go:TestOne` |",
		"| A.Two | not yet |",
		"| B.One | `x/x_test.go:TestOne` |",
		"| B.Two | not applicable: it is about pointers |",
	} {
		if !strings.Contains(string(got), want+"\n") {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

func TestErrors(t *testing.T) {
	for cause, file := range map[string]struct{ name, text string }{
		"x/y_test.go:3: unknown behaviour A.Three":         {"x/y_test.go", "package x\n\n// covers: A.Three\nfunc TestY(t *testing.T) {}\n"},
		"x/y_test.go:3: B.Two is listed as not applicable": {"x/y_test.go", "package x\n\n// covers: B.Two\nfunc TestY(t *testing.T) {}\n"},
		"x/y_test.go:3: A.Two is claimed by no test":       {"x/y_test.go", "package x\n\n// covers: A.Two\n\nfunc TestY(t *testing.T) {}\n"},
		"not-applicable.tsv: unknown behaviour C.One":      {"docs/not-applicable.tsv", "C.One\tno\n"},
		"not-applicable.tsv:1: 1 columns, want 2":          {"docs/not-applicable.tsv", "B.Two\n"},
		"compat/run.sh:1: unknown behaviour A.Four":        {"compat/run.sh", "# covers: A.Four\n"},
	} {
		files := base()
		files[file.name] = file.text
		if err := run(repository(t, files)); err == nil || !strings.Contains(err.Error(), cause) {
			t.Errorf("error %v, want one with %q", err, cause)
		}
	}
}
