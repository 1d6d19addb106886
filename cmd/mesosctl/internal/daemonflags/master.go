package daemonflags

import (
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
)

// DefaultMasterPort is the port of a master that is told no other.
const DefaultMasterPort = 5050

// Master is the flags of a master.
type Master struct {
	Config daemon.MasterConfig
	Log    Logging
	Table  flags.Table
	lookup bool
}

// NewMaster returns a master's flags at their defaults.
func NewMaster() *Master {
	m := &Master{}
	c := &m.Config
	m.Table = append(common(&c.CommonConfig, &m.Log, DefaultMasterPort, &m.lookup),
		flags.Path("work_dir", &c.WorkDir, "", "`directory` for what must survive a restart (required)"),
		flags.String("cluster", &c.Cluster, "", "`name` of the cluster, for people to read"),
		flags.List("etcd", &c.Etcd, "", "client `URLs` of an external etcd; without them the master runs its own member"),
		flags.Func("allocator", "name", "HierarchicalDRF",
			"`HierarchicalDRF`, in this process, or the host:port of one started as mesosctl allocator", allocator(&c.Allocator)),
		flags.Func("weights", "weights", "", "weights of roles, as in `role=weight,role=weight`", weights(&c.Weights)),
		flags.Func("roles", "list", "", "the only `roles` that frameworks may have; any if not given", roleNames(&c.Roles)),
		whitelist(&c.Whitelist),
		flags.Duration("agent_ping_timeout", &c.AgentPingTimeout, "15secs", "`time` in which an agent must answer a ping").
			Formerly("slave_ping_timeout"),
		flags.Int("max_agent_ping_timeouts", &c.MaxAgentPingTimeouts, 5, 1, 1<<30, "pings in a row that an agent may miss").
			Formerly("max_slave_ping_timeouts"),
		flags.Duration("agent_reregister_timeout", &c.AgentReregisterTimeout, "10mins",
			"`time` in which known agents must come back to a new leader").Formerly("slave_reregister_timeout"),
		flags.Duration("offer_timeout", &c.OfferTimeout, "", "`time` after which an unanswered offer is rescinded; never if not given"),
		flags.Int("max_completed_frameworks", &c.MaxCompletedFrameworks, 50, 0, 1<<30, "completed frameworks to remember"),
		flags.Int("max_completed_tasks_per_framework", &c.MaxCompletedTasksPerFramework, 1000, 0, 1<<30, "completed tasks to remember of each framework"),
		flags.Int("max_unreachable_tasks_per_framework", &c.MaxUnreachableTasks, 1000, 0, 1<<30, "unreachable tasks to remember of each framework"),
		flags.Int("offer_constraints_re2_max_program_size", &c.OfferConstraintsMaxProgram, 100, 1, 1<<20,
			"instructions that a regular expression in offer constraints may compile to"),
		flags.Func("offer_constraints_re2_max_mem", "size", "4KB",
			"`size` of memory that a regular expression in offer constraints may need", size(&c.OfferConstraintsMaxMemory)),
		flags.Bool("root_submissions", &c.RootSubmissions, true, "let frameworks run as root"),
		flags.Duration("registry_store_timeout", &c.RegistryStoreTimeout, "20secs", "`time` that a write to the registry may take"),
		flags.Duration("registry_fetch_timeout", &c.RegistryFetchTimeout, "1mins", "`time` that reading the registry may take"),
	)
	m.Table = append(m.Table, allocationFlags(&c.PolicyConfig)...)
	m.Table = append(m.Table, masterTrust(c)...)
	m.Table = append(m.Table, masterLater()...)
	m.Table.Apply()
	return m
}

// Settle completes the configuration when all flags have their values.
func (m *Master) Settle() error {
	if m.Config.WorkDir == "" {
		return mesos.Errorf(mesos.Invalid, "--work_dir is missing: say where to keep what must survive a restart")
	}
	m.Config.EtcdFast = len(m.Config.Etcd) == 0 // a member of its own is the only one
	return settle(&m.Config.CommonConfig, m.lookup, m.Table)
}

// masterLater is what a Mesos master has and this one does not have yet.
func masterLater() flags.Table {
	return flags.Table{
		flags.Later("agent_removal_rate_limit", "").Formerly("slave_removal_rate_limit"),
		flags.Later("authentication_v0_timeout", "15secs"),
		flags.Later("authenticators", "crammd5"),
		flags.LaterBool("log_auto_initialize", true),
		flags.Later("master_contender", ""),
		flags.Later("master_detector", ""),
		flags.Later("max_executors_per_agent", ""),
		flags.Later("max_operator_event_stream_subscribers", "1000"),
		flags.LaterBool("publish_per_framework_metrics", true),
		flags.Later("quorum", "", "1"),
		flags.Later("rate_limits", ""),
		flags.Later("recovery_agent_removal_limit", "100%").Formerly("recovery_slave_removal_limit"),
		flags.Later("registry", "replicated_log"),
		flags.Later("registry_gc_interval", "15mins"),
		flags.Later("registry_max_agent_age", "2weeks"),
		flags.Later("registry_max_agent_count", "102400"),
		flags.LaterBool("require_agent_domain", false),
		flags.Later("webui_dir", "/usr/local/share/mesos/webui"),
		flags.Later("zk", ""),
	}
}

func weights(m *map[string]float64) func(string) error {
	return func(text string) error {
		*m = nil
		for part := range strings.SplitSeq(text, ",") {
			if part == "" {
				continue
			}
			role, value, ok := strings.Cut(part, "=")
			weight, err := strconv.ParseFloat(value, 64)
			if !ok || err != nil || !(weight > 0) {
				return mesos.Errorf(mesos.Invalid, "%q is not role=weight with a weight over 0", part)
			}
			if err := allocation.CheckWeight(role, weight); err != nil {
				return err
			}
			if *m == nil {
				*m = map[string]float64{}
			}
			(*m)[role] = weight
		}
		return nil
	}
}

func roleNames(m *map[string]bool) func(string) error {
	return func(text string) error {
		*m = nil
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if err := mesos.ValidateRole(name); err != nil {
				return err
			}
			if *m == nil {
				*m = map[string]bool{mesos.AnyRole: true} // which is always there
			}
			(*m)[name] = true
		}
		return nil
	}
}

// whitelist is a file with a hostname on each line; "*", as no file, is any.
func whitelist(path *string) *flags.Flag {
	f := flags.Path("whitelist", path, "", "`file` with the hostnames of the agents to use, one a line; it is read again every 5 seconds")
	return f.Then(func() error {
		_, err := daemon.ReadWhitelist(*path)
		return err
	})
}

func size(p *mesos.Bytes) func(string) error {
	return func(text string) (err error) {
		*p, err = mesos.ParseBytes(text)
		return err
	}
}
