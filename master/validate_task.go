package master

import (
	"math"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/valid"
)

// validateTask checks what can be checked of a task alone, resources aside.
func validateTask(info *mesospb.TaskInfo) error {
	if info.GetKillPolicy().GetGracePeriod().GetNanoseconds() < 0 {
		return mesos.Errorf(mesos.Invalid, "kill_policy.grace_period: it is negative")
	}
	if info.GetMaxCompletionTime().GetNanoseconds() < 0 {
		return mesos.Errorf(mesos.Invalid, "max_completion_time: it is negative")
	}
	if info.Check != nil {
		if err := validateCheck(info.Check); err != nil {
			return mesos.Errorf(mesos.Invalid, "check.%w", err)
		}
	}
	if info.HealthCheck != nil {
		if err := validateHealthCheck(info.HealthCheck); err != nil {
			return mesos.Errorf(mesos.Invalid, "health_check.%w", err)
		}
	}
	return nil
}

// validateCheck checks a check.
// https://mesos.apache.org/documentation/latest/health-checks/
func validateCheck(check *mesospb.CheckInfo) error {
	switch check.GetType() {
	case mesospb.CheckInfo_COMMAND:
		if check.Command == nil {
			return mesos.Errorf(mesos.Invalid, "command: missing, but the type is COMMAND")
		}
		if err := validateCheckCommand(check.GetCommand().GetCommand()); err != nil {
			return mesos.Errorf(mesos.Invalid, "command.%w", err)
		}
	case mesospb.CheckInfo_HTTP:
		if check.Http == nil {
			return mesos.Errorf(mesos.Invalid, "http: missing, but the type is HTTP")
		}
		if err := validateCheckPath(check.Http.Path); err != nil {
			return err
		}
	case mesospb.CheckInfo_TCP:
		if check.Tcp == nil {
			return mesos.Errorf(mesos.Invalid, "tcp: missing, but the type is TCP")
		}
	default:
		return mesos.Errorf(mesos.Invalid, "type: it must be COMMAND, HTTP or TCP")
	}
	return nonNegative(
		seconds{"delay_seconds", check.GetDelaySeconds()},
		seconds{"interval_seconds", check.GetIntervalSeconds()},
		seconds{"timeout_seconds", check.GetTimeoutSeconds()})
}

// validateHealthCheck checks a health check.
// https://mesos.apache.org/documentation/latest/health-checks/
func validateHealthCheck(check *mesospb.HealthCheck) error {
	switch check.GetType() {
	case mesospb.HealthCheck_COMMAND:
		if check.Command == nil {
			return mesos.Errorf(mesos.Invalid, "command: missing, but the type is COMMAND")
		}
		if err := validateCheckCommand(check.Command); err != nil {
			return mesos.Errorf(mesos.Invalid, "command.%w", err)
		}
	case mesospb.HealthCheck_HTTP:
		if check.Http == nil {
			return mesos.Errorf(mesos.Invalid, "http: missing, but the type is HTTP")
		}
		if scheme := check.Http.Scheme; scheme != nil && *scheme != "http" && *scheme != "https" {
			return mesos.Errorf(mesos.Invalid, "http.scheme: %q is neither http nor https", *scheme)
		}
		if err := validateCheckPath(check.Http.Path); err != nil {
			return err
		}
	case mesospb.HealthCheck_TCP:
		if check.Tcp == nil {
			return mesos.Errorf(mesos.Invalid, "tcp: missing, but the type is TCP")
		}
	default:
		return mesos.Errorf(mesos.Invalid, "type: it must be COMMAND, HTTP or TCP")
	}
	return nonNegative(
		seconds{"delay_seconds", check.GetDelaySeconds()},
		seconds{"grace_period_seconds", check.GetGracePeriodSeconds()},
		seconds{"interval_seconds", check.GetIntervalSeconds()},
		seconds{"timeout_seconds", check.GetTimeoutSeconds()})
}

func validateCheckCommand(command *mesospb.CommandInfo) error {
	if command.GetValue() == "" && command.GetShell() {
		return mesos.Errorf(mesos.Invalid, "value: the shell command is missing")
	}
	if command.GetValue() == "" {
		return mesos.Errorf(mesos.Invalid, "value: the path of the executable is missing")
	}
	return valid.Command(command)
}

func validateCheckPath(path *string) error {
	if path != nil && !strings.HasPrefix(*path, "/") {
		return mesos.Errorf(mesos.Invalid, "http.path: %q does not begin with a slash", *path)
	}
	return nil
}

type seconds struct {
	field string
	value float64
}

func nonNegative(all ...seconds) error {
	for _, s := range all {
		if !(s.value >= 0) {
			return mesos.Errorf(mesos.Invalid, "%s: %v is negative or no number", s.field, s.value)
		}
	}
	return nil
}

// validateLimits checks what a task may burst to, beyond what it requests.
func (a *agent) validateLimits(limits map[string]*mesospb.Value_Scalar, rs resources.Resources) error {
	if len(limits) == 0 {
		return nil
	}
	if !a.has(mesospb.AgentInfo_Capability_TASK_RESOURCE_LIMITS) {
		return mesos.Errorf(mesos.Invalid, "limits: agent %s lacks the capability TASK_RESOURCE_LIMITS", a.id)
	}
	for _, name := range sortedKeys(limits) {
		if name != "cpus" && name != "mem" {
			return mesos.Errorf(mesos.Invalid, "limits: only cpus and mem can be limited, not %s", name)
		}
		requested := rs.ScalarOf(name)
		if requested == 0 {
			return mesos.Errorf(mesos.Invalid, "limits: %s is limited, but none is requested", name)
		}
		limit := limits[name].GetValue()
		if !math.IsInf(limit, 1) && !(math.Round(limit*1000) >= float64(requested)) {
			return mesos.Errorf(mesos.Invalid, "limits: %s: %v is less than the %v requested", name, limit, requested)
		}
	}
	return nil
}

// validateGroupTask checks what is asked of the tasks of a group beyond what is
// asked of every task: they run in containers inside their executor's.
// https://mesos.apache.org/documentation/latest/nested-container-and-task-group/
func validateGroupTask(info *mesospb.TaskInfo) error {
	container := info.GetContainer()
	if container != nil && container.GetType() == mesospb.ContainerInfo_DOCKER {
		return mesos.Errorf(mesos.Invalid, "container.type: a task of a group can't be a DOCKER container")
	}
	if len(container.GetNetworkInfos()) > 0 {
		switch info.GetHealthCheck().GetType() {
		case mesospb.HealthCheck_HTTP, mesospb.HealthCheck_TCP:
			return mesos.Errorf(mesos.Invalid,
				"health_check.type: %s does not reach a task that has a network apart from its executor's", info.GetHealthCheck().GetType())
		}
	}
	if len(info.GetLimits()) > 0 && sharesCgroups(container) {
		return mesos.Errorf(mesos.Invalid, "limits: a task of a group can have some only if container.linux_info.share_cgroups is false")
	}
	return nil
}

// sharesCgroups is whether a task runs in its executor's cgroups: yes by default.
func sharesCgroups(container *mesospb.ContainerInfo) bool {
	info := container.GetLinuxInfo()
	return info == nil || info.ShareCgroups == nil || *info.ShareCgroups
}
