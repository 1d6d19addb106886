// Package daemon is the composition root: it builds the parts, joins them, runs
// their loops and ends them. It alone knows how they fit together.
package daemon

import (
	"log/slog"
	"time"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/agent/oversubscribe"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/members"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// CommonConfig is what every daemon is told. Names follow Mesos's flags.
type CommonConfig struct {
	IP            string // --ip: the address to listen on
	Port          int    // --port; 0 picks a free one
	Version       string // as /version shows it
	AdvertiseIP   string // --advertise_ip; empty means IP
	AdvertisePort int    // --advertise_port; 0 means Port
	Hostname      string // --hostname; empty means looked up
	WorkDir       string // --work_dir
	Domain        Domain // --domain
	// NoHostnameLookup is --no-hostname_lookup: an empty Hostname means the address
	// that others reach this daemon at.
	NoHostnameLookup bool
	Log              *slog.Logger
	Verbosity        *Verbosity // of Log; nil: it can't be changed
	TrustConfig
	// Flags are the effective flags as /flags shows them.
	Flags map[string]string
}

// TrustConfig is whom a daemon trusts with what.
type TrustConfig struct {
	// Credentials is the file that knows principals: --credentials of a master,
	// --http_credentials of an agent.
	Credentials           string
	AuthenticateReadonly  bool      // --authenticate_http_readonly
	AuthenticateReadwrite bool      // --authenticate_http_readwrite
	ACLs                  *acl.ACLs // --acls; nil allows everything
	// TLS is what the environment says of TLS; nil takes plain connections only.
	TLS *TLSConfig
}

// Domain is a fault domain; empty parts mean that none is known.
type Domain struct{ Region, Zone string }

// MasterConfig is what a master is told.
type MasterConfig struct {
	CommonConfig
	Cluster string // --cluster
	// AuthenticateHTTPFrameworks and AuthenticateAgents refuse schedulers and
	// agents that don't say who they are. AuthenticateFrameworks is of those that
	// use Mesos's old driver, and changes nothing.
	AuthenticateHTTPFrameworks, AuthenticateAgents, AuthenticateFrameworks bool
	// Etcd are the client URLs of an external etcd; empty means an embedded member.
	Etcd []string
	// Masters are all masters of the cluster, this one included, whose embedded
	// members form its etcd; empty for a master alone.
	Masters []members.Address
	// EtcdFast runs the embedded member with short ticks: for a single master or
	// a cluster on one machine, not across a network.
	EtcdFast bool
	// EtcdQuota is how large the embedded member's database may become; 0 means
	// registry.DefaultQuotaBytes.
	EtcdQuota mesos.Bytes
	// LeaderTimeout is for how long a leader that nobody can reach stays leader; 0
	// means registry.DefaultTTL.
	LeaderTimeout time.Duration

	// RateLimits are --rate_limits; nil means none.
	RateLimits *RateLimits

	// Allocator is the host:port of an allocator in another process, which then
	// follows its own PolicyConfig; empty means one in this process.
	Allocator string
	PolicyConfig

	Weights   map[string]float64
	Whitelist string // --whitelist: the file; see ReadWhitelist
	UpkeepConfig
	AgentPingTimeout              time.Duration
	MaxAgentPingTimeouts          int
	AgentReregisterTimeout        time.Duration
	OfferTimeout                  time.Duration
	MaxCompletedFrameworks        int
	MaxCompletedTasksPerFramework int
	MaxUnreachableTasks           int
	OfferConstraintsMaxProgram    int         // --offer_constraints_re2_max_program_size
	OfferConstraintsMaxMemory     mesos.Bytes // --offer_constraints_re2_max_mem
	RootSubmissions               bool
	FrameworkMetrics              bool // --publish_per_framework_metrics
	MaxEventStreamSubscribers     int  // --max_operator_event_stream_subscribers
	Roles                         map[string]bool
	RegistryStoreTimeout          time.Duration
	RegistryFetchTimeout          time.Duration
	// HeartbeatInterval of event streams; 0 means Mesos's 15 seconds.
	HeartbeatInterval time.Duration
}

// RateLimits is how fast schedulers' calls are taken.
type RateLimits struct {
	Principals map[string]RateLimit
	Default    RateLimit // of the frameworks of all other principals together
}

// RateLimit is how many calls a second are taken, 0 for no limit, and how many
// may wait, negative for any number.
type RateLimit struct {
	PerSecond float64
	Capacity  int
}

// AgentConfig is what an agent is told.
type AgentConfig struct {
	CommonConfig
	// Masters are host:port addresses, any of which may lead or know who does.
	Masters []string
	// Credential is the file with the principal and secret of the agent itself;
	// empty if it has none.
	Credential string
	// TokenKey is the file with the key that executors' tokens are signed with
	// (--jwt_secret_key); empty: they get none.
	TokenKey              string
	AuthenticateExecutors bool // --authenticate_http_executors
	// Resources is --resources as given, text or JSON; what it does not name is discovered.
	Resources   string
	Attributes  []mesos.Attribute
	DefaultRole string
	RuntimeDir  string
	LauncherDir string
	Launcher    string // --launcher: "linux", "posix", or empty for the best one
	Linux       linux.Config
	Isolation   []string
	Cgroups     cgroups.Config
	Network     NetworkConfig
	// DefaultContainer is --default_container_info; nil if there is none.
	DefaultContainer *mesospb.ContainerInfo
	Volumes          VolumeConfig
	Images           ImagesConfig
	SwitchUser       bool
	FrameworksHome   string // --frameworks_home: what relative URIs are relative to
	GPUDevices       []int  // --nvidia_gpu_devices
	// AgentSubsystems is --agent_subsystems.
	AgentSubsystems []string

	RegistrationBackoffFactor         time.Duration
	ExecutorRegistrationTimeout       time.Duration
	ExecutorReregistrationTimeout     time.Duration
	ExecutorShutdownGracePeriod       time.Duration
	FetcherStallTimeout               time.Duration
	FetcherCacheSize                  mesos.Bytes // --fetcher_cache_size
	FetcherCacheDir                   string      // --fetcher_cache_dir; empty is "fetch" in the work directory
	HadoopHome                        string      // --hadoop_home; empty: there is no Hadoop client
	RecoveryTimeout                   time.Duration
	HeartbeatInterval                 time.Duration
	MaxCompletedExecutorsPerFramework int
	GCDelay                           time.Duration // --gc_delay
	GCDiskHeadroom                    float64       // --gc_disk_headroom: a part, from 0 to 1
	GCNonExecutorSandboxes            bool          // --gc_non_executor_container_sandboxes
	DiskWatchInterval                 time.Duration // --disk_watch_interval; 0: the disk is not watched
	// Outlive has the executors of frameworks with checkpointing outlive an agent
	// that ends, unless it was closed, for the next one to take over. Without it
	// nothing outlives the agent.
	Outlive bool
	Strict  bool // --strict
	Cleanup bool // --recover=cleanup
	// ReconfigurationPolicy is --reconfiguration_policy, "equal" or "additive";
	// empty allows everything.
	ReconfigurationPolicy string
	// ExecutorEnvironment is --executor_environment_variables.
	ExecutorEnvironment map[string]string

	// Modules is the JSON of --modules: the parameters of the estimator, of the
	// QoS controller and of the container logger.
	Modules                         string
	ContainerLogger                 string        // --container_logger
	ResourceEstimator               string        // --resource_estimator
	OversubscribedResourcesInterval time.Duration // 0 means Mesos's 15 seconds
	QoSController                   string        // --qos_controller
	QoSCorrectionInterval           time.Duration // --qos_correction_interval_min
	// Of a test, in place of the named ones.
	estimator  oversubscribe.Estimator
	controller oversubscribe.Controller
}

// VolumeConfig is what an agent is told of its containers' files.
type VolumeConfig struct {
	SandboxDirectory string   // --sandbox_directory
	HostPathCreation []string // --host_path_volume_force_creation
	SecretResolver   string   // --secret_resolver
	GidRange         string   // --volume_gid_range

	DiskInterval     time.Duration // --container_disk_watch_interval
	EnforceDiskQuota bool          // --enforce_container_disk_quota
	XFSProjects      string        // --xfs_project_range
	XFSKill          bool          // --xfs_kill_containers
	XFSHeadroom      mesos.Bytes   // --xfs_quota_headroom
}

// ImagesConfig is what an agent is told of container images.
type ImagesConfig struct {
	Providers []string // --image_providers; empty: there are none
	// Anyway allows Docker's images without Providers, kept in the work directory, if
	// the isolation that was found for this machine can have them.
	Anyway        bool
	Backend       string // --image_provisioner_backend; empty: the best that works
	GC            string // the JSON of --image_gc_config; empty: images stay
	Registry      string // --docker_registry; empty: Docker's
	StoreDir      string // --docker_store_dir
	DockerConfig  string // --docker_config, JSON or the path of a file
	IgnoreRuntime bool   // --docker_ignore_runtime
}

// NetworkConfig is what an agent is told of its containers' networks.
type NetworkConfig struct {
	CNIConfigDir, CNIPluginsDir string // --network_cni_config_dir, --network_cni_plugins_dir
	// CNIPersist keeps what is known of networks in the work directory
	// (--network_cni_root_dir_persist), and not in the runtime directory.
	CNIPersist bool
	CNIMetrics bool
	// DefaultDNS is the JSON of --default_container_dns.
	DefaultDNS string

	PortsInterval  time.Duration // --container_ports_watch_interval; 0 means Mesos's 30 seconds
	EnforcePorts   bool          // --enforce_container_ports
	AgentPortsOnly bool          // --check_agent_port_range_only
	IsolatedPorts  string        // --container_ports_isolated_range
}
