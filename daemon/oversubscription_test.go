//go:build !windows

package daemon

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/oversubscribe"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// testEstimator gives away as many cpus as it is told.
type testEstimator struct{ cpus atomic.Int64 }

func (e *testEstimator) Estimate(context.Context, time.Time, oversubscribe.Usage) (resources.Resources, error) {
	if e.cpus.Load() == 0 {
		return resources.Resources{}, nil
	}
	return resources.Of(resources.Resource{Name: "cpus", Scalar: resources.Scalar(e.cpus.Load()) * mesos.OneScalar, Revocable: true}), nil
}

// testController kills, once it is told to, whatever uses revocable resources
// and has been measured.
type testController struct{ kill atomic.Bool }

func (c *testController) Correct(ctx context.Context, usage oversubscribe.Usage) (list []oversubscribe.Correction, err error) {
	if !c.kill.Load() {
		return nil, nil
	}
	measured, err := usage(ctx)
	for _, e := range measured.GetExecutors() {
		rs, err := convert.Resources(e.GetAllocated())
		if err != nil || rs.Revocable().IsEmpty() || e.GetStatistics() == nil {
			continue
		}
		list = append(list, oversubscribe.Correction{
			Framework: mesos.FrameworkID(e.GetExecutorInfo().GetFrameworkId().GetValue()),
			Executor:  mesos.ExecutorID(e.GetExecutorInfo().GetExecutorId().GetValue()),
			Container: mesos.ContainerID(e.GetContainerId().GetValue()), Why: "the test says so",
		})
	}
	return list, err
}

// offeredAny is the next offers: of what, and which.
func (s *testScheduler) offeredAny() (rs resources.Resources, offers []*mesospb.Offer) {
	s.t.Helper()
	offers = s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()
	for _, o := range offers {
		one, err := convert.Resources(o.GetResources())
		if err != nil {
			s.t.Fatal(err)
		}
		rs = rs.Add(one.Unallocate())
	}
	return rs, offers
}

func (s *testScheduler) acknowledge(status *mesospb.TaskStatus) {
	s.t.Helper()
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_ACKNOWLEDGE.Enum(), Acknowledge: &schedulerpb.Call_Acknowledge{
		AgentId: status.GetAgentId(), TaskId: status.GetTaskId(), Uuid: status.GetUuid(),
	}})
}

// https://mesos.apache.org/documentation/latest/oversubscription/
func TestOversubscription(t *testing.T) {
	// covers: OversubscriptionTest.RevocableOffer
	// covers: OversubscriptionTest.RescindRevocableOfferWithIncreasedRevocable
	// covers: OversubscriptionTest.RescindRevocableOfferWithDecreasedRevocable
	estimator, controller := new(testEstimator), new(testController)
	cfg := localConfig(t)
	cfg.Agent.OversubscribedResourcesInterval = 20 * time.Millisecond
	cfg.Agent.estimator, cfg.Agent.controller = estimator, controller
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	s := subscribe(t, l.Master(), mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES)
	regular, offers := s.offeredAny()
	if !regular.Revocable().IsEmpty() {
		t.Errorf("before anything was estimated, %v is offered", regular)
	}
	held := offers[0]

	var revocable *mesospb.Offer
	for _, cpus := range []int64{1, 3, 2} { // more, and less
		estimator.cpus.Store(cpus)
		if revocable != nil {
			if id := s.next(schedulerpb.Event_RESCIND).GetRescind().GetOfferId(); id.GetValue() != revocable.GetId().GetValue() {
				t.Errorf("%v was rescinded, want %v", id, revocable.GetId())
			}
		}
		rs, offers := s.offeredAny()
		if len(offers) != 1 || rs.Len() != 1 || rs.Revocable().Cpus() != resources.Scalar(cpus)*mesos.OneScalar {
			t.Fatalf("of %d cpus that are estimated, %v is offered", cpus, rs)
		}
		revocable = offers[0]
	}

	s.call(acceptRevocable([]*mesospb.Offer{held, revocable}))
	for _, want := range []mesospb.TaskState{mesospb.TaskState_TASK_STARTING, mesospb.TaskState_TASK_RUNNING} {
		status := s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus()
		if status.GetState() != want {
			t.Fatalf("the update is %v, want %v", status, want)
		}
		s.acknowledge(status)
	}
	controller.kill.Store(true)
	status := s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus()
	if status.GetState() != mesospb.TaskState_TASK_LOST || status.GetReason() != mesospb.TaskStatus_REASON_CONTAINER_PREEMPTED {
		t.Errorf("the task's end is %v", status)
	}
}

// countedEstimator counts how often it was asked.
type countedEstimator struct {
	oversubscribe.Estimator
	asked atomic.Int64
}

func (e *countedEstimator) Estimate(ctx context.Context, now time.Time, usage oversubscribe.Usage) (resources.Resources, error) {
	e.asked.Add(1)
	return e.Estimator.Estimate(ctx, now, usage)
}

// askedAgain waits until two more estimates were made from beginning to end.
func (e *countedEstimator) askedAgain(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for since := e.asked.Load(); e.asked.Load() < since+3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is estimated any more")
		}
	}
}

func TestTheFixedEstimator(t *testing.T) {
	// covers: OversubscriptionTest.FixedResourceEstimator
	cfg := localConfig(t)
	cfg.Agent.ResourceEstimator = "org_apache_mesos_FixedResourceEstimator"
	cfg.Agent.Modules = `{"libraries": {"file": "/x.so", "modules": {"name": "org_apache_mesos_FixedResourceEstimator",
		"parameters": {"key": "resources", "value": "cpus(*):2"}}}}`
	fixed, _, err := cfg.Agent.oversubscription()
	if err != nil {
		t.Fatal(err)
	}
	estimator := &countedEstimator{Estimator: fixed}
	cfg.Agent.estimator, cfg.Agent.OversubscribedResourcesInterval = estimator, 5*time.Millisecond
	l, err := StartLocal(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	s := subscribe(t, l.Master(), mesospb.FrameworkInfo_Capability_REVOCABLE_RESOURCES)
	var all resources.Resources
	var offers []*mesospb.Offer
	for all.Revocable().IsEmpty() { // the estimate may come after the first offer
		rs, more := s.offeredAny()
		all, offers = all.Add(rs), append(offers, more...)
	}
	if all.Revocable().Cpus() != 2*mesos.OneScalar {
		t.Errorf("%v is offered", all)
	}
	// However often it is estimated, it is told once: also when some is in use.
	updates := metricOf(t, l.Master(), "master/messages_update_slave")
	s.call(acceptRevocable(offers))
	s.acknowledge(s.next(schedulerpb.Event_UPDATE).GetUpdate().GetStatus())
	estimator.askedAgain(t)
	if again := metricOf(t, l.Master(), "master/messages_update_slave"); again != updates {
		t.Errorf("the master was told %s times, and then %s", updates, again)
	}
	if got := metricOf(t, l.Master(), "master/cpus_revocable_total"); got != "2.0" && got != "2" {
		t.Errorf("cpus_revocable_total is %s", got)
	}
}

// acceptRevocable launches a task on a revocable cpu and memory that is not.
func acceptRevocable(offers []*mesospb.Offer) *schedulerpb.Call {
	cpu := scalar("cpus", 1)
	cpu.Revocable = &mesospb.Resource_RevocableInfo{}
	accept := &schedulerpb.Call_Accept{Operations: []*mesospb.Offer_Operation{{
		Type: mesospb.Offer_Operation_LAUNCH.Enum(),
		Launch: &mesospb.Offer_Operation_Launch{TaskInfos: []*mesospb.TaskInfo{{
			Name: new("t"), TaskId: &mesospb.TaskID{Value: new("t")}, AgentId: offers[0].GetAgentId(),
			Command: &mesospb.CommandInfo{Value: new("sleep 1000")}, Resources: []*mesospb.Resource{cpu, scalar("mem", 64)},
		}}},
	}}}
	for _, o := range offers {
		accept.OfferIds = append(accept.OfferIds, o.GetId())
	}
	return &schedulerpb.Call{Type: schedulerpb.Call_ACCEPT.Enum(), Accept: accept}
}

// metricOf is the text of a metric's value.
func metricOf(t *testing.T, address, name string) string {
	t.Helper()
	resp, err := http.Get("http://" + address + "/metrics/snapshot")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(body), `"`+name+`":`)
	if !found {
		t.Fatalf("there is no metric %s", name)
	}
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimRight(value, "}")
}
