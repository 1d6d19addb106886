//go:build !windows

package daemon

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// startOperating starts a cluster that allocates often.
func startOperating(t *testing.T, workDir string) *Local {
	t.Helper()
	cfg := localConfig(t)
	cfg.WorkDir = workDir
	cfg.Master.AllocationInterval = 50 * time.Millisecond
	cfg.Agent.Resources = "cpus:2;mem:512;disk:512;ports:[31000-31010]"
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// reservedTo is resources that are dynamically reserved to a role.
func reservedTo(role, text string) resources.Resources {
	rs, err := resources.MustParse(text).PushReservation(resources.Reservation{Dynamic: true, Role: role})
	if err != nil {
		panic(err)
	}
	return rs
}

// persistent makes a volume of a disk resource.
func persistent(disk resources.Resources, id string) resources.Resources {
	for r := range disk.All() {
		r.Disk = &resources.Disk{Persistence: &resources.Persistence{ID: id}, Volume: &resources.Volume{ContainerPath: "data"}}
		return resources.Of(r)
	}
	panic("no disk")
}

// has waits for an offer that has resources, and declines others.
func (s *testScheduler) has(wanted resources.Resources) *mesospb.Offer {
	s.t.Helper()
	for {
		for _, offer := range s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers() {
			rs, err := convert.Resources(offer.GetResources())
			if err != nil {
				s.t.Fatal(err)
			}
			if rs.Unallocate().Contains(wanted) {
				return offer
			}
			s.call(&schedulerpb.Call{Type: schedulerpb.Call_DECLINE.Enum(), Decline: &schedulerpb.Call_Decline{
				OfferIds: []*mesospb.OfferID{offer.GetId()}, Filters: &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
			}})
		}
	}
}

// operate does operations on an offer, and acknowledges that they finished. It is
// offered nothing meanwhile, because waiting for updates skips offers.
func (s *testScheduler) operate(offer *mesospb.Offer, operations ...*mesospb.Offer_Operation) {
	s.t.Helper()
	for _, o := range operations {
		o.Id = &mesospb.OperationID{Value: proto.String(o.GetType().String())}
	}
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_SUPPRESS.Enum(), Suppress: &schedulerpb.Call_Suppress{}})
	defer s.call(&schedulerpb.Call{Type: schedulerpb.Call_REVIVE.Enum(), Revive: &schedulerpb.Call_Revive{}})
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: &schedulerpb.Call_Accept{
		OfferIds: []*mesospb.OfferID{offer.GetId()}, Operations: operations,
		Filters: &mesospb.Filters{RefuseSeconds: proto.Float64(0)},
	}})
	for range operations {
		status := s.next(schedulerpb.Event_UPDATE_OPERATION_STATUS).GetUpdateOperationStatus().GetStatus()
		if status.GetState() != mesospb.OperationState_OPERATION_FINISHED {
			s.t.Fatalf("operation ended as %v", status)
		}
		s.call(&schedulerpb.Call{
			Type: schedulerpb.Call_ACKNOWLEDGE_OPERATION_STATUS.Enum(),
			AcknowledgeOperationStatus: &schedulerpb.Call_AcknowledgeOperationStatus{
				AgentId: status.GetAgentId(), OperationId: status.GetOperationId(), Uuid: status.GetUuid().GetValue(),
			},
		})
	}
}

func reserveOperation(rs resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_RESERVE.Enum(), Reserve: &mesospb.Offer_Operation_Reserve{Resources: convert.ToWire(rs)},
	}
}

func createOperation(volumes resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_CREATE.Enum(), Create: &mesospb.Offer_Operation_Create{Volumes: convert.ToWire(volumes)},
	}
}

func destroyOperation(volumes resources.Resources) *mesospb.Offer_Operation {
	return &mesospb.Offer_Operation{
		Type: mesospb.Offer_Operation_DESTROY.Enum(), Destroy: &mesospb.Offer_Operation_Destroy{Volumes: convert.ToWire(volumes)},
	}
}

// https://mesos.apache.org/documentation/latest/persistent-volume/
func TestOperationsReachTheAgentAndOutliveIt(t *testing.T) {
	// covers: RoleTest.ImplicitRoleRegister
	// covers: PersistentVolumeTest.CreateAndDestroyPersistentVolumes
	// covers: PersistentVolumeTest.ResourcesCheckpointing
	// covers: PersistentVolumeTest.PreparePersistentVolume
	// covers: ReservationTest.ResourcesCheckpointing
	// covers: ReservationCheckpointingTest.SendingCheckpointResourcesMessage
	dir := t.TempDir()
	l := startOperating(t, dir)
	s := subscribeTo(t, l.Master(), "fresh")
	cpus, disk := reservedTo("fresh", "cpus:1"), reservedTo("fresh", "disk:100")
	volume := persistent(disk, "v1")
	s.operate(s.has(resources.MustParse("cpus:1;disk:100")), reserveOperation(cpus.Add(disk)), createOperation(volume))
	path := filepath.Join(l.agents[0].cfg.WorkDir, "volumes/roles/fresh/v1")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Fatalf("the volume: %v", err)
	}
	if err := os.WriteFile(filepath.Join(path, "kept"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.has(cpus.Add(volume))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = startOperating(t, dir)
	defer l.Close()
	s = subscribeTo(t, l.Master(), "fresh")
	offer := s.has(cpus.Add(volume))
	if _, err := os.Stat(filepath.Join(path, "kept")); err != nil {
		t.Errorf("what the volume held: %v", err)
	}
	s.operate(offer, destroyOperation(volume))
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the volume that was destroyed: %v", err)
	}
	s.has(cpus.Add(disk))
}

// subscribeTo subscribes with one role and everything that operations need.
func subscribeTo(t *testing.T, master, role string) *testScheduler {
	t.Helper()
	info := &mesospb.FrameworkInfo{User: proto.String("root"), Name: proto.String("test"), Roles: []string{role}}
	for _, c := range []mesospb.FrameworkInfo_Capability_Type{
		mesospb.FrameworkInfo_Capability_MULTI_ROLE, mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT,
		mesospb.FrameworkInfo_Capability_SHARED_RESOURCES,
	} {
		info.Capabilities = append(info.Capabilities, &mesospb.FrameworkInfo_Capability{Type: c.Enum()})
	}
	return subscribeFramework(t, master, info)
}

// subscribeFramework subscribes a new framework.
func subscribeFramework(t *testing.T, master string, info *mesospb.FrameworkInfo) *testScheduler {
	t.Helper()
	s := &testScheduler{t: t, client: http.DefaultClient, url: "http://" + master + "/api/v1/scheduler"}
	resp := s.post(&schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(), Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: info},
	}, http.StatusOK)
	t.Cleanup(func() { resp.Body.Close() })
	s.stream = resp.Header.Get("Mesos-Stream-Id")
	s.events = wire.NewRecordReader(resp.Body, 1<<20)
	s.id = s.next(schedulerpb.Event_SUBSCRIBED).GetSubscribed().GetFrameworkId()
	return s
}

// postForm sends an operator's older request: resources of an agent, as a form.
func postForm(t *testing.T, endpoint, agent, field string, rs resources.Resources, want int) {
	t.Helper()
	var list []json.RawMessage
	for _, r := range convert.Endpoint(convert.ToWire(rs)) {
		text, err := wire.MarshalJSON(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, http.MethodPost, endpoint, url.Values{"slaveId": {agent}, field: {string(text)}}.Encode(), want)
}

// agentsOf is the agents of a master, as GET_AGENTS has them.
func agentsOf(t *testing.T, master string) []*masterpb.Response_GetAgents_Agent {
	t.Helper()
	response := new(masterpb.Response)
	text := ask(t, http.MethodPost, "http://"+master+"/api/v1", `{"type":"GET_AGENTS"}`, http.StatusOK)
	if err := wire.UnmarshalJSON([]byte(text), response); err != nil {
		t.Fatal(err)
	}
	return response.GetGetAgents().GetAgents()
}

// https://mesos.apache.org/documentation/latest/endpoints/master/reserve/
func TestOperatorsChangeARealAgent(t *testing.T) {
	// covers: PersistentVolumeEndpointsTest.SlavesEndpointFullResources
	l := startOperating(t, t.TempDir())
	defer l.Close()
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	master := "http://" + l.Master()
	id := agentsOf(t, l.Master())[0].GetAgentInfo().GetId().GetValue()
	cpus, disk := reservedTo("web", "cpus:1"), reservedTo("web", "disk:100")
	volume := persistent(disk, "v1")
	postForm(t, master+"/reserve", id, "resources", cpus.Add(disk), http.StatusAccepted)
	postForm(t, master+"/create-volumes", id, "volumes", volume, http.StatusAccepted)
	postForm(t, master+"/reserve", id, "resources", reservedTo("web", "cpus:2"), http.StatusConflict)
	postForm(t, master+"/reserve", "nobody", "resources", cpus, http.StatusBadRequest)
	postForm(t, master+"/reserve", id, "resources", resources.MustParse("cpus:1"), http.StatusBadRequest)

	want := resources.MustParse("cpus:1;mem:512;disk:412;ports:[31000-31010]").Add(cpus).Add(volume)
	got, err := convert.Resources(agentsOf(t, l.Master())[0].GetTotalResources())
	if err != nil || !got.Equal(want) {
		t.Errorf("the agent has %s, want %s (%v)", got, want, err)
	}
	slaves := ask(t, http.MethodGet, master+"/slaves", "", http.StatusOK)
	for _, says := range []string{
		`"reserved_resources_full":{"web":[`, `"persistence":{"id":"v1"}`, `"container_path":"data"`, `"reserved_resources":{"web":{"cpus":1.0,"disk":100.0,`,
	} {
		if !strings.Contains(slaves, says) {
			t.Errorf("/slaves does not say %s: %s", says, slaves)
		}
	}
	// A framework of the role is offered all of it.
	s := subscribeTo(t, l.Master(), "web")
	s.has(cpus.Add(volume))
	postForm(t, master+"/destroy-volumes", id, "volumes", volume, http.StatusAccepted)
	s.next(schedulerpb.Event_RESCIND)
	postForm(t, master+"/unreserve", id, "resources", cpus.Add(disk), http.StatusAccepted)
	if got, err := convert.Resources(agentsOf(t, l.Master())[0].GetTotalResources()); err != nil || !got.Equal(resources.MustParse("cpus:2;mem:512;disk:512;ports:[31000-31010]")) {
		t.Errorf("the agent has %s in the end (%v)", got, err)
	}
}
