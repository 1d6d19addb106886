package daemonflags

import (
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/members"
)

// DefaultMasterPort is the port of a master that is told no other.
const DefaultMasterPort = members.DefaultPort

// Master is the flags of a master.
type Master struct {
	Config  daemon.MasterConfig
	Log     Logging
	Table   flags.Table
	lookup  bool
	profile string
}

// NewMaster returns a master's flags at their defaults.
func NewMaster() *Master {
	m := &Master{}
	c := &m.Config
	m.Table = append(common(&c.CommonConfig, &m.Log, DefaultMasterPort, &m.lookup),
		flags.Path("work_dir", &c.WorkDir, "", "`directory` for what must survive a restart (required)"),
		flags.String("cluster", &c.Cluster, "", "`name` of the cluster, for people to read"),
		flags.Func("masters", "list", "", "addresses of all masters, this one included, as in `host:port,host:port`; "+
			"each also needs the port at which their etcd members talk, which is its port and 1000 or, as in host:port/peer_port, another",
			masterAddresses(&c.Masters)),
		flags.List("etcd", &c.Etcd, "", "client `URLs` of an external etcd; without them the master runs its own member"),
		flags.Func("etcd_profile", "name", "auto", "how fast etcd members find out about each other: `network`, local (for masters on "+
			"one machine), or auto, which is network for several masters", oneOf([]string{"auto", "network", "local"}, &m.profile)),
		flags.Func("etcd_quota", "size", "1GB", "`size` that the database of the master's etcd member may reach", size(&c.EtcdQuota)),
		flags.Duration("leader_timeout", &c.LeaderTimeout, "5secs", "`time` for which a leader that nobody can reach stays leader, at least 1secs").
			Then(func() error {
				if c.LeaderTimeout < time.Second {
					return mesos.Errorf(mesos.Invalid, "%v is less than a second", c.LeaderTimeout)
				}
				return nil
			}),
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
		flags.Int("max_operator_event_stream_subscribers", &c.MaxEventStreamSubscribers, 1000, 1, 1<<20,
			"clients that may read the stream of events for operators; one more ends the oldest one's"),
		flags.Bool("publish_per_framework_metrics", &c.FrameworkMetrics, true, "show metrics of each framework"),
		flags.Bool("root_submissions", &c.RootSubmissions, true, "let frameworks run as root"),
		flags.Duration("registry_store_timeout", &c.RegistryStoreTimeout, "20secs", "`time` that a write to the registry may take"),
		flags.Duration("registry_fetch_timeout", &c.RegistryFetchTimeout, "1mins", "`time` that reading the registry may take"),
	)
	m.Table = append(m.Table, allocationFlags(&c.PolicyConfig)...)
	m.Table = append(m.Table, masterTrust(c)...)
	m.Table = append(m.Table, masterUpkeep(&c.UpkeepConfig)...)
	m.Table = append(m.Table, masterLater()...)
	m.Table.Apply()
	return m
}

// Settle completes the configuration when all flags have their values.
func (m *Master) Settle() error {
	if m.Config.WorkDir == "" {
		return mesos.Errorf(mesos.Invalid, "--work_dir is missing: say where to keep what must survive a restart")
	}
	if len(m.Config.Etcd) > 0 && len(m.Config.Masters) > 0 {
		return mesos.Errorf(mesos.Invalid, "--etcd and --masters exclude each other: with an external etcd masters need not know each other")
	}
	m.Config.EtcdFast = m.profile == "local" || m.profile == "auto" && len(m.Config.Masters) < 2
	return settle(&m.Config.CommonConfig, m.lookup, m.Table)
}

// masterLater is what a Mesos master has and this one does not have yet.
func masterLater() flags.Table {
	return flags.Table{
		flags.Later("modules", ""),
		flags.Later("authentication_v0_timeout", "15secs"),
		flags.Later("authenticators", "crammd5"),
		flags.LaterBool("log_auto_initialize", true),
		flags.Later("master_contender", ""),
		flags.Later("master_detector", ""),
		flags.Later("quorum", "", "1"),
		flags.Later("registry", "replicated_log"),
		flags.Later("webui_dir", "/usr/local/share/mesos/webui"),
		flags.Later("zk", ""),
	}
}

// masterAddresses reads the masters of a cluster.
func masterAddresses(list *[]members.Address) func(string) error {
	return func(text string) error {
		*list = nil
		seen := map[string]bool{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			address, err := members.ParseAddress(part, DefaultMasterPort)
			if err != nil {
				return err
			}
			for _, is := range []string{address.String(), address.PeerURL()} {
				if seen[is] {
					return mesos.Errorf(mesos.Invalid, "%s is there twice", is)
				}
				seen[is] = true
			}
			*list = append(*list, address)
		}
		return nil
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
