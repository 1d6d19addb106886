package agent

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/linkpb"
)

// What is written down is told in
// https://mesos.apache.org/documentation/latest/agent-recovery/ and
// https://mesos.apache.org/documentation/latest/sandbox/.

func TestCheckpointsLieWhereMesosHasThem(t *testing.T) {
	// covers: PathsTest.Slave
	// covers: PathsTest.Framework
	// covers: PathsTest.Executor
	// covers: PathsTest.Task
	f := &framework{id: "F"}
	e := &executor{framework: f, id: "E", container: "C"}
	for got, want := range map[string]string{
		agentPath("A"):                 "slaves/A",
		InfoPath("A"):                  "slaves/A/slave.info",
		frameworkPath("A", f.id):       "slaves/A/frameworks/F",
		executorPath("A", e):           "slaves/A/frameworks/F/executors/E",
		runPath("A", e):                "slaves/A/frameworks/F/executors/E/runs/C",
		taskPath("A", e, "T"):          "slaves/A/frameworks/F/executors/E/runs/C/tasks/T",
		updatesPath("A", e, "T"):       "slaves/A/frameworks/F/executors/E/runs/C/tasks/T/task.updates",
		"/work/" + runPath("M-S0", e):  "/work/slaves/M-S0/frameworks/F/executors/E/runs/C",
		frameworkPath("A", "F") + "/x": "slaves/A/frameworks/F/x",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSandboxLiesUnderTheWorkDir(t *testing.T) {
	s := scene(t)
	s.show["launches"] = true
	s.contains(s.do("run task=t executor=E"),
		"sandbox /work/slaves/M-S0/frameworks/F/executors/E/runs/00000000-0000-0000-0000-000000000001\n",
		"MESOS_SANDBOX=/work/slaves/M-S0/frameworks/F/executors/E/runs/00000000-0000-0000-0000-000000000001\n")
}

func TestUpdateRecordsCanBeReadBack(t *testing.T) {
	s := scene(t, "run task=t executor=E checkpoint", "subscribe")
	var records [][]byte
	for _, in := range []Input{
		s.input("update", arguments{"state": "RUNNING", "uuid": "101"}),
		s.input("ack", arguments{"uuid": "101"}),
	} {
		for _, e := range s.step(in) {
			if c, ok := e.(Checkpoint); ok && c.Append {
				records = append(records, c.Value)
			}
		}
	}
	if len(records) != 2 || records[0][0] != updateRecord || records[1][0] != acknowledgementRecord {
		t.Fatalf("records are %q", records)
	}
	m := &linkpb.StatusUpdate{}
	if err := m.UnmarshalVT(records[0][1:]); err != nil || m.GetStatus().GetTaskId().GetValue() != "t" {
		t.Errorf("the update reads back as %v, %v", m, err)
	}
	if string(records[1][1:]) != string(uuidOf("101")) {
		t.Errorf("the acknowledgement reads back as %x", records[1][1:])
	}
}

// https://mesos.apache.org/documentation/latest/secrets/
func TestSecretsAreNotWrittenDown(t *testing.T) {
	s := scene(t, "run task=c checkpoint secret=hush", "run task=t executor=E checkpoint secret=hush", "subscribe")
	seen := 0
	for path, data := range s.disk {
		for _, record := range data {
			if strings.Contains(string(record), "hush") {
				t.Errorf("%s has the secret", path)
			}
			seen += strings.Count(string(record), "VARIABLE")
		}
	}
	if seen < 3 {
		t.Errorf("the variable is in %d checkpoints only", seen)
	}
	for _, e := range s.agent.frameworks.values() {
		for _, e := range e.executors.values() {
			if !e.command && !strings.Contains(e.info.String(), "hush") {
				t.Error("the agent itself forgot the secret")
			}
		}
	}
}
