// Package master is the core of a leading master: frameworks, agents, offers
// and tasks. It decides; it does no I/O, reads no clock, starts no goroutine and
// holds no lock. One Master serves one term of leadership: a master that is
// elected again starts a new one.
package master

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/wire/convert"
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

	HeartbeatInterval      time.Duration // of scheduler event streams
	AgentPingTimeout       time.Duration // --agent_ping_timeout
	MaxAgentPingTimeouts   int           // --max_agent_ping_timeouts
	AgentReregisterTimeout time.Duration // --agent_reregister_timeout
	// AgentRemovalInterval is the least time between two agents that are given up,
	// of --agent_removal_rate_limit; 0 means no limit.
	AgentRemovalInterval time.Duration
	// RecoveryAgentRemovalLimit is --recovery_agent_removal_limit as a part of 1;
	// 0 means no limit.
	RecoveryAgentRemovalLimit float64
	RegistryGCInterval        time.Duration // --registry_gc_interval; 0 means never
	RegistryMaxAgentAge       time.Duration // --registry_max_agent_age
	RegistryMaxAgentCount     int           // --registry_max_agent_count
	// MaxExecutorsPerAgent is --max_executors_per_agent; nil means no limit.
	MaxExecutorsPerAgent *int
	// RequireAgentDomain is --require_agent_domain: agents need a fault domain.
	RequireAgentDomain            bool
	OfferTimeout                  time.Duration // --offer_timeout; 0 means none
	MaxCompletedFrameworks        int           // --max_completed_frameworks
	MaxCompletedTasksPerFramework int           // --max_completed_tasks_per_framework
	MaxUnreachableTasks           int           // --max_unreachable_tasks_per_framework
	// RegexLimits are --offer_constraints_re2_max_program_size and _max_mem.
	RegexLimits convert.RegexLimits
	// ACLs are --acls; nil allows everything.
	ACLs *acl.ACLs
	// RateLimits are --rate_limits; nil means none.
	RateLimits *RateLimits
	// RootSubmissions is --root_submissions: may frameworks run tasks as root?
	RootSubmissions bool
	// Roles is the --roles whitelist; nil allows every role.
	Roles map[string]bool
	// Weights are those of --weights, with which a cluster begins; a role that
	// has none weighs 1.
	Weights map[string]float64
	// Whitelist is --whitelist: the hosts of agents that may be offered; nil allows
	// all. UpdateWhitelist changes it.
	Whitelist map[string]bool
}

// Recovered is what the registry held when the term began.
type Recovered struct {
	Admitted    []*registrypb.AdmittedAgent
	Unreachable []*registrypb.UnreachableAgent
	Gone        []*registrypb.GoneAgent
	Weights     map[string]float64          // by role
	Quotas      map[string]allocation.Quota // by role
	Maintenance *registrypb.Maintenance     // nil if none is planned
}

// Master is the core of one term. It is owned by one goroutine.
type Master struct {
	config  Config
	now     time.Time // of the current Step
	started bool      // a Step was taken
	effects []Effect  // of the current Step, publications aside
	result  []Effect  // the slice that Step returned
	timers  timers

	frameworks map[mesos.FrameworkID]*framework
	streams    map[StreamID]*framework
	completed  completedFrameworks

	agents     map[mesos.AgentID]*agent
	links      map[LinkID]*agent
	recovering map[LinkID]*agent // that are not registered again yet
	// addresses are the registered agents by the address they can be reached at.
	addresses map[string]*agent

	// Agents that are admitted but have not come back to this master yet.
	recovered      map[mesos.AgentID]*mesospb.AgentInfo
	recoveredTimer timer
	// recoveredAtFirst is how many they were when the term began.
	recoveredAtFirst int
	removals         removals
	gcTimer          timer
	unreachable      map[mesos.AgentID]*mesospb.TimeInfo
	gone             map[mesos.AgentID]*mesospb.TimeInfo
	// standings are what operators decided about admitted and unreachable agents.
	standings  map[mesos.AgentID]*registrypb.Standing
	drainWatch []*agent // may be drained now
	// unreachableTasks are the tasks in frameworks' unreachable histories, by agent.
	unreachableTasks map[mesos.AgentID][]*task

	transitions  map[mesos.AgentID]*transition
	pendingLinks map[LinkID]*transition
	writes       map[uint64]func()
	lastWrite    uint64

	limiters *limiters
	traffic  map[string]*traffic // by principal, of those that have frameworks

	offers  map[mesos.OfferID]*offer
	session AllocatorSession

	maintenance, acceptedMaintenance *maintenance // accepted is with what is being written
	inverseOffers                    map[mesos.OfferID]*inverseOffer

	// Of roles. Accepted quotas are those with what is being written.
	weights                map[string]float64
	weightsRecovered       bool
	quotas, acceptedQuotas map[string]allocation.Quota

	nextFramework, nextAgent, nextOffer, nextTask, nextOperation uint64

	publications
	counters counters
}

// Capabilities are what this version of the master can do, for agents, clients
// and later masters to know.
// https://mesos.apache.org/documentation/latest/downgrades/
func Capabilities() []*mesospb.MasterInfo_Capability {
	return []*mesospb.MasterInfo_Capability{
		{Type: mesospb.MasterInfo_Capability_AGENT_UPDATE.Enum()},
		{Type: mesospb.MasterInfo_Capability_AGENT_DRAINING.Enum()},
		{Type: mesospb.MasterInfo_Capability_QUOTA_V2.Enum()},
	}
}

// New is the core of a term that begins with what the registry held.
func New(config Config, recovered Recovered) *Master {
	m := &Master{
		config:           config,
		frameworks:       make(map[mesos.FrameworkID]*framework),
		streams:          make(map[StreamID]*framework),
		completed:        newCompletedFrameworks(config.MaxCompletedFrameworks),
		agents:           make(map[mesos.AgentID]*agent),
		links:            make(map[LinkID]*agent),
		recovering:       make(map[LinkID]*agent),
		addresses:        make(map[string]*agent),
		recovered:        make(map[mesos.AgentID]*mesospb.AgentInfo),
		unreachable:      make(map[mesos.AgentID]*mesospb.TimeInfo),
		gone:             make(map[mesos.AgentID]*mesospb.TimeInfo),
		standings:        make(map[mesos.AgentID]*registrypb.Standing),
		unreachableTasks: make(map[mesos.AgentID][]*task),
		transitions:      make(map[mesos.AgentID]*transition),
		pendingLinks:     make(map[LinkID]*transition),
		writes:           make(map[uint64]func()),
		limiters:         newLimiters(config.RateLimits),
		traffic:          make(map[string]*traffic),
		offers:           make(map[mesos.OfferID]*offer),
		inverseOffers:    make(map[mesos.OfferID]*inverseOffer),
		weights:          make(map[string]float64),
		weightsRecovered: len(recovered.Weights) > 0,
		quotas:           make(map[string]allocation.Quota),
		acceptedQuotas:   make(map[string]allocation.Quota),
	}
	if m.weightsRecovered {
		maps.Copy(m.weights, recovered.Weights)
	} else {
		maps.Copy(m.weights, config.Weights)
	}
	maps.Copy(m.quotas, recovered.Quotas)
	maps.Copy(m.acceptedQuotas, recovered.Quotas)
	m.maintenance = recoveredMaintenance(recovered.Maintenance)
	m.acceptedMaintenance = m.maintenance
	for _, a := range recovered.Admitted {
		id := mesos.AgentID(a.GetInfo().GetId().GetValue())
		m.recovered[id] = a.GetInfo()
		m.recoverStanding(id, a.GetStanding())
	}
	m.recoveredAtFirst = len(m.recovered)
	for _, a := range recovered.Unreachable {
		id := mesos.AgentID(a.GetId().GetValue())
		m.unreachable[id] = a.GetSince()
		m.recoverStanding(id, a.GetStanding())
	}
	for _, a := range recovered.Gone {
		m.gone[mesos.AgentID(a.GetId().GetValue())] = a.GetSince()
	}
	return m
}

func (m *Master) recoverStanding(id mesos.AgentID, standing *registrypb.Standing) {
	if standing != nil {
		m.standings[id] = standing
	}
}

// Step takes one input and returns what is to be done about it. The slice is
// valid until the next Step. Publications come first, so that whoever is told
// of a change can also read it.
func (m *Master) Step(now time.Time, in Input) []Effect {
	m.now = now
	m.effects = m.effects[:0]
	clear(m.result)
	m.result = m.result[:0]
	if !m.started {
		m.start()
		// What the registry knew comes before what this input makes of it.
		m.result = append(m.result, m.effects...)
		m.effects = m.effects[:0]
	}
	m.take(in)
	m.endDrains()
	m.result = m.publish(m.result)
	m.result = append(m.result, m.effects...)
	clear(m.effects)
	return m.result
}

// start begins the term: the agents of the last one have a while to come back.
func (m *Master) start() {
	m.started = true
	m.startWeights()
	for _, role := range sortedKeys(m.quotas) {
		m.publishQuota(role)
	}
	m.maintenanceDirty = len(m.maintenance.outages) > 0
	for _, id := range slices.Sorted(maps.Keys(m.recovered)) {
		m.emit(PutRecoveredAgent{Agent: m.recovered[id]})
	}
	if len(m.recovered) > 0 {
		m.timers.arm(&m.recoveredTimer, m.now.Add(m.config.AgentReregisterTimeout), m.recoveredAgentsTimeout)
	}
	m.scheduleGC()
}

// Next is when the core must be given a Tick: the zero time if it waits for
// nothing, a time that has passed if it wants one as soon as no input waits.
func (m *Master) Next() time.Time {
	if !m.started && len(m.recovered)+len(m.weights)+len(m.quotas)+len(m.maintenance.outages) > 0 {
		return time.Unix(0, 0)
	}
	if m.totalsPending() {
		return m.now
	}
	return m.timers.next()
}

// take routes an input to the file that has its rule.
func (m *Master) take(in Input) {
	switch in := in.(type) {
	case SchedulerCall:
		m.throttledCall(in)
	case AgentMessage:
		m.agentMessage(in)
	case AllocatorConnected:
		m.allocatorConnected(in.Session)
	case Allocated:
		m.allocated(in)
	case Tick:
		m.timers.expire(m.now)
		m.touchTotals()
	case Subscribe:
		m.subscribe(in)
	case StreamClosed:
		m.streamClosed(in.Stream)
	case LinkClosed:
		m.linkClosed(in.Link)
	case RegistryWritten:
		m.registryWritten(in)
	case UpdateMaintenanceSchedule:
		m.updateMaintenance(in)
	case StartMaintenance:
		m.startMaintenance(in)
	case StopMaintenance:
		m.stopMaintenance(in)
	case DrainAgent:
		m.drainAgent(in)
	case DeactivateAgent:
		m.deactivateAgent(in)
	case ReactivateAgent:
		m.reactivateAgent(in)
	case MarkAgentGone:
		m.markAgentGone(in)
	case Teardown:
		m.teardown(in)
	case Kill:
		m.operatorKill(in)
	case Operate:
		m.operatorOperation(in)
	case UpdateWeights:
		m.updateWeights(in)
	case UpdateQuota:
		m.updateQuota(in)
	case SetQuota:
		m.setQuota(in)
	case RemoveQuota:
		m.removeQuota(in)
	case UpdateWhitelist:
		m.config.Whitelist = in.Hostnames
		m.allocate(allocation.UpdateWhitelist(in))
	default:
		panic(fmt.Sprintf("master: unknown input %T", in))
	}
}

// emit adds an effect to the current Step's.
func (m *Master) emit(e Effect) { m.effects = append(m.effects, e) }

// allocate hands an input to the allocator.
func (m *Master) allocate(in allocation.Input) { m.emit(Allocate{Session: m.session, Input: in}) }

// log tells the operator of a decision.
func (m *Master) log(level LogLevel, message string, args ...any) {
	m.emit(Log{Level: level, Message: message, Args: args})
}

// timeInfo is the current time on the wire.
func (m *Master) timeInfo() *mesospb.TimeInfo {
	return &mesospb.TimeInfo{Nanoseconds: new(m.now.UnixNano())}
}

// write makes registry writes durable and then goes on.
func (m *Master) write(writes []RegistryWrite, then func()) {
	m.lastWrite++
	m.writes[m.lastWrite] = then
	m.emit(WriteRegistry{ID: m.lastWrite, Writes: writes})
}

// registryWritten goes on after a write. A failed one ends the term, so there
// is nothing to go on with.
func (m *Master) registryWritten(in RegistryWritten) {
	then := m.writes[in.ID]
	if then == nil {
		return
	}
	delete(m.writes, in.ID)
	if in.Err != nil {
		m.log(LogError, "registry write failed: this master no longer leads", "error", in.Err)
		return
	}
	then()
}
