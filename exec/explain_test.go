package exec

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func agentWith(name, total, used string, active bool) *masterpb.Response_GetAgents_Agent {
	parse := func(text string) []*mesospb.Resource {
		r, err := resources.Parse(text, "*")
		if err != nil {
			panic(err)
		}
		return convert.ToWire(r)
	}
	return &masterpb.Response_GetAgents_Agent{
		AgentInfo: &mesospb.AgentInfo{Hostname: &name}, Active: &active,
		TotalResources: parse(total), AllocatedResources: parse(used),
	}
}

func TestExplanations(t *testing.T) {
	asked, err := resources.Parse("cpus:2;mem:100", "*")
	if err != nil {
		t.Fatal(err)
	}
	small := agentWith("small", "cpus:1;mem:1000", "", true)
	busy := agentWith("busy", "cpus:4;mem:1000", "cpus:3.5;mem:10", true)
	away := agentWith("away", "cpus:4;mem:1000", "", false)
	for _, test := range []struct {
		agents []*masterpb.Response_GetAgents_Agent
		says   []string
	}{
		{nil, []string{"still waiting after 2s for an offer with cpus:2", "has no agent"}},
		{[]*masterpb.Response_GetAgents_Agent{away}, []string{"no agent of the cluster is active (1 known)"}},
		{[]*masterpb.Response_GetAgents_Agent{small, away}, []string{"no agent of the cluster is that large (1 active)", "small: cpus:1"}},
		{[]*masterpb.Response_GetAgents_Agent{busy, small}, []string{"1 of 2 active agents are large enough", "busy: cpus:0.5; mem:990 free of cpus:4"}},
		{[]*masterpb.Response_GetAgents_Agent{small, small, small, small, small, small, small}, []string{"and 2 more"}},
	} {
		got := strings.Join(explain(asked, nil, 2*time.Second, test.agents), "\n")
		for _, says := range test.says {
			if !strings.Contains(got, says) {
				t.Errorf("%q is not said in:\n%s", says, got)
			}
		}
	}
}

func TestPlainPrintsEachStateOnce(t *testing.T) {
	var out strings.Builder
	printer := Plain(&out)
	for range 2 {
		printer(Updated{Status: update(mesospb.TaskState_TASK_RUNNING, "").Event.GetUpdate().GetStatus()})
	}
	lost := update(mesospb.TaskState_TASK_UNREACHABLE, "").Event.GetUpdate().GetStatus()
	lost.Reason = mesospb.TaskStatus_REASON_AGENT_REMOVED.Enum()
	lost.AgentId.Value = proto.String("S9")
	printer(Updated{Status: lost, Host: "h:1"})
	want := "task 'hello' is TASK_RUNNING\n" +
		"task 'hello' is TASK_UNREACHABLE (REASON_AGENT_REMOVED); waiting for agent S9 at h:1 to come back\n"
	if out.String() != want {
		t.Errorf("printed:\n%s", out.String())
	}
}
