// Package agent is the core of an agent: executors, tasks, status updates and
// what to checkpoint. It decides; it does no I/O, reads no clock, starts no
// goroutine and holds no lock.
package agent

import (
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Config is what an Agent is born with.
type Config struct {
	// Info is this agent as it registers: hostname, port, resources,
	// attributes, domain; without id.
	Info    *mesospb.AgentInfo
	Version string
	WorkDir string
	// Address is the host:port at which executors reach the agent.
	Address string

	RegistrationBackoffFactor         time.Duration // --registration_backoff_factor
	ExecutorRegistrationTimeout       time.Duration // --executor_registration_timeout
	ExecutorReregistrationTimeout     time.Duration // --executor_reregistration_timeout
	ExecutorShutdownGracePeriod       time.Duration // --executor_shutdown_grace_period
	RecoveryTimeout                   time.Duration // --recovery_timeout
	HeartbeatInterval                 time.Duration // of executor event streams: --http_heartbeat_interval
	MaxCompletedExecutorsPerFramework int           // --max_completed_executors_per_framework
	// Capabilities are what this agent can do, as it registers.
	Capabilities []*mesospb.AgentInfo_Capability
	// ExecutorEnvironment is --executor_environment_variables; nil means the
	// agent's own environment, which the shell has put here.
	ExecutorEnvironment []Variable
	// SwitchUser is --switch_user: run tasks as the user they name.
	SwitchUser bool

	// UUID returns fresh random UUIDs; a simulator passes a seeded source.
	UUID func() [16]byte
	// Jitter returns a number in [0, 1) for backoff.
	Jitter func() float64
}
