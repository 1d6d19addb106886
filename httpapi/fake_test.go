package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/executorpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// fakeScheduler is a backend that knows one framework and remembers streams.
type fakeScheduler struct {
	streams chan *Stream
	closed  chan string

	mu    sync.Mutex
	calls []*schedulerpb.Call
}

func newFakeScheduler() *fakeScheduler {
	return &fakeScheduler{streams: make(chan *Stream, 100), closed: make(chan string, 100)}
}

func (f *fakeScheduler) Subscribe(_ context.Context, _ string, call *schedulerpb.Call, stream *Stream) error {
	if call.GetSubscribe().GetFrameworkInfo().GetName() == "refused" {
		return mesos.Errorf(mesos.Forbidden, "this framework may not subscribe")
	}
	stream.Send(subscribedEvent("F"))
	f.streams <- stream
	return nil
}

func (f *fakeScheduler) Call(_ context.Context, _, stream string, call *schedulerpb.Call) error {
	switch {
	case call.GetFrameworkId().GetValue() != "F":
		return mesos.Errorf(mesos.Invalid, "there is no framework %q", call.GetFrameworkId().GetValue())
	case stream != "current":
		return mesos.Errorf(mesos.Invalid, "the stream %q is not this framework's", stream)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return nil
}

func (f *fakeScheduler) StreamClosed(stream string, _ error) { f.closed <- stream }

// fakeExecutor is a backend that takes everything.
type fakeExecutor struct{ streams chan *Stream }

func (f *fakeExecutor) Subscribe(_ context.Context, _ map[string]string, _ *executorpb.Call, stream *Stream) error {
	f.streams <- stream
	return nil
}

func (f *fakeExecutor) Call(_ context.Context, _ map[string]string, call *executorpb.Call) error {
	if call.GetType() == executorpb.Call_UPDATE {
		return mesos.Errorf(mesos.Forbidden, "the executor is not subscribed")
	}
	return nil
}

func (f *fakeExecutor) StreamClosed(string, error) {}

// fakeLeadership is set by the test.
type fakeLeadership struct {
	leading, recovered bool
	leader             *mesospb.MasterInfo
}

func (f *fakeLeadership) Leading() bool               { return f.leading }
func (f *fakeLeadership) Recovered() bool             { return f.recovered }
func (f *fakeLeadership) Leader() *mesospb.MasterInfo { return f.leader }

type fakeOperator struct {
	tornDown, asked string
	operation       *mesospb.Offer_Operation
}

func (f *fakeOperator) Operate(_ context.Context, _, agent string, operation *mesospb.Offer_Operation) error {
	if agent != "A" {
		return mesos.Errorf(mesos.Conflict, "agent %q has other things to do", agent)
	}
	f.operation = operation
	f.asked = "operation " + operation.GetType().String()
	return nil
}

func (f *fakeOperator) UpdateWeights(_ context.Context, _ string, weights []*mesospb.WeightInfo) error {
	f.asked = fmt.Sprintf("weights %s %v", weights[0].GetRole(), weights[0].GetWeight())
	return nil
}

func (f *fakeOperator) UpdateQuota(_ context.Context, _ string, force bool, configs []*quotapb.QuotaConfig) error {
	f.asked = fmt.Sprintf("quota %s %v, force %v", configs[0].GetRole(), configs[0].GetLimits()["cpus"].GetValue(), force)
	return nil
}

func (f *fakeOperator) SetQuota(_ context.Context, _ string, quota *quotapb.QuotaRequest) error {
	if quota.GetRole() == "" {
		return mesos.Errorf(mesos.Invalid, "the role has no name")
	}
	f.asked = fmt.Sprintf("quota %s %v", quota.GetRole(), quota.GetGuarantee()[0].GetScalar().GetValue())
	return nil
}

func (f *fakeOperator) RemoveQuota(_ context.Context, _, role string) error {
	f.asked = "no quota " + role
	return nil
}

func (f *fakeOperator) UpdateMaintenanceSchedule(_ context.Context, _ string, schedule *maintenancepb.Schedule) error {
	f.asked = fmt.Sprintf("schedule of %d windows", len(schedule.GetWindows()))
	return nil
}

func (f *fakeOperator) StartMaintenance(_ context.Context, _ string, machines []*mesospb.MachineID) error {
	if len(machines) == 0 {
		return mesos.Errorf(mesos.Invalid, "no machines are named")
	}
	f.asked = "down " + machines[0].GetHostname()
	return nil
}

func (f *fakeOperator) StopMaintenance(_ context.Context, _ string, machines []*mesospb.MachineID) error {
	f.asked = "up " + machines[0].GetHostname()
	return nil
}

func (f *fakeOperator) DrainAgent(_ context.Context, _ string, agent mesos.AgentID, maxGrace *time.Duration, markGone bool) error {
	f.asked = fmt.Sprintf("drain %s, mark gone %v", agent, markGone)
	if maxGrace != nil {
		f.asked += fmt.Sprintf(", within %v", *maxGrace)
	}
	return nil
}

func (f *fakeOperator) DeactivateAgent(_ context.Context, _ string, agent mesos.AgentID) error {
	f.asked = "deactivate " + string(agent)
	return nil
}

func (f *fakeOperator) ReactivateAgent(_ context.Context, _ string, agent mesos.AgentID) error {
	f.asked = "reactivate " + string(agent)
	return nil
}

func (f *fakeOperator) MarkAgentGone(_ context.Context, _ string, agent mesos.AgentID) error {
	if agent != "A" {
		return mesos.Errorf(mesos.NotFound, "agent %s is not known", agent)
	}
	f.asked = "gone " + string(agent)
	return nil
}

func (f *fakeOperator) Teardown(_ context.Context, _, framework string) error {
	if framework != "F" {
		return mesos.Errorf(mesos.NotFound, "there is no framework %q", framework)
	}
	f.tornDown = framework
	return nil
}

func (f *fakeOperator) KillTask(_ context.Context, _ string, framework mesos.FrameworkID, task mesos.TaskID, grace *time.Duration) error {
	if task != "T" {
		return mesos.Errorf(mesos.NotFound, "framework %s has no task %q", framework, task)
	}
	f.asked = fmt.Sprintf("kill %s of %s", task, framework)
	if grace != nil {
		f.asked += fmt.Sprintf(", within %v", *grace)
	}
	return nil
}

func masterInfo(host string) *mesospb.MasterInfo {
	return &mesospb.MasterInfo{
		Id: proto.String("M"), Ip: proto.Uint32(0), Port: proto.Uint32(5050),
		Pid: proto.String("master@10.0.0.1:5050"), Hostname: proto.String(host), Version: proto.String("1.11.0"),
		Capabilities: []*mesospb.MasterInfo_Capability{{Type: mesospb.MasterInfo_Capability_AGENT_UPDATE.Enum()}},
	}
}

func daemon() Daemon {
	return Daemon{
		Version: &mesospb.VersionInfo{
			Version: proto.String("1.11.0"), BuildDate: proto.String("2026-11-21 00:00:00 UTC"),
			BuildTime: proto.Float64(1795289312), BuildUser: proto.String("x"), GitSha: proto.String("abc"),
		},
		Flags: map[string]string{"port": "5050", "cluster": "test", "ip": "127.0.0.1"},
		Metrics: func(context.Context) []Metric {
			return []Metric{{"system/load_1min", 0.5}, {"master/elected", 1}}
		},
		Started: time.Unix(1795292438, 463951000),
		Files:   NewFiles(),
	}
}

// leader is a master that leads, over fakes.
func leader() (Master, *fakeScheduler) {
	scheduler := newFakeScheduler()
	return Master{
		Daemon:     daemon(),
		Info:       func() *mesospb.MasterInfo { return masterInfo("leader.example") },
		Elected:    func() time.Time { return time.Unix(1795292439, 0) },
		Leadership: &fakeLeadership{leading: true, recovered: true, leader: masterInfo("leader.example")},
		Scheduler:  scheduler,
		Operator:   new(fakeOperator),
		View:       NewMasterView(),

		Unreachable: func(context.Context) int { return 4 },
	}, scheduler
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func subscribedEvent(id string) *schedulerpb.Event {
	return &schedulerpb.Event{
		Type: schedulerpb.Event_SUBSCRIBED.Enum(),
		Subscribed: &schedulerpb.Event_Subscribed{
			FrameworkId: &mesospb.FrameworkID{Value: proto.String(id)},
		},
	}
}

func subscribeCall(name string) *schedulerpb.Call {
	return &schedulerpb.Call{
		Type: schedulerpb.Call_SUBSCRIBE.Enum(),
		Subscribe: &schedulerpb.Call_Subscribe{FrameworkInfo: &mesospb.FrameworkInfo{
			User: proto.String("root"), Name: proto.String(name),
		}},
	}
}

func encode(t *testing.T, media wire.MediaType, m wire.Message) []byte {
	t.Helper()
	data, err := media.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// post sends a request with headers given as name, value, ...
func post(t *testing.T, url string, body []byte, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func text(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

// within returns what arrives, or fails.
func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing arrived")
		panic("unreachable")
	}
}
