package authn

// The realms, by the names that Mesos gave them.
const (
	MasterReadonly  = "mesos-master-readonly"
	MasterReadwrite = "mesos-master-readwrite"
	MasterScheduler = "mesos-master-scheduler"
	// MasterAgent is this project's own: agents that connect to a master.
	MasterAgent = "mesos-master-agent"

	AgentReadonly  = "mesos-agent-readonly"
	AgentReadwrite = "mesos-agent-readwrite"
	AgentExecutor  = "mesos-agent-executor"
)

// Realms are the authenticators by realm. A realm that has none is open.
type Realms map[string]*Authenticator
