package cluster

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Amounts are the resources that bars show. CPUs and GPUs are in thousandths,
// Mem and Disk in thousandths of MB.
type Amounts struct{ CPUs, Mem, Disk, GPUs mesos.Scalar }

// Plus adds.
func (a Amounts) Plus(b Amounts) Amounts {
	return Amounts{a.CPUs + b.CPUs, a.Mem + b.Mem, a.Disk + b.Disk, a.GPUs + b.GPUs}
}

// Minus subtracts.
func (a Amounts) Minus(b Amounts) Amounts {
	return Amounts{a.CPUs - b.CPUs, a.Mem - b.Mem, a.Disk - b.Disk, a.GPUs - b.GPUs}
}

// Max is the larger of each resource.
func (a Amounts) Max(b Amounts) Amounts {
	return Amounts{max(a.CPUs, b.CPUs), max(a.Mem, b.Mem), max(a.Disk, b.Disk), max(a.GPUs, b.GPUs)}
}

// Share is the largest part of any resource of total that a is: 0 to 1.
func (a Amounts) Share(total Amounts) float64 {
	part := func(x, of mesos.Scalar) float64 {
		if of <= 0 {
			return 0
		}
		return float64(x) / float64(of)
	}
	return max(part(a.CPUs, total.CPUs), part(a.Mem, total.Mem), part(a.Disk, total.Disk), part(a.GPUs, total.GPUs))
}

// AmountsOf sums the resources of a list, whoever they are reserved for.
func AmountsOf(list []*mesospb.Resource) Amounts {
	var a Amounts
	for _, r := range list {
		amount := mesos.ScalarFromFloat(r.GetScalar().GetValue())
		switch r.GetName() {
		case "cpus":
			a.CPUs += amount
		case "mem":
			a.Mem += amount
		case "disk":
			a.Disk += amount
		case "gpus":
			a.GPUs += amount
		}
	}
	return a
}

// Health is what a task's health check says.
type Health uint8

// What it may say.
const (
	NoHealth Health = iota
	Healthy
	Unhealthy
)

// TaskKey names a task: IDs of tasks are unique within their framework only.
type TaskKey struct{ Framework, ID string }

// Task is a task. It is immutable.
type Task struct {
	ID, Name, Framework, Agent, Executor, Role, User string
	// FrameworkName and Host are those of its framework and agent, as far as these
	// were known when the task was.
	FrameworkName, Host string
	State               mesos.TaskState
	Health              Health
	Used                Amounts
	// Started is when the first status came, Updated when the latest did; zero if
	// no status did.
	Started, Updated time.Time
	// Message is the sentence of the latest status, Reason its reason without the
	// prefix, empty if it has none.
	Message, Reason string

	encoded []byte
	later   []*mesospb.TaskStatus
}

// Key names the task.
func (t *Task) Key() TaskKey { return TaskKey{t.Framework, t.ID} }

// Alive reports whether the task is not over.
func (t *Task) Alive() bool { return !t.State.Terminal() }

// Proto is the task as the API has it, made anew.
func (t *Task) Proto() *mesospb.Task {
	m := &mesospb.Task{}
	if err := wire.Unmarshal(t.encoded, m); err != nil {
		return m // it was encoded here: it can't be
	}
	m.Statuses = append(m.Statuses, t.later...)
	state := mesospb.TaskState(t.State)
	m.State = &state
	return m
}

func newTask(m *mesospb.Task) *Task {
	t := &Task{
		ID: m.GetTaskId().GetValue(), Name: m.GetName(), Framework: m.GetFrameworkId().GetValue(), Agent: m.GetAgentId().GetValue(),
		Executor: m.GetExecutorId().GetValue(), User: m.GetUser(), State: mesos.TaskState(m.GetState()), Used: AmountsOf(m.GetResources()),
	}
	for _, r := range m.GetResources() {
		if role := r.GetAllocationInfo().GetRole(); role != "" {
			t.Role = role
			break
		}
	}
	for _, s := range m.GetStatuses() {
		t.take(s)
	}
	t.encoded, _ = wire.Marshal(m) // what was decoded can be encoded
	return t
}

// take is what the task's latest status says of it.
func (t *Task) take(s *mesospb.TaskStatus) {
	if s.Timestamp != nil {
		t.Updated = seconds(s.GetTimestamp())
		if t.Started.IsZero() {
			t.Started = t.Updated
		}
	}
	t.Message, t.Reason = s.GetMessage(), ""
	if s.Reason != nil {
		t.Reason = strings.TrimPrefix(s.GetReason().String(), "REASON_")
	}
	if s.Healthy != nil {
		t.Health = Unhealthy
		if s.GetHealthy() {
			t.Health = Healthy
		}
	}
}

// Agent is an agent. It is immutable.
type Agent struct {
	ID, Hostname, Version, Region, Zone string
	// Address is the host:port of its API.
	Address string
	// Attributes are as in --attributes.
	Attributes          string
	Active, Deactivated bool
	// Drain is mesospb.DrainState_UNKNOWN unless it is asked to drain.
	Drain                mesospb.DrainState
	Registered           time.Time
	Total, Used, Offered Amounts
	Tasks                int // that are alive

	encoded []byte
}

// Proto is the agent as the API has it, as of when the master last told of it.
func (a *Agent) Proto() *masterpb.Response_GetAgents_Agent {
	m := &masterpb.Response_GetAgents_Agent{}
	_ = wire.Unmarshal(a.encoded, m) // it was encoded here
	return m
}

// address is the host:port of an agent's API.
func address(info *mesospb.AgentInfo) string {
	host := info.GetHostname()
	if strings.Contains(host, ":") { // an IPv6 address
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(info.GetPort()))
}

// State is the agent's state in one word.
func (a *Agent) State() string {
	switch {
	case a.Drain == mesospb.DrainState_DRAINING:
		return "draining"
	case a.Drain == mesospb.DrainState_DRAINED:
		return "drained"
	case a.Deactivated:
		return "deactivated"
	case !a.Active:
		return "disconnected"
	}
	return "active"
}

func newAgent(m *masterpb.Response_GetAgents_Agent) *Agent {
	info := m.GetAgentInfo()
	a := &Agent{
		ID: info.GetId().GetValue(), Hostname: info.GetHostname(), Version: m.GetVersion(),
		Region: info.GetDomain().GetFaultDomain().GetRegion().GetName(), Zone: info.GetDomain().GetFaultDomain().GetZone().GetName(),
		Address:    address(info),
		Attributes: attributes(info.GetAttributes()),
		Active:     m.GetActive(), Deactivated: m.GetDeactivated(), Drain: m.GetDrainInfo().GetState(),
		Registered: nanoseconds(cmp.Or(m.GetReregisteredTime(), m.GetRegisteredTime())),
		Total:      AmountsOf(m.GetTotalResources()), Used: AmountsOf(m.GetAllocatedResources()), Offered: AmountsOf(m.GetOfferedResources()),
	}
	a.encoded, _ = wire.Marshal(m)
	return a
}

// Framework is a framework. It is immutable.
type Framework struct {
	ID, Name, User, Principal, Host, WebUI string
	Roles                                  []string
	Active, Connected, Recovered           bool
	// Completed frameworks were torn down or gave up.
	Completed bool
	// Registered is when it subscribed first, Unregistered when it was over.
	Registered, Unregistered time.Time
	Used, Offered            Amounts
	Tasks                    int // that are alive
	Offers                   int // when last heard of

	encoded []byte
}

// Proto is the framework as the API has it, as of when the master last told of it.
func (f *Framework) Proto() *masterpb.Response_GetFrameworks_Framework {
	m := &masterpb.Response_GetFrameworks_Framework{}
	_ = wire.Unmarshal(f.encoded, m) // it was encoded here
	return m
}

// State is the framework's state in one word.
func (f *Framework) State() string {
	switch {
	case f.Completed:
		return "completed"
	case f.Recovered:
		return "recovered"
	case !f.Connected:
		return "disconnected"
	case !f.Active:
		return "inactive"
	}
	return "active"
}

func newFramework(m *masterpb.Response_GetFrameworks_Framework, completed bool) *Framework {
	info := m.GetFrameworkInfo()
	f := &Framework{
		ID: info.GetId().GetValue(), Name: info.GetName(), User: info.GetUser(), Principal: info.GetPrincipal(),
		Host: info.GetHostname(), WebUI: info.GetWebuiUrl(), Roles: info.GetRoles(),
		Active: m.GetActive(), Connected: m.GetConnected(), Recovered: m.GetRecovered(), Completed: completed,
		Registered: nanoseconds(m.GetRegisteredTime()), Unregistered: nanoseconds(m.GetUnregisteredTime()),
		Used: AmountsOf(m.GetAllocatedResources()), Offered: AmountsOf(m.GetOfferedResources()), Offers: len(m.GetOffers()),
	}
	if len(f.Roles) == 0 {
		f.Roles = []string{cmp.Or(info.GetRole(), mesos.AnyRole)}
	}
	f.encoded, _ = wire.Marshal(m)
	return f
}

func nanoseconds(t *mesospb.TimeInfo) time.Time {
	if t.GetNanoseconds() == 0 {
		return time.Time{}
	}
	return time.Unix(0, t.GetNanoseconds())
}

func seconds(s float64) time.Time { return time.UnixMicro(int64(s * 1e6)) }
