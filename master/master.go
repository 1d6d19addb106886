// Package master is the core of a leading master: frameworks, agents, offers
// and tasks. It decides; it does no I/O, reads no clock, starts no goroutine and
// holds no lock. One Master serves one term of leadership: a master that is
// elected again starts a new one.
package master

import (
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// Config is what a Master is born with.
type Config struct {
	// Info is this master as frameworks see it; its id prefixes the IDs assigned.
	Info *mesospb.MasterInfo
	// Term is the create revision of the leader key in etcd.
	Term uint64
	// Version is the version this master reports.
	Version string

	HeartbeatInterval             time.Duration // of scheduler event streams
	AgentPingTimeout              time.Duration // --agent_ping_timeout
	MaxAgentPingTimeouts          int           // --max_agent_ping_timeouts
	AgentReregisterTimeout        time.Duration // --agent_reregister_timeout
	OfferTimeout                  time.Duration // --offer_timeout; 0 means none
	MaxCompletedFrameworks        int           // --max_completed_frameworks
	MaxCompletedTasksPerFramework int           // --max_completed_tasks_per_framework
	MaxUnreachableTasks           int           // --max_unreachable_tasks_per_framework
	// RootSubmissions is --root_submissions: may frameworks run tasks as root?
	RootSubmissions bool
	// Roles is the --roles whitelist; nil allows every role.
	Roles map[string]bool
}

// Recovered is what the registry held when the term began.
type Recovered struct {
	Admitted    []*registrypb.AdmittedAgent
	Unreachable []*registrypb.UnreachableAgent
	Gone        []*registrypb.GoneAgent
}
