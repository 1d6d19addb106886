package agent

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
)

// environment is what an executor finds in its environment:
// --executor_environment_variables, and on top of it what
// https://mesos.apache.org/documentation/latest/executor-http-api/ lists. Sorted
// by name.
func (a *Agent) environment(e *executor) []Variable {
	mine := map[string]string{
		"LIBPROCESS_PORT":                      "0",
		"MESOS_FRAMEWORK_ID":                   string(e.framework.id),
		"MESOS_EXECUTOR_ID":                    string(e.id),
		"MESOS_SLAVE_ID":                       string(a.id),
		"MESOS_SLAVE_PID":                      "slave(1)@" + a.config.Address,
		"MESOS_AGENT_ENDPOINT":                 a.config.Address,
		"MESOS_DIRECTORY":                      e.sandbox,
		"MESOS_SANDBOX":                        e.sandbox,
		"MESOS_HTTP_COMMAND_EXECUTOR":          "0",
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": mesos.FormatDuration(a.gracePeriod(e.info)),
		"MESOS_CHECKPOINT":                     "0",
	}
	if e.checkpoint {
		mine["MESOS_CHECKPOINT"] = "1"
		mine["MESOS_RECOVERY_TIMEOUT"] = mesos.FormatDuration(a.config.RecoveryTimeout)
		mine["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = mesos.FormatDuration(a.config.ExecutorReregistrationTimeout)
	}
	if a.config.Token != nil {
		mine["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = a.config.Token(e.framework.id, e.id, e.container)
	}
	all := make([]Variable, 0, len(a.config.ExecutorEnvironment)+len(mine))
	for _, v := range a.config.ExecutorEnvironment {
		if _, ok := mine[v.Name]; !ok {
			all = append(all, v)
		}
	}
	for name, value := range mine {
		all = append(all, Variable{Name: name, Value: value})
	}
	slices.SortStableFunc(all, func(x, y Variable) int { return strings.Compare(x.Name, y.Name) })
	return all
}
