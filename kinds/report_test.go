package kinds

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

var update = flag.Bool("update", false, "write the golden files anew")

func amountOf(t *testing.T, agents int, text string) allocation.Amount {
	t.Helper()
	q, err := resources.ParseQuantities(text)
	if err != nil {
		t.Fatal(err)
	}
	return allocation.Amount{Agents: agents, Resources: q}
}

func TestReport(t *testing.T) {
	limited := allocation.Report{
		Framework: "m-0000", Name: "web", Connected: true, Active: true, Agents: 4,
		Offers: allocation.Outstanding{Offers: 2, Amount: amountOf(t, 1, "cpus:1"), OldestSeconds: 42},
		Reasons: []allocation.Reason{{
			Rule: allocation.RuleUnanswered, Amount: amountOf(t, 1, "cpus:1"),
			Sentence: "2 offers of 1 agent (cpus:1) have not been answered, the oldest for 42s", Advice: "let the scheduler answer",
		}},
		Roles: []allocation.Explanation{{
			Role: "eng", Agents: 4, Held: amountOf(t, 3, "cpus:12;mem:4096;net:7"),
			Reasons: []allocation.Reason{{
				Rule: "limit", Amount: amountOf(t, 1, "cpus:4;mem:1024;disk:100;gpus:1"), Example: "m-S3",
				Sentence: "role eng is at its quota limit: 12 of 12 cpus", Advice: "raise the quota limit of role eng",
			}},
		}, {
			Role: "ops", Agents: 4, Offerable: amountOf(t, 1, "cpus:0.5"),
		}},
	}
	empty := allocation.Report{
		Framework: "m-0001", Name: "jobs", Reasons: []allocation.Reason{{
			Rule: allocation.RuleNoAgents, Sentence: "no agents are registered, so there is nothing to offer", Advice: "start one",
		}},
		Roles: []allocation.Explanation{{Role: "*"}},
	}
	for _, test := range []struct {
		name   string
		report allocation.Report
		wide   bool
	}{{"limited", limited, false}, {"limited_wide", limited, true}, {"no_agents", empty, false}} {
		var out bytes.Buffer
		if err := Report(&out, &test.report, func(text string) string { return text }, test.wide); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/report_" + test.name + ".golden"
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || out.String() != string(want) {
			t.Errorf("%s:\n%s\nwant %v:\n%s", test.name, &out, err, want)
		}
	}
}
