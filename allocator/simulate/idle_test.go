package simulate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/mesos"
)

// essence is who ran what, and why others wait, without what is on offer to whom
// at the moment of a report.
func (r *Result) essence() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ended after %v\n%+v\n", r.Ended, r.Frameworks)
	for _, report := range r.Reports {
		for _, f := range report.Frameworks {
			fmt.Fprintf(&b, "at %v %s: %d run, %d wait, %d are done", report.At, f.Framework, f.Running, f.Waiting, f.Done)
			for _, why := range f.Reasons {
				if why.Rule == RuleTooLarge {
					fmt.Fprintf(&b, ", %s", why.Sentence)
				}
			}
			fmt.Fprintln(&b)
		}
	}
	return b.String()
}

// What nothing comes of is not simulated: the result is the same as if it were.
func TestIdleTimeIsPassedOver(t *testing.T) {
	storm := someAgents + `
duration: 30m
report_at: [10m, 29m]
roles: {eng: {limit: {cpus: 2}}}
frameworks:
- {name: large, refuse: 1s, tasks: [{count: 1, resources: {cpus: 99}}]}
- {name: slow, answer: 3s, refuse: 1s, tasks: [{count: 1, resources: {cpus: 99}}]}
- {name: limited, roles: [eng], refuse: 1s, tasks: [{count: 9, resources: {cpus: 1}}]}
- {name: late, refuse: 2s, arrives: 2m, tasks: [{count: 2, resources: {cpus: 1}, duration: 2m}, {count: 1, after: 5m, resources: {cpus: 99}}]}
`
	files := map[string]string{"storm": storm}
	examples, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("examples: %v, %v", examples, err)
	}
	for _, file := range examples {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(file)] = string(text)
	}
	for name, text := range files {
		c, err := Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var results [2]*Result
		var steps [2]int
		for i, exact := range []bool{false, true} {
			r := &run{cluster: c, core: allocator.New(c.Config), now: epoch, byID: map[mesos.FrameworkID]*framework{}}
			if err := r.begin(); err != nil {
				t.Fatal(err)
			}
			if r.quiet = r.patience(); exact {
				r.quiet = 1000 * time.Hour
			}
			if results[i], err = r.toTheEnd(); err != nil {
				t.Fatal(err)
			}
			steps[i] = r.steps
		}
		if got, want := results[0].essence(), results[1].essence(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		if name == "storm" && steps[0]*3 > steps[1] {
			t.Errorf("%s: %d steps of %d were simulated", name, steps[0], steps[1])
		}
		t.Logf("%s: %d steps of %d", name, steps[0], steps[1])
	}
}
