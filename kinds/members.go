package kinds

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

var agents = &Kind{
	Name: "agents", Aliases: []string{"agent", "a", "slaves", "nodes"}, Short: "machines, and what is used of them",
	Columns: []Column{
		{Header: "ID"}, {Header: "HOST"}, {Header: "STATE"}, {Header: "CPUS"}, {Header: "MEM MB"}, {Header: "DISK MB"},
		{Header: "GPUS"}, {Header: "AGE"},
		{"ADDRESS", true}, {"VERSION", true}, {"REGION", true}, {"ZONE", true}, {"OFFERED", true}, {"ATTRIBUTES", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		all, err := from.client.Agents(ctx)
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, a := range all.GetAgents() {
			items = append(items, from.agent(a))
		}
		for _, info := range all.GetRecoveredAgents() {
			items = append(items, recovered(info))
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

// agentColumns is how many columns of agents there are.
const agentColumns = 14

func (s *source) agent(a *masterpb.Response_GetAgents_Agent) Item {
	info := a.GetAgentInfo()
	total, used := a.GetTotalResources(), a.GetAllocatedResources()
	state := agentState(a)
	registered := cmp.Or(a.GetReregisteredTime().GetNanoseconds(), a.GetRegisteredTime().GetNanoseconds())
	labels := map[string]string{"hostname": info.GetHostname(), "state": state}
	for _, attribute := range info.GetAttributes() {
		labels[attribute.GetName()] = attributeText(attribute)
	}
	fault := info.GetDomain().GetFaultDomain()
	return Item{
		ID: info.GetId().GetValue(), Name: info.GetHostname(), Labels: labels, Value: a,
		Cells: []Cell{
			text(info.GetId().GetValue()), text(info.GetHostname()), text(state),
			of(scalar(used, "cpus"), scalar(total, "cpus")), of(scalar(used, "mem"), scalar(total, "mem")),
			of(scalar(used, "disk"), scalar(total, "disk")), of(scalar(used, "gpus"), scalar(total, "gpus")),
			age(s.now, float64(registered)/1e9),
			text(address(info)), text(a.GetVersion()), text(Dash(fault.GetRegion().GetName())), text(Dash(fault.GetZone().GetName())),
			text(Dash(resourceText(a.GetOfferedResources()))), text(Dash(attributesText(info.GetAttributes()))),
		},
	}
}

// recovered is an agent that the registry knows and that is not back yet.
func recovered(info *mesospb.AgentInfo) Item {
	item := Item{
		ID: info.GetId().GetValue(), Name: info.GetHostname(), Value: info,
		Labels: map[string]string{"hostname": info.GetHostname(), "state": "recovered"},
		Cells:  make([]Cell, agentColumns),
	}
	for i := range item.Cells {
		item.Cells[i] = text("-")
	}
	copy(item.Cells, []Cell{text(item.ID), text(info.GetHostname()), text("recovered")})
	return item
}

// agentState is an agent's state in one word.
func agentState(a *masterpb.Response_GetAgents_Agent) string {
	switch drain := a.GetDrainInfo(); {
	case drain.GetState() == mesospb.DrainState_DRAINING:
		return "draining"
	case drain.GetState() == mesospb.DrainState_DRAINED:
		return "drained"
	case a.GetDeactivated():
		return "deactivated"
	case !a.GetActive():
		return "disconnected"
	}
	return "active"
}

func address(info *mesospb.AgentInfo) string {
	return net.JoinHostPort(info.GetHostname(), strconv.Itoa(int(info.GetPort())))
}

// Dash is a text for a cell of a table, in which nothing is told by a dash.
func Dash(s string) string { return cmp.Or(s, "-") }

func attributeText(a *mesospb.Attribute) string {
	switch a.GetType() {
	case mesospb.Value_SCALAR:
		return amount(a.GetScalar().GetValue()).Text
	case mesospb.Value_TEXT:
		return a.GetText().GetValue()
	}
	return a.GetType().String()
}

func attributesText(list []*mesospb.Attribute) string {
	out := ""
	for i, a := range list {
		if i > 0 {
			out += ";"
		}
		out += a.GetName() + ":" + attributeText(a)
	}
	return out
}

var frameworks = &Kind{
	Name: "frameworks", Aliases: []string{"framework", "f", "fw"}, Short: "schedulers and what they hold",
	Columns: []Column{
		{Header: "ID"}, {Header: "NAME"}, {Header: "STATE"}, {Header: "ROLES"}, {Header: "TASKS"}, {Header: "CPUS"},
		{Header: "MEM MB"}, {Header: "OFFERS"}, {Header: "AGE"},
		{"USER", true}, {"PRINCIPAL", true}, {"HOST", true}, {"GPUS", true}, {"FAILOVER", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		state, err := from.client.State(ctx)
		if err != nil {
			return nil, err
		}
		running := map[string]int{}
		for _, t := range state.GetGetTasks().GetTasks() {
			running[t.GetFrameworkId().GetValue()]++
		}
		var items []Item
		for _, f := range state.GetGetFrameworks().GetFrameworks() {
			items = append(items, from.framework(f, running, false))
		}
		for _, f := range state.GetGetFrameworks().GetCompletedFrameworks() {
			items = append(items, from.framework(f, running, true))
		}
		slices.SortStableFunc(items, natural)
		return items, nil
	},
}

func (s *source) framework(f *masterpb.Response_GetFrameworks_Framework, running map[string]int, completed bool) Item {
	info := f.GetFrameworkInfo()
	id := info.GetId().GetValue()
	state := frameworkState(f, completed)
	labels := map[string]string{"name": info.GetName(), "state": state, "user": info.GetUser(), "principal": info.GetPrincipal()}
	addLabels(labels, info.GetLabels())
	used := f.GetAllocatedResources()
	return Item{
		ID: id, Name: info.GetName(), Labels: labels, Value: f,
		Cells: []Cell{
			text(id), text(info.GetName()), text(state), text(rolesText(info)), count(running[id]),
			amount(scalar(used, "cpus")), amount(scalar(used, "mem")), count(len(f.GetOffers())),
			age(s.now, float64(f.GetRegisteredTime().GetNanoseconds())/1e9),
			text(Dash(info.GetUser())), text(Dash(info.GetPrincipal())), text(Dash(info.GetHostname())), amount(scalar(used, "gpus")),
			text(amount(info.GetFailoverTimeout()).Text + "s"),
		},
	}
}

// frameworkState is a framework's state in one word.
func frameworkState(f *masterpb.Response_GetFrameworks_Framework, completed bool) string {
	switch {
	case completed:
		return "completed"
	case f.GetRecovered():
		return "recovered"
	case !f.GetConnected():
		return "disconnected"
	case !f.GetActive():
		return "inactive"
	}
	return "active"
}

func rolesText(info *mesospb.FrameworkInfo) string {
	roles := info.GetRoles()
	if len(roles) == 0 {
		roles = []string{cmp.Or(info.GetRole(), mesos.AnyRole)}
	}
	return join(roles)
}

func join(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += ","
		}
		out += s
	}
	return Dash(out)
}

func addLabels(to map[string]string, from *mesospb.Labels) {
	for _, l := range from.GetLabels() {
		to[l.GetKey()] = l.GetValue()
	}
}

var masters = &Kind{
	Name: "masters", Aliases: []string{"master", "m"}, Short: "the leading master, and those that stand by",
	Columns: []Column{{Header: "ADDRESS"}, {Header: "STATE"}, {Header: "ID"}, {"VERSION", true}, {"ELECTED", true}},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		leader, err := from.client.Master(ctx)
		if err != nil {
			return nil, err
		}
		at := from.client.Leader()
		info := leader.GetMasterInfo()
		items := []Item{{
			ID: at, Name: info.GetId(), Labels: map[string]string{"state": "leader"}, Value: leader,
			Cells: []Cell{text(at), text("leader"), text(info.GetId()), text(Dash(info.GetVersion())), age(from.now, leader.GetElectedTime())},
		}}
		for _, host := range from.client.Masters() {
			if host == at {
				continue
			}
			state := "standby"
			if err := from.client.Probe(ctx, host); mesos.KindOf(err) == mesos.Unavailable {
				state = "unreachable"
			}
			items = append(items, Item{
				ID: host, Labels: map[string]string{"state": state}, Value: &masterpb.Response_GetMaster{},
				Cells: []Cell{text(host), text(state), text("-"), text("-"), text("-")},
			})
		}
		return items, nil
	},
}
