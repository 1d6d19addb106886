//go:build !windows

package daemon

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/fetcher/
func TestTasksShareWhatIsFetched(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Write([]byte("exit 0\n"))
	}))
	defer server.Close()
	cfg := localConfig(t)
	cfg.Agent.FetcherCacheSize = mesos.Megabyte
	l := startLocalAs(t, cfg)
	s := subscribe(t, l.Master())
	fetching := func(task, address string) *mesospb.TaskStatus {
		return s.launchTask(&mesospb.TaskInfo{
			Name: &task, TaskId: &mesospb.TaskID{Value: &task},
			Command: &mesospb.CommandInfo{Value: proto.String("sh command"), Uris: []*mesospb.CommandInfo_URI{{
				Value: proto.String(address + "/command"), Cache: proto.Bool(true),
			}}},
			Resources: []*mesospb.Resource{scalar("cpus", 0.5), scalar("mem", 64)},
		})
	}
	for _, task := range []string{"first", "second"} {
		if status := fetching(task, server.URL); status.GetState() != mesospb.TaskState_TASK_FINISHED {
			t.Fatalf("%s: %v", task, status)
		}
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	address := l.Agents()[0]
	for name, want := range map[string]float64{"total": 1 << 20, "used": 7} {
		if got := metric(t, address, "containerizer/fetcher/cache_size_"+name+"_bytes"); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	server.Close()
	status := fetching("third", server.URL+"/nobody")
	if status.GetState() != mesospb.TaskState_TASK_FAILED || !strings.Contains(status.GetMessage(), server.URL+"/nobody/command") {
		t.Errorf("what can't be fetched: %v", status)
	}
}

// launchTask launches a task on the next offer, and returns its last update.
func (s *testScheduler) launchTask(task *mesospb.TaskInfo) *mesospb.TaskStatus {
	s.t.Helper()
	s.acceptTask(task)
	return s.ended()
}

// acceptTask launches a task on the next offer.
func (s *testScheduler) acceptTask(task *mesospb.TaskInfo) {
	s.t.Helper()
	offer := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	task.AgentId = offer.GetAgentId()
	s.call(&schedulerpb.Call{
		Type: schedulerpb.Call_ACCEPT.Enum(),
		Accept: &schedulerpb.Call_Accept{
			OfferIds: []*mesospb.OfferID{offer.GetId()},
			Operations: []*mesospb.Offer_Operation{{
				Type: mesospb.Offer_Operation_LAUNCH.Enum(), Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{task}},
			}},
		},
	})
}
