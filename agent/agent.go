// Package agent is the core of an agent: executors, tasks, status updates and
// what to checkpoint. It decides; it does no I/O, reads no clock, starts no
// goroutine and holds no lock.
package agent

import (
	"time"

	"github.com/mesosctl/mesosctl/agent/gc"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/linkpb"
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
	// AdvertisedIP is where others reach the agent; empty is where its
	// connection to the master comes from.
	AdvertisedIP string

	RegistrationBackoffFactor         time.Duration // --registration_backoff_factor
	ExecutorRegistrationTimeout       time.Duration // --executor_registration_timeout
	ExecutorReregistrationTimeout     time.Duration // --executor_reregistration_timeout
	ExecutorShutdownGracePeriod       time.Duration // --executor_shutdown_grace_period
	RecoveryTimeout                   time.Duration // --recovery_timeout
	HeartbeatInterval                 time.Duration // of executor event streams: --http_heartbeat_interval; 0 means none
	MaxCompletedExecutorsPerFramework int           // --max_completed_executors_per_framework
	GCDelay                           time.Duration // --gc_delay
	GCDiskHeadroom                    float64       // --gc_disk_headroom: a part of the disk, from 0 to 1
	// Capabilities are what this agent can do, as it registers.
	Capabilities []*mesospb.AgentInfo_Capability
	// ExecutorEnvironment is --executor_environment_variables, sorted by name.
	ExecutorEnvironment []Variable
	// DefaultContainer is --default_container_info: the container of executors, and
	// of command tasks, that ask for none; nil leaves them without.
	DefaultContainer *mesospb.ContainerInfo
	// SwitchUser is --switch_user: run tasks as the user they name.
	SwitchUser bool
	// Strict is --strict: what can't be read of the checkpoints is an error of
	// Recover, instead of being left out.
	Strict bool
	// Cleanup is --recover=cleanup: the agent shuts down what an earlier one left,
	// and ends.
	Cleanup bool
	// ReconfigurationPolicy is --reconfiguration_policy: what may differ from the
	// configuration of the earlier agent whose ID this one takes over. The empty
	// policy allows everything.
	ReconfigurationPolicy ReconfigurationPolicy
	// AnyPort tells that the port of Info is not configured: any other will do.
	AnyPort bool
	// BootID names this boot of the machine; empty if that is not known.
	BootID string

	// Token signs what an executor proves with who it is: nil, or executors are
	// given none.
	Token func(mesos.FrameworkID, mesos.ExecutorID, mesos.ContainerID) string

	// ACLs are --acls; nil allows everything.
	ACLs *acl.ACLs

	// UUID returns fresh random UUIDs; a simulator passes a seeded source.
	UUID func() [16]byte
	// Jitter returns a number in [0, 1) for backoff.
	Jitter func() float64
}

// Limits of what is remembered of the past, as in Mesos.
const (
	maxCompletedFrameworks       = 50
	maxCompletedTasksPerExecutor = 200
)

// Agent is the core. It belongs to one goroutine.
type Agent struct {
	config Config
	info   *mesospb.AgentInfo // its id is set once the master gave one
	saved  *mesospb.AgentInfo // as it is checkpointed
	id     mesos.AgentID

	now     time.Time // of the Step under way
	effects []Effect
	alarms  alarms
	phase   phase
	stop    error // why it is stopping

	link    link
	updates updateManager

	frameworks ordered[mesos.FrameworkID, *framework]
	containers map[mesos.ContainerID]*executor
	streams    map[StreamID]*executor
	history    ordered[mesos.FrameworkID, *framework] // completed frameworks

	total          resources.Resources // the configured ones after all operations
	savedResources []byte              // as they are checkpointed, with the operations
	operations     ordered[uuid, *operation]
	changing       *operation        // whose volumes are being changed
	held           []*linkpb.ToAgent // came meanwhile, and may count on the change
	oversubscribed *oversubscription
	draining       *mesospb.DrainConfig // nil unless a drain is under way

	garbage    *gc.Collector // directories of what is over
	collecting alarm         // when the next one is due

	past       State // what an earlier agent left, until the first Step
	recovering int   // executors that an earlier agent ran and that are neither back nor gone

	publication publication
	metrics     Metrics
}

// phase is where an agent is in its life.
type phase int

const (
	newborn phase = iota // has not been stepped yet
	living
	stopping // its executors are being shut down
	stopped
)

// New returns an agent with what was recovered of an earlier one.
func New(config Config, state State) *Agent {
	a := &Agent{
		config:     config,
		info:       config.Info.CloneVT(),
		saved:      state.Agent,
		past:       state,
		garbage:    gc.New(config.GCDelay, config.GCDiskHeadroom),
		containers: make(map[mesos.ContainerID]*executor),
		streams:    make(map[StreamID]*executor),
	}
	if id := state.Agent.GetId(); id != nil {
		a.info.Id = id
		a.id = mesos.AgentID(id.GetValue())
	}
	a.link.alarm.ring = a.retryMaster
	a.link.silence.ring = a.masterSilent
	a.collecting.ring = a.collect
	a.total = state.total
	if state.total.IsEmpty() {
		// An agent whose resources are wrong is refused by the master, which says why.
		a.total, _ = convert.Resources(a.info.Resources)
	}
	count(&a.metrics.total, a.total, +1)
	a.draining = state.draining
	a.recoverOperations(state.operations)
	return a
}

// Next is when the agent wants a Tick: a time that has passed means at once,
// zero means not until something happens.
func (a *Agent) Next() time.Time {
	switch a.phase {
	case newborn:
		return time.Unix(0, 0)
	case stopped:
		return time.Time{}
	}
	return a.alarms.next()
}

// Step takes one input and returns what is to be done. The slice is valid until
// the next Step.
func (a *Agent) Step(now time.Time, in Input) []Effect {
	a.now = now
	clear(a.effects)
	a.effects = a.effects[:0]
	switch a.phase {
	case stopped:
		return nil
	case newborn:
		a.begin()
	}
	a.take(in)
	a.endDrain()
	a.publish()
	a.finish()
	return a.effects
}

// begin is the first Step's. An agent that was here before comes back under its
// ID, and takes over what it ran before it goes to the master.
func (a *Agent) begin() {
	a.phase = living
	a.metrics.started = a.now
	past := a.past
	a.metrics.recoveryErrors = len(past.Errors)
	for _, err := range past.Errors {
		a.log(logWarn, "left out what can't be read of the checkpoints", "error", err)
	}
	a.past = State{}
	for _, path := range past.garbage {
		a.forget(path)
	}
	for _, id := range past.earlier {
		a.retire(agentPath(id))
	}
	if a.config.BootID != past.bootID && a.config.BootID != "" {
		a.emit(Checkpoint{Path: bootPath, Value: []byte(a.config.BootID)})
	}
	a.emit(PutAgent{Agent: a.info})
	a.publishTotal()
	for _, o := range a.operations.values() {
		a.publishOperation(o)
	}
	a.adoptRuns(past.frameworks)
	a.meterRecovery()
	switch {
	case a.config.Cleanup:
		a.halt(nil)
	default:
		a.continueOperations()
		if a.draining != nil {
			a.emit(PutDrain{Config: a.draining})
			a.killAll()
		}
		a.connect()
	}
}

func (a *Agent) take(in Input) {
	switch in := in.(type) {
	case Connected:
		a.connected(in)
	case ConnectFailed:
		a.connectFailed(in)
	case LeaderKnown:
		a.leaderKnown(in)
	case LinkClosed:
		a.linkClosed(in)
	case MasterMessage:
		a.masterMessage(in)
	case ExecutorSubscribe:
		a.executorSubscribe(in)
	case ExecutorCall:
		a.executorCall(in)
	case ExecutorStreamClosed:
		a.executorStreamClosed(in)
	case ContainerStarted:
		a.containerStarted(in)
	case ContainerEnded:
		a.containerEnded(in)
	case ContainerUpdateFailed:
		a.containerUpdateFailed(in)
	case VolumesChanged:
		a.volumesChanged(in)
	case SandboxOver:
		a.retire(in.Path)
	case Leftovers:
		a.leftovers(in)
	case DiskUsed:
		a.diskUsed(in)
	case DirRemoved:
		a.dirRemoved(in)
	case Estimate:
		a.estimate(in)
	case Preempt:
		a.preempt(in)
	case Shutdown:
		a.shutdown(in)
	case Tick:
		a.alarms.ring(a.now)
	}
}

func (a *Agent) emit(e Effect) { a.effects = append(a.effects, e) }

// log/slog's levels.
const (
	logDebug = -4
	logInfo  = 0
	logWarn  = 4
	logError = 8
)

func (a *Agent) log(level int, message string, args ...any) {
	a.emit(Log{Level: level, Message: message, Args: args})
}

// timestamp is the time of the Step as TaskStatus has it: seconds since 1970.
func (a *Agent) timestamp() float64 { return float64(a.now.UnixNano()) / 1e9 }
