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
