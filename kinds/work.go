package kinds

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var tasks = &Kind{
	Name: "tasks", Aliases: []string{"task", "t"}, Short: "tasks: running, pending, unreachable and completed",
	Columns: []Column{
		{Header: "ID"}, {Header: "NAME"}, {Header: "STATE"}, {Header: "FRAMEWORK"}, {Header: "HOST"}, {Header: "CPUS"}, {Header: "MEM MB"},
		{Header: "AGE"},
		{"AGENT", true}, {"EXECUTOR", true}, {"ROLE", true}, {"HEALTHY", true}, {"ADDRESS", true}, {"MESSAGE", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		state, err := from.client.State(ctx)
		if err != nil {
			return nil, err
		}
		names := namesOf(state)
		all := state.GetGetTasks()
		var items []Item
		for _, list := range [][]*mesospb.Task{
			all.GetPendingTasks(), all.GetTasks(), all.GetUnreachableTasks(), all.GetCompletedTasks(), all.GetOrphanTasks(),
		} {
			for _, t := range list {
				items = append(items, from.task(t, names))
			}
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

// names are what IDs are called.
type names struct{ frameworks, hosts map[string]string }

func namesOf(state *masterpb.Response_GetState) names {
	n := names{map[string]string{}, map[string]string{}}
	for _, list := range [][]*masterpb.Response_GetFrameworks_Framework{
		state.GetGetFrameworks().GetFrameworks(), state.GetGetFrameworks().GetCompletedFrameworks(),
	} {
		for _, f := range list {
			n.frameworks[f.GetFrameworkInfo().GetId().GetValue()] = f.GetFrameworkInfo().GetName()
		}
	}
	for _, a := range state.GetGetAgents().GetAgents() {
		n.hosts[a.GetAgentInfo().GetId().GetValue()] = a.GetAgentInfo().GetHostname()
	}
	return n
}

// name is what an ID is called; the ID itself if nobody knows.
func name(of map[string]string, id string) string {
	if n := of[id]; n != "" {
		return n
	}
	return Dash(id)
}

func (s *source) task(t *mesospb.Task, names names) Item {
	id, framework, agent := t.GetTaskId().GetValue(), t.GetFrameworkId().GetValue(), t.GetAgentId().GetValue()
	state := t.GetState().String()
	began, healthy, message, ip := history(t)
	labels := map[string]string{
		"name": t.GetName(), "state": state, "framework": name(names.frameworks, framework), "framework_id": framework,
		"host": name(names.hosts, agent), "agent_id": agent,
	}
	addLabels(labels, t.GetLabels())
	return Item{
		ID: id, Name: t.GetName(), Labels: labels, Value: t,
		Cells: []Cell{
			text(id), text(Dash(t.GetName())), text(state), text(name(names.frameworks, framework)), text(name(names.hosts, agent)),
			amount(scalar(t.GetResources(), "cpus")), amount(scalar(t.GetResources(), "mem")), age(s.now, began),
			text(Dash(agent)), text(Dash(t.GetExecutorId().GetValue())), text(role(t)), text(healthy), text(ip), text(message),
		},
	}
}

// history is what a task's statuses tell: when the first one came, and what the
// newest says.
func history(t *mesospb.Task) (began float64, healthy, message, ip string) {
	healthy, message, ip = "-", "-", "-"
	for i, s := range t.GetStatuses() {
		if i == 0 {
			began = s.GetTimestamp()
		}
		if s.Healthy != nil {
			healthy = yes(s.GetHealthy()).Text
		}
		message = Dash(strings.Join(strings.Fields(s.GetMessage()), " "))
		for _, n := range s.GetContainerStatus().GetNetworkInfos() {
			for _, a := range n.GetIpAddresses() {
				ip = a.GetIpAddress()
			}
		}
	}
	return began, healthy, message, ip
}

func role(t *mesospb.Task) string {
	for _, r := range t.GetResources() {
		if role := r.GetAllocationInfo().GetRole(); role != "" {
			return role
		}
	}
	return "-"
}

var executors = &Kind{
	Name: "executors", Aliases: []string{"executor", "e", "ex"}, Short: "executors that frameworks described",
	Columns: []Column{
		{Header: "ID"}, {Header: "NAME"}, {Header: "TYPE"}, {Header: "FRAMEWORK"}, {Header: "HOST"}, {Header: "CPUS"}, {Header: "MEM MB"},
		{"AGENT", true}, {"SOURCE", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		state, err := from.client.State(ctx)
		if err != nil {
			return nil, err
		}
		names := namesOf(state)
		var items []Item
		for _, e := range state.GetGetExecutors().GetExecutors() {
			info, agent := e.GetExecutorInfo(), e.GetAgentId().GetValue()
			framework := info.GetFrameworkId().GetValue()
			items = append(items, Item{
				ID: info.GetExecutorId().GetValue(), Name: info.GetName(), Value: e,
				Labels: map[string]string{"framework": name(names.frameworks, framework), "framework_id": framework, "agent_id": agent},
				Cells: []Cell{
					text(info.GetExecutorId().GetValue()), text(Dash(info.GetName())), text(info.GetType().String()),
					text(name(names.frameworks, framework)), text(name(names.hosts, agent)),
					amount(scalar(info.GetResources(), "cpus")), amount(scalar(info.GetResources(), "mem")),
					text(agent), text(Dash(info.GetSource())),
				},
			})
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

var offers = &Kind{
	Name: "offers", Aliases: []string{"offer", "o"}, Short: "resources that frameworks are thinking about",
	Columns: []Column{
		{Header: "ID"}, {Header: "FRAMEWORK"}, {Header: "HOST"}, {Header: "ROLE"}, {Header: "CPUS"}, {Header: "MEM MB"}, {Header: "DISK MB"},
		{"AGENT", true}, {"RESOURCES", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		all, err := from.client.Frameworks(ctx)
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, f := range all.GetFrameworks() {
			framework := f.GetFrameworkInfo().GetName()
			for _, o := range f.GetOffers() {
				rs := o.GetResources()
				role := Dash(o.GetAllocationInfo().GetRole())
				items = append(items, Item{
					ID: o.GetId().GetValue(), Value: o,
					Labels: map[string]string{"framework": framework, "framework_id": o.GetFrameworkId().GetValue(), "host": o.GetHostname(), "role": role},
					Cells: []Cell{
						text(o.GetId().GetValue()), text(framework), text(o.GetHostname()), text(role),
						amount(scalar(rs, "cpus")), amount(scalar(rs, "mem")), amount(scalar(rs, "disk")),
						text(o.GetAgentId().GetValue()), text(resourceText(rs)),
					},
				})
			}
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

var operations = &Kind{
	Name: "operations", Aliases: []string{"operation", "op", "ops"}, Short: "reservations and volumes under way",
	Columns: []Column{
		{Header: "UUID"}, {Header: "TYPE"}, {Header: "STATE"}, {Header: "AGENT"}, {Header: "FRAMEWORK"}, {"OPERATION", true}, {"MESSAGE", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		answer, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_OPERATIONS.Enum()})
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, o := range answer.GetGetOperations().GetOperations() {
			uuid, state := UUID(o.GetUuid().GetValue()), o.GetLatestStatus().GetState().String()
			items = append(items, Item{
				ID: uuid, Value: o,
				Labels: map[string]string{"state": state, "type": o.GetInfo().GetType().String(), "framework_id": o.GetFrameworkId().GetValue()},
				Cells: []Cell{
					text(uuid), text(o.GetInfo().GetType().String()), text(state), text(Dash(o.GetAgentId().GetValue())),
					text(Dash(o.GetFrameworkId().GetValue())), text(Dash(o.GetInfo().GetId().GetValue())), text(Dash(o.GetLatestStatus().GetMessage())),
				},
			})
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

// UUID is a UUID as people write it.
func UUID(b []byte) string {
	if len(b) != 16 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
