package kinds

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Section is a part of a description: a table of its own, or things of a kind.
type Section struct {
	Title string
	Rows  [][]string // with headers
	Kind  *Kind      // of Items; nil if there are Rows
	Items []Item
}

// Describe finds what belongs to an item: what it has, and what is related to it.
func (k *Kind) Describe(ctx context.Context, c *client.Client, now time.Time, item Item) ([]Section, error) {
	from := &source{client: c, now: now}
	switch value := item.Value.(type) {
	case *masterpb.Response_GetAgents_Agent:
		return from.describeAgent(ctx, value)
	case *masterpb.Response_GetFrameworks_Framework:
		return from.related(ctx, "framework_id", item.ID, tasks, executors, offers)
	case *mesospb.Task:
		return describeTask(value), nil
	case *mesospb.Role:
		return from.describeRole(ctx, value)
	}
	return nil, nil
}

// related lists the things of some kinds that have a label.
func (s *source) related(ctx context.Context, label, value string, of ...*Kind) ([]Section, error) {
	var sections []Section
	for _, k := range of {
		items, err := k.list(ctx, s)
		if err != nil {
			return nil, err
		}
		items = slices.DeleteFunc(items, func(item Item) bool { return item.Labels[label] != value })
		sections = append(sections, Section{Title: k.Name, Kind: k, Items: items})
	}
	return sections, nil
}

func (s *source) describeAgent(ctx context.Context, a *masterpb.Response_GetAgents_Agent) ([]Section, error) {
	rows := [][]string{{"RESOURCE", "TOTAL", "ALLOCATED", "OFFERED", "FREE"}}
	for _, name := range scalarNames(a.GetTotalResources()) {
		total, used, offered := scalar(a.GetTotalResources(), name), scalar(a.GetAllocatedResources(), name), scalar(a.GetOfferedResources(), name)
		rows = append(rows, []string{name, amount(total).Text, amount(used).Text, amount(offered).Text, amount(total - used - offered).Text})
	}
	sections := []Section{{Title: "resources", Rows: rows}, {Title: "total", Rows: [][]string{{resourceText(a.GetTotalResources())}}}}
	related, err := s.related(ctx, "agent_id", a.GetAgentInfo().GetId().GetValue(), tasks, executors)
	return append(sections, related...), err
}

// scalarNames is the names of scalar resources, in their order.
func scalarNames(list []*mesospb.Resource) []string {
	var names []string
	for _, r := range list {
		if r.GetScalar() != nil && !slices.Contains(names, r.GetName()) {
			names = append(names, r.GetName())
		}
	}
	return names
}

// Resources is a list of resources as --resources has it; empty if there are none.
func Resources(list []*mesospb.Resource) string { return resourceText(list) }

func describeTask(t *mesospb.Task) []Section {
	return []Section{{Title: "statuses", Rows: Statuses(t)}, {Title: "resources", Rows: [][]string{{resourceText(t.GetResources())}}}}
}

// Statuses are what was heard of a task, one row each after the headers.
func Statuses(t *mesospb.Task) [][]string {
	rows := [][]string{{"WHEN", "STATE", "SOURCE", "REASON", "MESSAGE"}}
	for _, s := range t.GetStatuses() {
		when := time.UnixMicro(int64(s.GetTimestamp() * 1e6)).Format(time.DateTime)
		reason := "-"
		if s.Reason != nil {
			reason = strings.TrimPrefix(s.GetReason().String(), "REASON_")
		}
		rows = append(rows, []string{
			when, s.GetState().String(), strings.TrimPrefix(s.GetSource().String(), "SOURCE_"), reason,
			Dash(strings.Join(strings.Fields(s.GetMessage()), " ")),
		})
	}
	return rows
}

func (s *source) describeRole(ctx context.Context, r *mesospb.Role) ([]Section, error) {
	items, err := frameworks.list(ctx, s)
	if err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(item Item) bool {
		return !slices.ContainsFunc(r.GetFrameworks(), func(id *mesospb.FrameworkID) bool { return id.GetValue() == item.ID })
	})
	related, err := s.related(ctx, "role", r.GetName(), quotas, offers)
	return append([]Section{{Title: "frameworks", Kind: frameworks, Items: items}}, related...), err
}
