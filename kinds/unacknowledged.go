package kinds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Unacknowledged says of which tasks of an agent nobody acknowledges the end, so that
// it can't be drained: their frameworks are not connected. It is empty if there are
// none, else the rest of a sentence about the agent's tasks.
func Unacknowledged(tasks *masterpb.Response_GetTasks, frameworks *masterpb.Response_GetFrameworks, agent string) string {
	away := map[string]bool{}
	for _, f := range frameworks.GetFrameworks() {
		if !f.GetConnected() {
			away[f.GetFrameworkInfo().GetId().GetValue()] = true
		}
	}
	n, of := 0, []string{}
	for _, t := range tasks.GetTasks() {
		framework := t.GetFrameworkId().GetValue()
		if t.GetAgentId().GetValue() != agent || !away[framework] || !mesos.TaskState(t.GetState()).Terminal() {
			continue
		}
		n++
		if !slices.Contains(of, framework) {
			of = append(of, framework)
		}
	}
	if n == 0 {
		return ""
	}
	if len(of) == 1 {
		return fmt.Sprintf("; the end of %d is not acknowledged, since framework %s is not connected: 'mesosctl teardown %s' ends it", n, of[0], of[0])
	}
	slices.Sort(of)
	return fmt.Sprintf("; the end of %d is not acknowledged, since frameworks %s are not connected: 'mesosctl teardown' ends them", n, strings.Join(of, " and "))
}
