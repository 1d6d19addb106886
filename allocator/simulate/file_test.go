package simulate

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

const (
	someAgents     = "agents: [{resources: {cpus: 4, mem: 1024}}]\n"
	someFrameworks = "frameworks: [{name: f, tasks: [{resources: {cpus: 1}}]}]\n"
)

func TestErrorsNameTheLine(t *testing.T) {
	for _, test := range []struct{ name, file, says string }{
		{"empty", "", "c.yaml:1: the file is empty"},
		{"no YAML", "agents: [\n  {", "c.yaml:2: this is not YAML"},
		{"a list", "- 1\n", "c.yaml:1: the file is not an object"},
		{"unknown field", "agents: []\nframeworks: []\nrolls: {}\n", `c.yaml:3: the file has no field "rolls"; its fields are duration, report_at, allocator`},
		{"field twice", someAgents + someAgents + someFrameworks, `c.yaml:2: the file: field "agents" is given twice`},
		{"no frameworks", someAgents, `c.yaml:1: the file needs a field "frameworks"`},
		{"no unit", "\nduration: 10\n", `c.yaml:2: duration: "10" is not a time such as 30s`},
		{"too long", "duration: 10000h\n", `c.yaml:1: duration: 10000h is not from 0s to`},
		{"negative", "report_at:\n- -1s\n", `c.yaml:2: report_at: -1s is not from 0s`},
		{"no value", "duration:\n", "c.yaml:1: duration has no value"},
		{"interval", "allocator: {allocation_interval: 1ns}\n", "c.yaml:1: allocation_interval: 1ns is not from 10ms to 1h"},
		{"sorter", "allocator:\n  role_sorter: fair\n", `c.yaml:2: role_sorter: sorter: "fair" is none of`},
		{"minimum", "allocator:\n  min_allocatable_resources: cpus\n", "c.yaml:2: min_allocatable_resources: "},
		{"agent without resources", "agents:\n- count: 2\n", `c.yaml:2: an agent needs a field "resources"`},
		{"agent with nothing", "agents:\n- resources: {cpus: 0}\n", `c.yaml:2: agent "agent": it has no resources`},
		{"agent count", "agents:\n- resources: {cpus: 1}\n  count: 0\n", `c.yaml:3: count: "0" is not a number from 1 to 50000`},
		{"agents all together", "agents:\n- {count: 50000, resources: cpus:1}\n- {name: b, resources: cpus:1}\n", `c.yaml:3: agent "b": there are more than 50000 agents`},
		{"agent name twice", "agents:\n- resources: {cpus: 1}\n- resources: {cpus: 1}\n", `c.yaml:3: agent "agent": there is another one`},
		{"agent name", "agents:\n- {name: a/b, resources: {cpus: 1}}\n", `c.yaml:2: agent "a/b": `},
		{"negative resources", "agents:\n- resources:\n    cpus: -1\n", "c.yaml:3: resources: "},
		{"resources twice", "agents:\n- resources:\n    cpus: 1\n    cpus: 1\n", `c.yaml:4: resources: "cpus" is given twice`},
		{"attributes", "agents:\n- resources: {cpus: 1}\n  attributes: x\n", "c.yaml:3: attributes: "},
		{"reserved to no role", "agents:\n- resources: {cpus: 1}\n  reserved:\n    a b: {cpus: 1}\n", `c.yaml:4: role "a b": `},
		{"role name", "roles:\n  Eng Team: {}\n", `c.yaml:2: role "Eng Team": `},
		{"role field", "roles:\n  eng:\n    limits: {}\n", `c.yaml:3: role "eng" has no field "limits"`},
		{"weight of zero", "roles:\n  eng: {weight: 0}\n", `c.yaml:2: weight: "0" is not a positive number`},
		{"weight of NaN", "roles:\n  eng: {weight: nan}\n", `c.yaml:2: weight: "nan" is not a positive number`},
		{"guarantee over limit", "roles:\n  eng: {guarantee: {cpus: 2}, limit: {cpus: 1}}\n", `c.yaml:2: role "eng": its guarantee of 2 cpus is over its limit of 1`},
		{"negative guarantee", "roles:\n  eng:\n    guarantee: {cpus: -2}\n", `c.yaml:3: guarantee: `},
		{"absurd limit", "roles:\n  eng: {limit: {cpus: 1e300}}\n", `c.yaml:2: limit: `},
		{"quota of *", "roles:\n  '*': {limit: {cpus: 2}}\n", `c.yaml:2: role "*": this role can't have quota`},
		{"no tasks", "frameworks:\n- name: f\n", `c.yaml:2: a framework needs a field "tasks"`},
		{"capability", "frameworks:\n- name: f\n  tasks: []\n  capabilities: [FAST]\n", `c.yaml:4: capabilities: "FAST" is none`},
		{"bool", "frameworks:\n- name: f\n  suppress: maybe\n", `c.yaml:3: suppress: "maybe" is not true or false`},
		{"leaves", "frameworks:\n- {name: f, tasks: [], arrives: 1m, leaves: 1m}\n", `c.yaml:2: framework "f": it leaves at 1m0s, not after`},
		{"framework twice", "frameworks:\n- {name: f, count: 2, tasks: []}\n- {name: f-1, tasks: []}\n", `c.yaml:3: framework "f-1": there is another one`},
		{"task role", "frameworks:\n- name: f\n  tasks:\n  - {role: b, resources: {cpus: 1}}\n", `c.yaml:4: a task: "b" is not a role of its framework`},
		{"task of nothing", "frameworks:\n- name: f\n  tasks:\n  - {resources: {cpus: 0}}\n", `c.yaml:4: a task: it needs no resources`},
		{"task with reserved", "frameworks:\n- name: f\n  tasks:\n  - {resources: cpus(eng):1}\n", `c.yaml:4: a task: resources: name no role here`},
		{"task duration", "frameworks:\n- name: f\n  tasks:\n  - {resources: cpus:1, duration: 0s}\n", `c.yaml:4: duration: 0s is not from 1ms`},
		{"too many tasks", "frameworks:\n- name: f\n  count: 5000\n  tasks:\n  - {resources: cpus:1, count: 1001}\n", `c.yaml:5: a task: there are more than 5000000 tasks`},
	} {
		_, err := Parse("c.yaml", []byte(test.file))
		if err == nil || !strings.HasPrefix(err.Error(), test.says) || mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%s: %v; want %s", test.name, err, test.says)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := Parse("c.yaml", []byte(someAgents+someFrameworks))
	if err != nil {
		t.Fatal(err)
	}
	f := c.Frameworks[0]
	if c.Duration != time.Hour || len(c.Agents) != 1 || c.Agents[0].ID != "agent" || f.Roles[0] != "*" || f.Refuse != 5*time.Second || f.Tasks[0].Count != 1 {
		t.Errorf("cluster is %+v", c)
	}
}

func TestAliasesStandForWhatTheyName(t *testing.T) {
	c, err := Parse("c.yaml", []byte(`
agents:
- resources: &shape {cpus: 4}
- name: other
  resources: *shape
frameworks: []
`))
	if err != nil || len(c.Agents) != 2 || !c.Agents[0].Total.Equal(c.Agents[1].Total) {
		t.Errorf("cluster is %+v, %v", c, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(someAgents + someFrameworks)
	f.Add("a: &a [*a]")
	f.Add("roles: {eng: {limit: {cpus: 1}}}")
	f.Fuzz(func(t *testing.T, file string) {
		if _, err := Parse("c.yaml", []byte(file)); err != nil && !strings.HasPrefix(err.Error(), "c.yaml:") {
			t.Errorf("error %q names no file", err)
		}
	})
}
