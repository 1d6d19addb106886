package kinds

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

var roles = &Kind{
	Name: "roles", Aliases: []string{"role", "r"}, Short: "roles, and who shares in them",
	Columns: []Column{
		{Header: "ROLE"}, {Header: "WEIGHT"}, {Header: "FRAMEWORKS"}, {Header: "CPUS"}, {Header: "MEM MB"}, {Header: "DISK MB"}, {Header: "GPUS"},
		{"RESOURCES", true},
	},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		answer, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_ROLES.Enum()})
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, r := range answer.GetGetRoles().GetRoles() {
			rs := r.GetResources()
			items = append(items, Item{
				ID: r.GetName(), Value: r, Labels: map[string]string{"role": r.GetName()},
				Cells: []Cell{
					text(r.GetName()), amount(r.GetWeight()), count(len(r.GetFrameworks())),
					amount(scalar(rs, "cpus")), amount(scalar(rs, "mem")), amount(scalar(rs, "disk")), amount(scalar(rs, "gpus")),
					text(Dash(resourceText(rs))),
				},
			})
		}
		return sorted(items), nil
	},
}

func sorted(items []Item) []Item {
	slices.SortStableFunc(items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	return items
}

var quotas = &Kind{
	Name: "quota", Aliases: []string{"quotas", "q"}, Short: "what roles are guaranteed, and what they may not exceed",
	Columns: []Column{{Header: "ROLE"}, {Header: "GUARANTEES"}, {Header: "LIMITS"}},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		answer, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_QUOTA.Enum()})
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, q := range configs(answer.GetGetQuota().GetStatus()) {
			items = append(items, Item{
				ID: q.GetRole(), Value: q, Labels: map[string]string{"role": q.GetRole()},
				Cells: []Cell{text(q.GetRole()), text(scalarsText(q.GetGuarantees())), text(scalarsText(q.GetLimits()))},
			})
		}
		return sorted(items), nil
	},
}

// configs are the quotas of a status. Apache Mesos before 1.9 has only the older
// form, in which a guarantee is a limit, too.
func configs(status *quotapb.QuotaStatus) []*quotapb.QuotaConfig {
	if len(status.GetConfigs()) > 0 {
		return status.GetConfigs()
	}
	var list []*quotapb.QuotaConfig
	for _, info := range status.GetInfos() {
		q := &quotapb.QuotaConfig{Role: info.Role, Guarantees: map[string]*mesospb.Value_Scalar{}}
		for _, r := range info.GetGuarantee() {
			q.Guarantees[r.GetName()] = r.GetScalar()
		}
		q.Limits = q.Guarantees
		list = append(list, q)
	}
	return list
}

func scalarsText(amounts map[string]*mesospb.Value_Scalar) string {
	values := map[string]float64{}
	for name, v := range amounts {
		values[name] = v.GetValue()
	}
	return quantitiesText(values, slices.Sorted(maps.Keys(values)))
}

var weights = &Kind{
	Name: "weights", Aliases: []string{"weight", "w"}, Short: "how roles share with each other",
	Columns: []Column{{Header: "ROLE"}, {Header: "WEIGHT"}},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		answer, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_WEIGHTS.Enum()})
		if err != nil {
			return nil, err
		}
		var items []Item
		for _, w := range answer.GetGetWeights().GetWeightInfos() {
			items = append(items, Item{
				ID: w.GetRole(), Value: w, Labels: map[string]string{"role": w.GetRole()},
				Cells: []Cell{text(w.GetRole()), amount(w.GetWeight())},
			})
		}
		return sorted(items), nil
	},
}

var maintenance = &Kind{
	Name: "maintenance", Aliases: []string{"maint", "machines"}, Short: "machines that are to go down, or are",
	Columns: []Column{{Header: "MACHINE"}, {Header: "MODE"}, {Header: "FROM"}, {Header: "FOR"}},
	list: func(ctx context.Context, from *source) ([]Item, error) {
		schedule, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_MAINTENANCE_SCHEDULE.Enum()})
		if err != nil {
			return nil, err
		}
		status, err := from.client.Call(ctx, &masterpb.Call{Type: masterpb.Call_GET_MAINTENANCE_STATUS.Enum()})
		if err != nil {
			return nil, err
		}
		modes := map[string]string{}
		for _, m := range status.GetGetMaintenanceStatus().GetStatus().GetDrainingMachines() {
			modes[Machine(m.GetId())] = "draining"
		}
		for _, m := range status.GetGetMaintenanceStatus().GetStatus().GetDownMachines() {
			modes[Machine(m)] = "down"
		}
		var items []Item
		for _, w := range schedule.GetGetMaintenanceSchedule().GetSchedule().GetWindows() {
			begin, length := Window(w.GetUnavailability())
			for _, id := range w.GetMachineIds() {
				name := Machine(id)
				items = append(items, Item{
					ID: name, Value: w, Labels: map[string]string{"hostname": id.GetHostname(), "ip": id.GetIp(), "mode": modes[name]},
					Cells: []Cell{text(name), text(Dash(modes[name])), text(begin), text(length)},
				})
			}
		}
		return sorted(items), nil
	},
}

// Machine is what a machine is called.
func Machine(id *mesospb.MachineID) string {
	switch {
	case id.GetIp() == "":
		return id.GetHostname()
	case id.GetHostname() == "" || id.GetHostname() == id.GetIp():
		return id.GetIp()
	}
	return id.GetHostname() + " (" + id.GetIp() + ")"
}

// Window is when a machine is not available, and for how long.
func Window(u *mesospb.Unavailability) (begin, length string) {
	begin = time.Unix(0, u.GetStart().GetNanoseconds()).UTC().Format("2006-01-02 15:04:05Z")
	if u.GetDuration() == nil {
		return begin, "ever"
	}
	return begin, time.Duration(u.GetDuration().GetNanoseconds()).String()
}
