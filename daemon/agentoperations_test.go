//go:build !windows

package daemon

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// operationsOf is what an agent tells of the operations on its resources.
func operationsOf(t *testing.T, agent string) []*mesospb.Operation {
	t.Helper()
	response := new(agentpb.Response)
	text := ask(t, http.MethodPost, "http://"+agent+"/api/v1", `{"type":"GET_OPERATIONS"}`, http.StatusOK)
	if err := wire.UnmarshalJSON([]byte(text), response); err != nil {
		t.Fatal(err)
	}
	return response.GetGetOperations().GetOperations()
}

func TestAnAgentTellsOfItsOperations(t *testing.T) {
	// covers: AgentAPITest.GetOperations
	l := startOperating(t, t.TempDir())
	defer l.Close()
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	agent := l.Agents()[0]
	if list := operationsOf(t, agent); len(list) != 0 {
		t.Errorf("at first there are %v", list)
	}
	s := subscribeTo(t, l.Master(), "web")
	offer := s.has(resources.MustParse("cpus:1"))
	reserve := reserveOperation(reservedTo("web", "cpus:1"))
	reserve.Id = &mesospb.OperationID{Value: proto.String("op")}
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
		OfferIds: []*mesospb.OfferID{offer.GetId()}, Operations: []*mesospb.Offer_Operation{reserve},
	}})
	status := s.next(schedulerpb.Event_UPDATE_OPERATION_STATUS).GetUpdateOperationStatus().GetStatus()
	list := operationsOf(t, agent)
	if len(list) != 1 {
		t.Fatalf("until it is acknowledged there are %v", list)
	}
	if o := list[0]; !proto.Equal(o.GetFrameworkId(), s.id) || !proto.Equal(o.GetAgentId(), offer.GetAgentId()) || len(o.GetUuid().GetValue()) != 16 ||
		o.GetInfo().GetType() != mesospb.Offer_Operation_RESERVE || o.GetInfo().GetId().GetValue() != "op" ||
		o.GetLatestStatus().GetState() != mesospb.OperationState_OPERATION_FINISHED {
		t.Errorf("the agent tells of %v", o)
	}
	s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
		AcknowledgeOperationStatus: &schedulerpb.Call_AcknowledgeOperationStatus{
			AgentId: status.GetAgentId(), OperationId: status.GetOperationId(), Uuid: status.GetUuid().GetValue(),
		},
	})
	for deadline := time.Now().Add(time.Minute); len(operationsOf(t, agent)) != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("once it is acknowledged there are %v", operationsOf(t, agent))
		}
	}
}

func TestAnAgentTellsOfAFrameworkThatWasTornDown(t *testing.T) {
	// covers: AgentAPITest.TeardownAndGetStateWithNonTerminalCompletedTask
	cfg := localConfig(t)
	cfg.Agent.ExecutorShutdownGracePeriod = 0
	l := startLocalAs(t, cfg)
	s := subscribe(t, l.Master())
	s.accept("t", "trap '' TERM; while :; do sleep 0.1; done")
	s.until("it runs", taskIs("t", mesospb.TaskState_TASK_RUNNING))
	ask(t, http.MethodPost, "http://"+l.Master()+"/api/v1",
		`{"type":"TEARDOWN","teardown":{"framework_id":{"value":"`+s.id.GetValue()+`"}}}`, http.StatusOK)
	state := func() *agentpb.Response_GetState {
		response := new(agentpb.Response)
		text := ask(t, http.MethodPost, "http://"+l.Agents()[0]+"/api/v1", `{"type":"GET_STATE"}`, http.StatusOK)
		if err := wire.UnmarshalJSON([]byte(text), response); err != nil {
			t.Fatal(err)
		}
		return response.GetGetState()
	}
	soon(t, "the framework is completed", func() bool { return len(state().GetGetFrameworks().GetCompletedFrameworks()) == 1 })
	tasks, executors := state().GetGetTasks(), state().GetGetExecutors()
	if len(state().GetGetFrameworks().GetFrameworks()) != 0 || len(executors.GetExecutors()) != 0 || len(executors.GetCompletedExecutors()) != 1 {
		t.Errorf("there are frameworks %v and executors %v", state().GetGetFrameworks(), executors)
	}
	// Its last state is told even if the agent was not told how it ended.
	if len(tasks.GetLaunchedTasks())+len(tasks.GetQueuedTasks()) != 0 || len(tasks.GetTerminatedTasks())+len(tasks.GetCompletedTasks()) != 1 {
		t.Errorf("there are tasks %v", tasks)
	}
}
