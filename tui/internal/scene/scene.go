// Package scene is a small cluster for tests of what is drawn of one.
package scene

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/keymap"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// Now is when tests happen.
var Now = time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC)

// IDs of what the cluster has.
const (
	Web, Batch       = "m-0000", "m-0001"
	Host1, Host2     = "m-S1", "m-S2"
	Running, Failed  = "web.1", "job-17"
	Offer, Operation = "m-O7", "01020304-0506-0708-090a-0b0c0d0e0f10"
	Machine          = "host2.example.com (10.0.0.2)"
)

// Scene is the cluster and what pages are given of it.
type Scene struct {
	Cluster *cluster.Cluster
	Deps    *page.Deps
	// Saved is what ctrl-s has written last.
	Saved, SavedAs string
	// Asked is what pages have asked of the frame.
	Asked []tea.Msg
}

// What is drawn must not depend on where. Servers of tests look at clocks from their
// start to their end, so this is done once.
func init() { time.Local = time.UTC } //nolint:gosmopolitan // as said

// New makes the cluster. Its agents have no address unless a test gives them one.
func New(t testing.TB) *Scene {
	t.Helper()
	look, err := style.New(style.None)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{Masters: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s := &Scene{Cluster: cluster.Snapshot(state(), Now)}
	s.answers()
	s.Deps = &page.Deps{
		Context: ctx, Client: c, Keys: keymap.New(), Registry: &page.Registry{},
		Cluster: func() *cluster.Cluster { return s.Cluster },
		Ask:     func(msg tea.Msg) { s.Asked = append(s.Asked, msg) },
		Now:     func() time.Time { return Now },
		Style:   func() *style.Style { return look },
		Trouble: func(masterpb.Call_Type) error { return nil },
		Save: func(name string, from io.Reader) (string, error) {
			data, err := io.ReadAll(from)
			s.Saved, s.SavedAs = string(data), name
			return "/home/me/" + name, err
		},
	}
	return s
}

// Opened is the page that was asked for last, and none after that; nil if none was.
func (s *Scene) Opened() page.Page {
	asked := s.Asked
	s.Asked = nil
	if len(asked) > 0 {
		if push, ok := asked[len(asked)-1].(page.Push); ok {
			return push.Page
		}
	}
	return nil
}

// Apply tells the cluster of an event.
func (s *Scene) Apply(e *masterpb.Event) { s.Cluster.Apply(e, Now) }

func p[T any](v T) *T { return &v }

func ago(d time.Duration) *float64 { return p(float64(Now.Add(-d).UnixNano()) / 1e9) }

func at(d time.Duration) *mesospb.TimeInfo {
	return &mesospb.TimeInfo{Nanoseconds: p(Now.Add(d).UnixNano())}
}

// Scalars makes resources: names and amounts in turn.
func scalars(role string, list ...any) []*mesospb.Resource {
	var rs []*mesospb.Resource
	for i := 0; i < len(list); i += 2 {
		r := &mesospb.Resource{
			Name: p(list[i].(string)), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: p(list[i+1].(float64))},
		}
		if role != "" {
			r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: &role}
		}
		rs = append(rs, r)
	}
	return rs
}

func agent(id, host string, cpus float64) *masterpb.Response_GetAgents_Agent {
	return &masterpb.Response_GetAgents_Agent{
		Active: p(true), Version: p("1.12.0"), Pid: p("slave(1)@" + host + ":5051"), RegisteredTime: at(-26 * time.Hour),
		AgentInfo: &mesospb.AgentInfo{
			Id: &mesospb.AgentID{Value: &id}, Hostname: &host, Port: p(int32(5051)),
			Attributes: []*mesospb.Attribute{{Name: p("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: p("r7")}}},
			Domain: &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
				Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: p("eu")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: p("eu-1")},
			}},
		},
		TotalResources: scalars("", "cpus", cpus, "mem", 4096.0, "disk", 20480.0),
	}
}

func framework(id, name, role string) *masterpb.Response_GetFrameworks_Framework {
	return &masterpb.Response_GetFrameworks_Framework{
		Active: p(true), Connected: p(true), Recovered: p(false), RegisteredTime: at(-25 * time.Hour),
		FrameworkInfo: &mesospb.FrameworkInfo{
			Id: &mesospb.FrameworkID{Value: &id}, Name: &name, User: p("www"), Roles: []string{role}, Principal: p("ops"), Checkpoint: p(true),
			FailoverTimeout: p(3600.0), WebuiUrl: p("http://web.example.com/"), Hostname: p("web.example.com"),
			Capabilities: []*mesospb.FrameworkInfo_Capability{
				{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE.Enum()}, {Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum()},
			},
		},
	}
}

// Task makes a task that is in a state since an hour ago.
func Task(framework, id, agent string, state mesospb.TaskState) *mesospb.Task {
	status := func(s mesospb.TaskState, d time.Duration) *mesospb.TaskStatus {
		return &mesospb.TaskStatus{
			TaskId: &mesospb.TaskID{Value: &id}, State: &s, Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(), Timestamp: ago(d),
			ContainerStatus: &mesospb.ContainerStatus{
				ContainerId:  &mesospb.ContainerID{Value: p("c0ffee00-" + id)},
				NetworkInfos: []*mesospb.NetworkInfo{{IpAddresses: []*mesospb.NetworkInfo_IPAddress{{IpAddress: p("10.0.0.1")}}}},
			},
		}
	}
	t := &mesospb.Task{
		Name: &id, TaskId: &mesospb.TaskID{Value: &id}, FrameworkId: &mesospb.FrameworkID{Value: &framework}, AgentId: &mesospb.AgentID{Value: &agent},
		State: &state, Resources: scalars("eng", "cpus", 0.5, "mem", 256.0), User: p("www"),
		Statuses: []*mesospb.TaskStatus{status(mesospb.TaskState_TASK_STARTING, time.Hour)},
		Labels:   &mesospb.Labels{Labels: []*mesospb.Label{{Key: p("tier"), Value: p("front")}}},
	}
	last := status(state, time.Hour-2*time.Second)
	if state == mesospb.TaskState_TASK_FAILED {
		last.Message, last.Reason = p("Command exited with status 1"), mesospb.TaskStatus_REASON_COMMAND_EXECUTOR_FAILED.Enum()
	} else {
		last.Healthy = p(true)
	}
	t.Statuses = append(t.Statuses, last)
	return t
}

func state() *masterpb.Response_GetState {
	tasks := []*mesospb.Task{}
	for i := range 30 {
		tasks = append(tasks, Task(Web, fmt.Sprintf("web.%d", i), []string{Host1, Host2}[i%2], mesospb.TaskState_TASK_RUNNING))
	}
	return &masterpb.Response_GetState{
		GetAgents: &masterpb.Response_GetAgents{Agents: []*masterpb.Response_GetAgents_Agent{
			agent(Host1, "host1.example.com", 8), agent(Host2, "host2.example.com", 16),
		}},
		GetFrameworks: &masterpb.Response_GetFrameworks{Frameworks: []*masterpb.Response_GetFrameworks_Framework{
			framework(Web, "marathon", "eng"), framework(Batch, "batch", "eng/batch"),
		}},
		GetTasks: &masterpb.Response_GetTasks{
			Tasks: tasks, CompletedTasks: []*mesospb.Task{Task(Batch, Failed, Host2, mesospb.TaskState_TASK_FAILED)},
		},
	}
}

// answers are those to the calls that the stream leaves open.
func (s *Scene) answers() {
	role := func(name string, weight float64, frameworks ...string) *mesospb.Role {
		r := &mesospb.Role{Name: &name, Weight: &weight, Resources: scalars("", "cpus", 15.0, "mem", 7680.0)}
		for _, id := range frameworks {
			r.Frameworks = append(r.Frameworks, &mesospb.FrameworkID{Value: &id})
		}
		return r
	}
	amounts := func(cpus float64) map[string]*mesospb.Value_Scalar {
		return map[string]*mesospb.Value_Scalar{"cpus": {Value: &cpus}}
	}
	offering := framework(Batch, "batch", "eng/batch")
	offering.Offers = []*mesospb.Offer{{
		Id: &mesospb.OfferID{Value: p(Offer)}, FrameworkId: &mesospb.FrameworkID{Value: p(Batch)}, AgentId: &mesospb.AgentID{Value: p(Host2)},
		Hostname: p("host2.example.com"), Resources: scalars("", "cpus", 2.0, "mem", 512.0),
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: p("eng/batch")}, Unavailability: unavailable(),
	}}
	machine := &mesospb.MachineID{Hostname: p("host2.example.com"), Ip: p("10.0.0.2")}
	for _, answer := range []*masterpb.Response{
		{Type: masterpb.Response_GET_ROLES.Enum(), GetRoles: &masterpb.Response_GetRoles{
			Roles: []*mesospb.Role{role("eng", 2, Web), role("eng/batch", 1, Batch)},
		}},
		{Type: masterpb.Response_GET_QUOTA.Enum(), GetQuota: &masterpb.Response_GetQuota{Status: &quotapb.QuotaStatus{
			Configs: []*quotapb.QuotaConfig{{Role: p("eng"), Guarantees: amounts(4), Limits: amounts(16)}},
		}}},
		{Type: masterpb.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: &masterpb.Response_GetFrameworks{
			Frameworks: []*masterpb.Response_GetFrameworks_Framework{offering},
		}},
		{Type: masterpb.Response_GET_OPERATIONS.Enum(), GetOperations: &masterpb.Response_GetOperations{Operations: []*mesospb.Operation{{
			Uuid:    &mesospb.UUID{Value: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
			AgentId: &mesospb.AgentID{Value: p(Host1)}, FrameworkId: &mesospb.FrameworkID{Value: p(Batch)},
			Info:         &mesospb.Offer_Operation{Type: mesospb.Offer_Operation_RESERVE.Enum(), Id: &mesospb.OperationID{Value: p("reserve-1")}},
			LatestStatus: &mesospb.OperationStatus{State: mesospb.OperationState_OPERATION_PENDING.Enum()},
			Statuses:     []*mesospb.OperationStatus{{State: mesospb.OperationState_OPERATION_PENDING.Enum()}},
		}}}},
		{Type: masterpb.Response_GET_MAINTENANCE_SCHEDULE.Enum(), GetMaintenanceSchedule: &masterpb.Response_GetMaintenanceSchedule{
			Schedule: &maintenancepb.Schedule{Windows: []*maintenancepb.Window{{MachineIds: []*mesospb.MachineID{machine}, Unavailability: unavailable()}}},
		}},
		{Type: masterpb.Response_GET_MAINTENANCE_STATUS.Enum(), GetMaintenanceStatus: &masterpb.Response_GetMaintenanceStatus{
			Status: &maintenancepb.ClusterStatus{DrainingMachines: []*maintenancepb.ClusterStatus_DrainingMachine{{Id: machine}}},
		}},
		{Type: masterpb.Response_GET_MASTER.Enum(), GetMaster: &masterpb.Response_GetMaster{
			MasterInfo: &mesospb.MasterInfo{Id: p("m"), Hostname: p("master1.example.com"), Version: p("1.12.0")}, ElectedTime: ago(30 * time.Hour), StartTime: ago(31 * time.Hour),
		}},
	} {
		s.Cluster.Answer(answer, Now)
	}
	s.Cluster.Polled.Masters = []cluster.Master{
		{Address: "master1.example.com:5050", State: "leader", ID: "m", Version: "1.12.0", Leads: true},
		{Address: "master2.example.com:5050", State: "standby"},
	}
}

func unavailable() *mesospb.Unavailability {
	return &mesospb.Unavailability{Start: at(2 * time.Hour), Duration: &mesospb.DurationInfo{Nanoseconds: p(time.Hour.Nanoseconds())}}
}
