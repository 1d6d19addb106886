package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

const explainPath = "/mesosctl/explain"

// Explain asks the leading master why a framework is or isn't offered resources:
// in a role, or in all of its roles if role is "", of an agent, or of all agents
// if agent is "". An error of kind mesos.NotFound: it knows one of them not;
// mesos.Unsupported: it is a master of Apache Mesos, or its allocator can't say.
func (c *Client) Explain(ctx context.Context, framework mesos.FrameworkID, role string, agent mesos.AgentID) (*allocation.Report, error) {
	query := url.Values{"framework": {string(framework)}}
	if role != "" {
		query.Set("role", role)
	}
	if agent != "" {
		query.Set("agent", string(agent))
	}
	response, err := c.send(ctx, request{
		method: http.MethodGet, path: explainPath + "?" + query.Encode(),
		header: http.Header{"Accept": {"application/json"}},
	})
	if isBare(err, mesos.NotFound, http.StatusNotFound) {
		return nil, mesos.Errorf(mesos.Unsupported, "the master at %s can't explain: it is not one of mesosctl", c.Leader())
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return nil, err
	}
	report := new(allocation.Report)
	if err := json.Unmarshal(body, report); err != nil {
		return nil, fmt.Errorf("%s: decode answer: %w", where(response), err)
	}
	return report, nil
}
