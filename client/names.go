package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Names returns up to limit things of a kind, agents, tasks, frameworks or roles,
// that somebody may mean who types the beginning of a name; see mesos.Named.Begins.
// A master of this project is asked for just that, another one for all of the kind.
func (c *Client) Names(ctx context.Context, kind, prefix string, limit int) ([]mesos.Named, error) {
	query := url.Values{"kind": {kind}, "prefix": {prefix}, "limit": {strconv.Itoa(limit)}}
	response, err := c.send(ctx, request{
		method: http.MethodGet, path: "/mesosctl/names?" + query.Encode(),
		header: http.Header{"Accept": {"application/json"}},
	})
	if mesos.KindOf(err) == mesos.NotFound {
		return c.namesOfAll(ctx, kind, prefix, limit)
	}
	if err != nil {
		return nil, err
	}
	var names []mesos.Named
	return names, decodeJSON(response, &names)
}

// namesOfAll is Names by the v1 operator API.
func (c *Client) namesOfAll(ctx context.Context, kind, prefix string, limit int) (names []mesos.Named, err error) {
	all, err := c.everyName(ctx, kind)
	for _, n := range all {
		if len(names) < limit && n.Begins(prefix) {
			names = append(names, n)
		}
	}
	return names, err
}

func (c *Client) everyName(ctx context.Context, kind string) (names []mesos.Named, err error) {
	switch kind {
	case "agents":
		all, err := c.Agents(ctx)
		for _, a := range all.GetAgents() {
			names = append(names, mesos.Named{ID: a.GetAgentInfo().GetId().GetValue(), Name: a.GetAgentInfo().GetHostname()})
		}
		return names, err
	case "frameworks":
		all, err := c.Frameworks(ctx)
		for _, f := range all.GetFrameworks() {
			names = append(names, mesos.Named{ID: f.GetFrameworkInfo().GetId().GetValue(), Name: f.GetFrameworkInfo().GetName()})
		}
		return names, err
	case "tasks":
		all, err := c.Tasks(ctx)
		for _, list := range [][]*mesospb.Task{all.GetTasks(), all.GetPendingTasks(), all.GetUnreachableTasks(), all.GetCompletedTasks()} {
			for _, t := range list {
				names = append(names, mesos.Named{ID: t.GetTaskId().GetValue(), Name: t.GetName(), About: t.GetState().String()})
			}
		}
		return names, err
	case "roles":
		answer, err := c.get(ctx, masterpb.Call_GET_ROLES)
		for _, r := range answer.GetGetRoles().GetRoles() {
			names = append(names, mesos.Named{ID: r.GetName()})
		}
		return names, err
	}
	return nil, mesos.Errorf(mesos.Invalid, "names: %q is none of agents, tasks, frameworks and roles", kind)
}
