package tui

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/tui/cluster"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/style"
	"github.com/mesosctl/mesosctl/wire/allocatorpb"
	"github.com/mesosctl/mesosctl/wire/maintenancepb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// noon is when the scenes of these tests are.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func p[T any](v T) *T { return &v }

func at(d time.Duration) *mesospb.TimeInfo {
	return &mesospb.TimeInfo{Nanoseconds: p(noon.Add(d).UnixNano())}
}

func scalars(amounts ...any) []*mesospb.Resource {
	var list []*mesospb.Resource
	for i := 0; i < len(amounts); i += 2 {
		name, _ := amounts[i].(string)
		amount, _ := amounts[i+1].(float64)
		list = append(list, &mesospb.Resource{Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &amount}})
	}
	return list
}

func sceneAgent(i int) *masterpb.Response_GetAgents_Agent {
	a := &masterpb.Response_GetAgents_Agent{
		AgentInfo: &mesospb.AgentInfo{
			Hostname: p(fmt.Sprintf("node-%d.rack%d.example.org", i, i%3)), Port: p(int32(5051)),
			Id: &mesospb.AgentID{Value: p(fmt.Sprintf("6f7c8a54-1c1b-4f8e-9a36-d7a3c9c0b1de-S%d", i))},
			Attributes: []*mesospb.Attribute{{
				Name: p("rack"), Type: mesospb.Value_TEXT.Enum(), Text: &mesospb.Value_Text{Value: p(fmt.Sprintf("r%d", i%3))},
			}},
			Domain: &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
				Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: p("eu")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: p(fmt.Sprintf("z%d", i%3))},
			}},
		},
		Active: p(i != 4), Version: p("1.11.0"), RegisteredTime: at(-time.Duration(i+1) * 26 * time.Hour),
		TotalResources:   scalars("cpus", 16.0, "mem", 65536.0, "disk", 921600.0),
		OfferedResources: scalars("cpus", float64(i%2), "mem", 2048.0*float64(i%2)),
	}
	if i == 5 {
		a.TotalResources = append(a.TotalResources, scalars("gpus", 4.0)...)
		a.DrainInfo = &mesospb.DrainInfo{State: mesospb.DrainState_DRAINING.Enum(), Config: &mesospb.DrainConfig{}}
	}
	return a
}

var sceneFrameworks = []struct {
	id, name, role, user string
	active, connected    bool
}{
	{"F-0000", "marathon", "services", "root", true, true},
	{"F-0001", "spark: nightly ünïcode 日本語", "batch/etl", "spark", true, true},
	{"F-0002", "chronos", "batch/cron", "chronos", false, true},
	{"F-0003", "a-framework-whose-name-goes-on-and-on-and-on", "dev", "alice", false, false},
}

func sceneFramework(i int) *masterpb.Response_GetFrameworks_Framework {
	f := sceneFrameworks[i]
	return &masterpb.Response_GetFrameworks_Framework{
		FrameworkInfo: &mesospb.FrameworkInfo{
			Name: p(f.name), User: p(f.user), Id: &mesospb.FrameworkID{Value: p(f.id)}, Roles: []string{f.role}, Hostname: p("sched.example.org"),
			Principal: p(f.user + "-principal"),
		},
		Active: p(f.active), Connected: p(f.connected), Recovered: p(false), RegisteredTime: at(-time.Duration(i+1) * 70 * time.Minute),
	}
}

var sceneStates = []mesospb.TaskState{
	mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_STAGING,
	mesospb.TaskState_TASK_RUNNING, mesospb.TaskState_TASK_KILLING, mesospb.TaskState_TASK_FAILED, mesospb.TaskState_TASK_RUNNING,
	mesospb.TaskState_TASK_FINISHED, mesospb.TaskState_TASK_UNREACHABLE,
}

func sceneTask(i int) *mesospb.Task {
	f := sceneFrameworks[i%3]
	id := fmt.Sprintf("%s.%d", []string{"web", "etl-stage", "cron"}[i%3], i)
	switch i {
	case 4:
		id = "evil\x1b[31m\x07\x1b]0;title\x07\nname"
	case 5:
		id = "日本語のとても長いタスクの名前.2026-03-01T12:00:00Z.retry.1"
	}
	state := sceneStates[i%len(sceneStates)]
	status := &mesospb.TaskStatus{
		TaskId: &mesospb.TaskID{Value: &id}, State: &state, Timestamp: p(float64(noon.Add(-time.Duration(i*i+1)*17*time.Second).UnixNano()) / 1e9),
		Source: mesospb.TaskStatus_SOURCE_EXECUTOR.Enum(),
	}
	if state == mesospb.TaskState_TASK_FAILED {
		status.Message, status.Reason = p("Command exited with status 137: killed for memory"), mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_MEMORY.Enum()
	}
	if i%7 == 1 {
		status.Healthy = p(i%2 == 0)
	}
	resources := scalars("cpus", 0.1+float64(i%5)*0.7, "mem", float64(int(64)<<(i%6)), "disk", float64(i%4)*512)
	if i == 11 {
		resources = append(resources, scalars("gpus", 2.0)...)
	}
	for _, r := range resources {
		r.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: p(f.role)}
	}
	return &mesospb.Task{
		Name: p([]string{"web", "etl", "cron"}[i%3]), TaskId: status.TaskId, FrameworkId: &mesospb.FrameworkID{Value: p(f.id)},
		AgentId: sceneAgent(i % 6).AgentInfo.Id, State: &state, Resources: resources, Statuses: []*mesospb.TaskStatus{status}, User: p(f.user),
	}
}

func sceneState() *masterpb.Response_GetState {
	state := &masterpb.Response_GetState{
		GetAgents: &masterpb.Response_GetAgents{}, GetFrameworks: &masterpb.Response_GetFrameworks{}, GetTasks: &masterpb.Response_GetTasks{},
	}
	for i := range 6 {
		state.GetAgents.Agents = append(state.GetAgents.Agents, sceneAgent(i))
	}
	for i := range sceneFrameworks {
		state.GetFrameworks.Frameworks = append(state.GetFrameworks.Frameworks, sceneFramework(i))
	}
	for i := range 40 {
		switch t := sceneTask(i); t.GetState() {
		case mesospb.TaskState_TASK_FAILED, mesospb.TaskState_TASK_FINISHED:
			state.GetTasks.CompletedTasks = append(state.GetTasks.CompletedTasks, t)
		case mesospb.TaskState_TASK_UNREACHABLE:
			state.GetTasks.UnreachableTasks = append(state.GetTasks.UnreachableTasks, t)
		default:
			state.GetTasks.Tasks = append(state.GetTasks.Tasks, t)
		}
	}
	return state
}

// sceneAnswers is what is asked for beside the stream.
func sceneAnswers() []any {
	role := func(name string, weight float64, frameworks int, resources []*mesospb.Resource) *mesospb.Role {
		r := &mesospb.Role{Name: &name, Weight: &weight, Resources: resources}
		for range frameworks {
			r.Frameworks = append(r.Frameworks, &mesospb.FrameworkID{Value: p("F")})
		}
		return r
	}
	amounts := func(list ...*mesospb.Resource) map[string]*mesospb.Value_Scalar {
		m := map[string]*mesospb.Value_Scalar{}
		for _, r := range list {
			m[r.GetName()] = r.GetScalar()
		}
		return m
	}
	offer := func(i int) *mesospb.Offer {
		return &mesospb.Offer{
			Id: &mesospb.OfferID{Value: p(fmt.Sprintf("6f7c8a54-1c1b-4f8e-9a36-d7a3c9c0b1de-O%d", 117+i))}, AgentId: sceneAgent(i).AgentInfo.Id,
			FrameworkId: &mesospb.FrameworkID{Value: p(sceneFrameworks[i%2].id)}, Hostname: sceneAgent(i).AgentInfo.Hostname,
			AllocationInfo: &mesospb.Resource_AllocationInfo{Role: p(sceneFrameworks[i%2].role)}, Resources: scalars("cpus", 1.0+float64(i), "mem", 2048.0),
		}
	}
	offering := sceneFramework(0)
	offering.Offers, offering.OfferedResources = []*mesospb.Offer{offer(0), offer(1), offer(3)}, scalars("cpus", 6.0)
	operation := func(i int, kind mesospb.Offer_Operation_Type, state mesospb.OperationState, message string) *mesospb.Operation {
		o := &mesospb.Operation{
			AgentId: sceneAgent(i).AgentInfo.Id, FrameworkId: &mesospb.FrameworkID{Value: p(sceneFrameworks[i%3].id)},
			Info: &mesospb.Offer_Operation{Type: &kind}, Uuid: &mesospb.UUID{Value: []byte(fmt.Sprintf("0123456789abcde%d", i))},
			LatestStatus: &mesospb.OperationStatus{State: &state, Message: &message},
		}
		if i == 2 {
			o.FrameworkId = nil
		}
		return o
	}
	metrics := &masterpb.Response_GetMetrics{}
	for name, v := range map[string]float64{
		"allocator/mesos/resources/cpus/offered_or_allocated": 60, "allocator/mesos/resources/mem/offered_or_allocated": 24_000,
		"allocator/mesos/resources/disk/offered_or_allocated": 30_000, "master/tasks_finished": 1204, "master/tasks_failed": 37,
	} {
		metrics.Metrics = append(metrics.Metrics, &mesospb.Metric{Name: &name, Value: &v})
	}
	machine := func(i int) *mesospb.MachineID { return &mesospb.MachineID{Hostname: sceneAgent(i).AgentInfo.Hostname} }
	window := &maintenancepb.Window{
		MachineIds:     []*mesospb.MachineID{machine(1), machine(2), {Hostname: p("old-box.example.org")}},
		Unavailability: &mesospb.Unavailability{Start: at(90 * time.Minute), Duration: &mesospb.DurationInfo{Nanoseconds: p(int64(2 * time.Hour))}},
	}
	return []any{
		&masterpb.Response{Type: masterpb.Response_GET_MASTER.Enum(), GetMaster: &masterpb.Response_GetMaster{
			MasterInfo: &mesospb.MasterInfo{Id: p("6f7c8a54-1c1b-4f8e-9a36-d7a3c9c0b1de"), Version: p("1.11.0")},
			StartTime:  p(float64(noon.Add(-100 * time.Hour).Unix())), ElectedTime: p(float64(noon.Add(-30 * time.Hour).Unix())),
		}},
		&masterpb.Response{Type: masterpb.Response_GET_METRICS.Enum(), GetMetrics: metrics},
		&masterpb.Response{Type: masterpb.Response_GET_ROLES.Enum(), GetRoles: &masterpb.Response_GetRoles{Roles: []*mesospb.Role{
			role("services", 2, 1, scalars("cpus", 20.3, "mem", 9000.0)), role("batch/etl", 1, 1, scalars("cpus", 12.0, "mem", 4096.0)),
			role("batch/cron", 1, 1, scalars("cpus", 4.0, "mem", 512.0)), role("dev", 1, 1, nil),
		}}},
		&masterpb.Response{Type: masterpb.Response_GET_WEIGHTS.Enum(), GetWeights: &masterpb.Response_GetWeights{WeightInfos: []*mesospb.WeightInfo{
			{Role: p("services"), Weight: p(2.0)}, {Role: p("batch"), Weight: p(1.5)},
		}}},
		&masterpb.Response{Type: masterpb.Response_GET_QUOTA.Enum(), GetQuota: &masterpb.Response_GetQuota{Status: &quotapb.QuotaStatus{Configs: []*quotapb.QuotaConfig{
			{Role: p("services"), Guarantees: amounts(scalars("cpus", 32.0, "mem", 65536.0)...), Limits: amounts(scalars("cpus", 48.0)...)},
			{Role: p("batch"), Limits: amounts(scalars("cpus", 16.0, "mem", 8192.0)...)},
		}}}},
		&masterpb.Response{Type: masterpb.Response_GET_FRAMEWORKS.Enum(), GetFrameworks: &masterpb.Response_GetFrameworks{
			Frameworks: []*masterpb.Response_GetFrameworks_Framework{offering},
		}},
		&masterpb.Response{Type: masterpb.Response_GET_OPERATIONS.Enum(), GetOperations: &masterpb.Response_GetOperations{Operations: []*mesospb.Operation{
			operation(0, mesospb.Offer_Operation_RESERVE, mesospb.OperationState_OPERATION_FINISHED, ""),
			operation(1, mesospb.Offer_Operation_CREATE_DISK, mesospb.OperationState_OPERATION_PENDING, ""),
			operation(2, mesospb.Offer_Operation_DESTROY, mesospb.OperationState_OPERATION_FAILED, "the volume is in use by a task"),
		}}},
		&masterpb.Response{Type: masterpb.Response_GET_MAINTENANCE_SCHEDULE.Enum(), GetMaintenanceSchedule: &masterpb.Response_GetMaintenanceSchedule{
			Schedule: &maintenancepb.Schedule{Windows: []*maintenancepb.Window{window}},
		}},
		&masterpb.Response{Type: masterpb.Response_GET_MAINTENANCE_STATUS.Enum(), GetMaintenanceStatus: &masterpb.Response_GetMaintenanceStatus{
			Status: &maintenancepb.ClusterStatus{
				DrainingMachines: []*maintenancepb.ClusterStatus_DrainingMachine{{Id: machine(1), Statuses: []*allocatorpb.InverseOfferStatus{
					{Status: allocatorpb.InverseOfferStatus_ACCEPT.Enum()}, {Status: allocatorpb.InverseOfferStatus_DECLINE.Enum()},
				}}},
				DownMachines: []*mesospb.MachineID{{Hostname: p("old-box.example.org")}},
			},
		}},
		live.Masters{
			{Address: "m1.example.org:5050", State: "leader", Leads: true}, {Address: "m2.example.org:5050", State: "standby"},
			{Address: "m3.example.org:5050", State: "unreachable", Note: "connect to m3.example.org:5050: connection refused"},
		},
	}
}

// stage is a Source whose batches tests give themselves.
type stage struct {
	wanted []masterpb.Call_Type
	retry  int
}

func (s *stage) Next(ctx context.Context) (live.Batch, error) {
	<-ctx.Done()
	return live.Batch{}, ctx.Err()
}
func (s *stage) Want(calls []masterpb.Call_Type) { s.wanted = calls }
func (s *stage) Retry()                          { s.retry++ }

// actor is a Model that tests drive: commands are run at once.
type actor struct {
	t *testing.T
	*Model
	stage *stage
	quit  bool
}

func act(t *testing.T, config Config, width, height int) *actor {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing comes but what the test gives
	c, err := client.New(client.Config{Masters: []string{"m1.example.org:5050"}})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{}
	config.Client, config.Live, config.Now = c, s, noon
	if config.Theme == "" {
		config.Theme = style.None
	}
	m, err := New(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	a := &actor{t: t, Model: m, stage: s}
	for _, page := range m.stack {
		a.run(page.Init())
	}
	a.send(tea.WindowSizeMsg{Width: width, Height: height})
	return a
}

// scene is an actor on the cluster of these tests, after some history.
func scene(t *testing.T, config Config, width, height int) *actor {
	t.Helper()
	a := act(t, config, width, height)
	begin := noon.Add(-90 * time.Second)
	a.batch(begin, live.Status{Leader: "m1.example.org:5050"}, live.Snapshot{Cluster: cluster.Snapshot(sceneState(), begin)})
	a.batch(begin, sceneAnswers()...)
	for i := range 90 {
		now := begin.Add(time.Duration(i+1) * time.Second)
		for j := range i % 4 {
			m := sceneTask(100 + 4*i + j)
			m.State = mesospb.TaskState_TASK_RUNNING.Enum()
			a.cluster.Apply(&masterpb.Event{Type: masterpb.Event_TASK_ADDED.Enum(), TaskAdded: &masterpb.Event_TaskAdded{Task: m}}, now)
			state := mesospb.TaskState_TASK_FINISHED
			if i%20 == 7 {
				state = mesospb.TaskState_TASK_FAILED
			}
			status := m.Statuses[0]
			status.State = &state
			a.cluster.Apply(&masterpb.Event{Type: masterpb.Event_TASK_UPDATED.Enum(), TaskUpdated: &masterpb.Event_TaskUpdated{
				FrameworkId: m.FrameworkId, Status: status, State: &state,
			}}, now)
		}
		a.cluster.Tick(now)
	}
	a.batch(noon)
	return a
}

func (a *actor) batch(now time.Time, items ...any) { a.send(live.Batch{Items: items, At: now}) }

func (a *actor) send(msg tea.Msg) {
	if _, ok := msg.(tea.QuitMsg); ok {
		a.quit = true
		return
	}
	_, cmd := a.Update(msg)
	a.run(cmd)
}

func (a *actor) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			a.run(c)
		}
	default:
		a.send(msg)
	}
}

// keys presses keys: each is a name, or a letter.
func (a *actor) keys(names ...string) {
	codes := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "space": {Code: tea.KeySpace, Text: " "}, "down": {Code: tea.KeyDown},
		"ctrl+s": {Code: 's', Mod: tea.ModCtrl}, "ctrl+k": {Code: 'k', Mod: tea.ModCtrl}, "ctrl+r": {Code: 'r', Mod: tea.ModCtrl}, "ctrl+w": {Code: 'w', Mod: tea.ModCtrl}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "tab": {Code: tea.KeyTab},
	}
	for _, name := range names {
		if msg, ok := codes[name]; ok {
			a.send(msg)
			continue
		}
		for _, r := range name {
			a.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

var errLost = errors.New("connect to m1.example.org:5050: connection refused")
