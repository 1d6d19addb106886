package main

import (
	"slices"
	"strings"
	"testing"
)

// What the machines print is told by packages, however the lines of two are mixed.
func TestReport(t *testing.T) {
	var out, answers strings.Builder
	r := newReport(&out, []*suite{{short: "good"}, {short: "bad"}, {short: "stuck"}, {short: "late"}}, false)
	machine := func(lines ...string) {
		t.Helper()
		if err := r.read(strings.NewReader(strings.Join(lines, "\r\n")), &answers); err != nil {
			t.Fatal(err)
		}
	}
	machine(
		"kerneltest:-1 ? what is next",
		"kerneltest:-1 ? what is next",
		"kerneltest:0 > \x16=== RUN   TestA",
		"kerneltest:1 > \x16=== RUN   TestX",
		"kerneltest:0 >     a_test.go:8: it is fine",
		"kerneltest:1 >     x_test.go:9: it is not",
		"kerneltest:0 > no line\x16--- PASS: TestA (0.00s)",
		"kerneltest:0 > \x16=== RUN   TestB",
		"kerneltest:0 >     b_test.go:1: the machine has no wheels",
		"kerneltest:0 > \x16--- SKIP: TestB (0.00s)",
		"kerneltest:1 > \x16--- FAIL: TestX (0.50s)",
		"kerneltest:1 > \x16=== RUN   TestY",
		"kerneltest:1 > \x16--- PASS: TestY (0.50s)",
		"kerneltest:1 = FAIL 1.0s exit status 1",
		"kerneltest:0 = ok 2.0s",
		"[  1.0] Kernel panic",
		"[  1.1] reboot: Power down",
	)
	machine(
		"kerneltest:-1 ? what is next",
		"kerneltest:2 > \x16=== RUN   TestS",
		"kerneltest:2 > and then",
	)
	failed := r.end()
	if want := []string{"bad", "late", "stuck"}; !slices.Equal(failed, want) {
		t.Errorf("failed = %v, want %v", failed, want)
	}
	if answers.String() != "0\n1\n2\n" {
		t.Errorf("answers = %q", answers.String())
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"bad FAIL 1.0s exit status 1", "TestX", "x_test.go:9: it is not", "--- FAIL: TestX (0.50s)",
		"good ok 2.0s, 1 tests", "skipped TestB: the machine has no wheels",
		"[ 1.0] Kernel panic",
		"stuck not over", "TestS", "and then", "late not begun",
	}
	if !slices.Equal(got, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A suite is the tests in files whose names say that a kernel decides them.
func TestFind(t *testing.T) {
	suites, err := find([]string{"../../agent/container/fetch", "../../agent/container/image/reference"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) != 1 || suites[0].short != "agent/container/fetch" || !strings.Contains(suites[0].run, "TestAHadoopClientThatStalls") ||
		strings.Contains(suites[0].run, "TestExtract") {
		t.Errorf("suites = %+v", suites)
	}
}
