package daemonflags

import (
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// DefaultAgentPort is the port of an agent that is told no other.
const DefaultAgentPort = 5051

// Agent is the flags of an agent.
type Agent struct {
	Config daemon.AgentConfig
	Log    Logging
	Table  flags.Table
	lookup bool
}

// NewAgent returns an agent's flags at their defaults.
func NewAgent() *Agent {
	a := &Agent{}
	c := &a.Config
	a.Table = append(common(&c.CommonConfig, &a.Log, DefaultAgentPort, &a.lookup),
		flags.Func("master", "masters", "", "addresses of the masters, as in `host:port,host:port` (required)", masters(&c.Masters)),
		flags.Path("work_dir", &c.WorkDir, "", "`directory` for sandboxes and what must survive a restart (required)"),
		flags.String("resources", &c.Resources, "", "`resources` to offer, as in cpus:4;mem:8192; what is not named is discovered"),
		flags.Func("attributes", "attributes", "", "attributes to show, as in `rack:abc;zone:west`", func(text string) (err error) {
			c.Attributes, err = mesos.ParseAttributes(text)
			return err
		}),
		flags.String("default_role", &c.DefaultRole, "*", "`role` of resources that name none"),
		flags.List("isolation", &c.Isolation, "", "`isolators` of containers; by default what the machine has to keep them apart"),
		flags.Bool("switch_user", &c.SwitchUser, true, "run tasks as the user that they name"),
		flags.Path("frameworks_home", &c.FrameworksHome, "", "`directory` that relative URIs are relative to"),
		flags.Func("executor_environment_variables", "json", "",
			"environment of executors, as a JSON object of strings", stringMap(&c.ExecutorEnvironment)),
		flags.Duration("registration_backoff_factor", &c.RegistrationBackoffFactor, "1secs", "`time` to wait, times chance, before registering"),
		flags.Duration("executor_registration_timeout", &c.ExecutorRegistrationTimeout, "1mins", "`time` in which an executor must register"),
		flags.Duration("executor_reregistration_timeout", &c.ExecutorReregistrationTimeout, "2secs",
			"`time` in which executors must come back to a restarted agent, at most 15secs"),
		flags.Duration("executor_shutdown_grace_period", &c.ExecutorShutdownGracePeriod, "5secs", "`time` that an executor has to shut down"),
		flags.Duration("recovery_timeout", &c.RecoveryTimeout, "15mins",
			"`time` that executors wait for an agent to come back before they end"),
		flags.Func("recover", "how", "reconnect",
			"what to do with executors of an earlier agent: `reconnect`, or cleanup, which ends them and the agent", recovery(&c.Cleanup)),
		flags.Bool("strict", &c.Strict, true, "refuse to start if something of the checkpoints can't be read"),
		flags.Func("reconfiguration_policy", "policy", "equal",
			"what of the configuration may differ from before a restart: nothing (`equal`), or more of everything (additive)",
			reconfiguration(&c.ReconfigurationPolicy)),
		flags.Duration("http_heartbeat_interval", &c.HeartbeatInterval, "30secs", "`time` between heartbeats to executors"),
		flags.Int("max_completed_executors_per_framework", &c.MaxCompletedExecutorsPerFramework, 150, 0, 1<<30,
			"completed executors to remember of each framework"),
		flags.String("resource_estimator", &c.ResourceEstimator, "",
			"`name` of what estimates the resources to oversubscribe: noop, fixed or slack"),
		flags.Duration("oversubscribed_resources_interval", &c.OversubscribedResourcesInterval, "15secs", "`time` between estimates"),
		flags.String("qos_controller", &c.QoSController, "", "`name` of what ends executors on oversubscribed resources when these are needed: noop or load"),
		flags.Duration("qos_correction_interval_min", &c.QoSCorrectionInterval, "0secs",
			"least `time` between decisions of the QoS controller; at least a second passes in any case"),
		flags.Document("modules", "json", "parameters of the estimator, of the QoS controller and of the container logger: `JSON` as for Mesos, or a file with it",
			func(text string) error {
				c.Modules = text
				return nil
			}),
	)
	a.Table = append(a.Table, agentFiles(c)...)
	a.Table = append(a.Table, agentVolumes(&c.Volumes)...)
	a.Table = append(a.Table, agentImages(&c.Images)...)
	a.Table = append(a.Table, agentNetwork(c)...)
	a.Table = append(a.Table, agentLinux(c)...)
	a.Table = append(a.Table, agentTrust(c)...)
	a.Table = append(a.Table, agentCgroups(c)...)
	c.Outlive = true
	a.Table = append(a.Table, agentLater()...)
	a.Table.Apply()
	return a
}

// Settle completes the configuration when all flags have their values.
func (a *Agent) Settle() error {
	// An agent is given up after five pings of 15 seconds by default, so that it
	// must be back well before.
	const maxReregistration = 15 * time.Second
	switch {
	case len(a.Config.Masters) == 0:
		return mesos.Errorf(mesos.Invalid, "--master is missing: say where the masters are")
	case a.Config.ExecutorReregistrationTimeout > maxReregistration:
		return mesos.Errorf(mesos.Invalid, "--executor_reregistration_timeout is %s, and may be at most %s: "+
			"until then a restarted agent is not there for its master", mesos.FormatDuration(a.Config.ExecutorReregistrationTimeout), mesos.FormatDuration(maxReregistration))
	case a.Config.WorkDir == "":
		return mesos.Errorf(mesos.Invalid, "--work_dir is missing: say where to keep sandboxes and what must survive a restart")
	}
	if err := a.Config.CheckModules(); err != nil {
		return err
	}
	if err := settleCgroups(&a.Config); err != nil {
		return err
	}
	return settle(&a.Config.CommonConfig, a.lookup, a.Table)
}

// recovery reads --recover.
func recovery(cleanup *bool) func(string) error {
	return func(text string) error {
		if text != "reconnect" && text != "cleanup" {
			return mesos.Errorf(mesos.Invalid, "%q is neither reconnect nor cleanup", text)
		}
		*cleanup = text == "cleanup"
		return nil
	}
}

// reconfiguration reads --reconfiguration_policy.
func reconfiguration(policy *string) func(string) error {
	return func(text string) error {
		if text != "equal" && text != "additive" {
			return mesos.Errorf(mesos.Invalid, "%q is neither equal nor additive", text)
		}
		*policy = text
		return nil
	}
}

func masters(list *[]string) func(string) error {
	return func(text string) (err error) {
		*list = nil
		if text != "" {
			*list, err = client.ParseMasters(text)
		}
		return err
	}
}
