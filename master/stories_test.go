package master

import "testing"

func TestStoryCommandTask(t *testing.T) {
	// covers: MasterTest.TaskRunning
	// covers: MasterTest.StatusUpdateAck
	// covers: MasterTest.UnacknowledgedTerminalTask
	// covers: ResourceOffersTest.ResourcesGetReofferedWhenUnused
	// covers: SchedulerTest.Subscribe
	// covers: SchedulerTest.TaskRunning
	story(t, "command_task")
}

func TestStorySchedulerFailover(t *testing.T) {
	// covers: FaultToleranceTest.SchedulerFailover
	// covers: FaultToleranceTest.SchedulerFailoverStatusUpdate
	// covers: HttpFaultToleranceTest.SchedulerFailoverStatusUpdate
	// covers: SchedulerHttpApiTest.SubscribedOnRetry
	// covers: SchedulerTest.SchedulerFailover
	// covers: SchedulerTest.SchedulerReconnect
	story(t, "scheduler_failover")
}

func TestStoryFailoverTimeout(t *testing.T) {
	// covers: FaultToleranceTest.SchedulerExit
	// covers: FaultToleranceTest.SchedulerReregisterAfterFailoverTimeout
	// covers: HttpFaultToleranceTest.SchedulerExit
	// covers: HttpFaultToleranceTest.SchedulerSubscribeAfterFailoverTimeout
	story(t, "failover_timeout")
}

func TestStoryTeardown(t *testing.T) {
	// covers: FaultToleranceTest.SchedulerReregisterAfterUnregistration
	// covers: HttpFaultToleranceTest.SchedulerSubscribeAfterTeardown
	// covers: MasterTest.ShutdownFrameworkWhileTaskRunning
	// covers: ResourceOffersTest.ResourcesGetReofferedAfterFrameworkStops
	story(t, "teardown")
}

func TestStoryAgentLost(t *testing.T) {
	// covers: MasterTest.EndpointsForHalfRemovedSlave
	// covers: PartitionTest.PartitionAwareTaskCompletedOnPartitionedAgent
	// covers: PartitionTest.PartitionedSlave
	// covers: PartitionTest.PartitionedSlaveExitedExecutor
	// covers: PartitionTest.PartitionedSlaveStatusUpdates
	// covers: PartitionTest.ReregisterSlaveNotPartitionAware
	// covers: PartitionTest.ReregisterSlavePartitionAware
	// covers: PartitionTest.TaskCompletedOnPartitionedAgent
	story(t, "agent_lost")
}

func TestStoryAgentDisconnected(t *testing.T) {
	// covers: MasterSlaveReconciliationTest.ReconcileLostTask
	// covers: MasterTest.NonCheckpointingFrameworkAgentDisconnectionExecutorOnly
	// covers: MasterTest.SlaveActiveEndpoint
	// covers: SlaveRecoveryTest.ReconcileKillTask
	// covers: SlaveRecoveryTest.ReconcileTasksMissingFromSlave
	story(t, "agent_disconnected")
}

func TestStoryMasterFailover(t *testing.T) {
	// covers: FaultToleranceTest.MasterFailover
	// covers: MasterTest.KillUnknownTaskSlaveInTransition
	// covers: MasterTest.RecoveredSlaveCanReregister
	// covers: MasterTest.RecoveredSlaves
	// covers: MasterTest.UnreachableTaskAfterFailover
	// covers: ReconciliationTest.PartitionedAgentThenMasterFailover
	// covers: ReconciliationTest.RecoveredAgent
	// covers: SchedulerTest.MasterFailover
	story(t, "master_failover")
}

func TestStoryRecoveredFramework(t *testing.T) {
	// covers: MasterTest.ExecutorMessageToRecoveredHttpFramework
	// covers: MasterTest.FailoverAgentReregisterFirst
	// covers: MasterTest.MasterFailoverLongLivedExecutor
	// covers: MasterTest.OrphanTasksMultipleAgents
	// covers: MasterTest.RecoveredFramework
	story(t, "recovered_framework")
}

func TestStoryCustomExecutor(t *testing.T) {
	// covers: FaultToleranceTest.ReregisterFrameworkExitedExecutor
	// covers: HttpFaultToleranceTest.SchedulerFailoverExecutorToFrameworkMessage
	// covers: HttpFaultToleranceTest.SchedulerFailoverFrameworkToExecutorMessage
	// covers: MasterTest.FrameworkMessage
	// covers: MasterTest.MultipleExecutors
	// covers: MasterTest.RecoverResources
	// covers: SchedulerTest.Message
	// covers: SchedulerTest.ShutdownExecutor
	story(t, "custom_executor")
}

func TestStoryTaskGroup(t *testing.T) {
	// covers: SchedulerTest.TaskGroupRunning
	story(t, "task_group")
}

func TestStoryOffers(t *testing.T) {
	// covers: MasterTest.LaunchAcrossSlavesDropped
	// covers: MasterTest.LaunchAcrossSlavesLost
	// covers: MasterTest.LaunchCombinedOfferTest
	// covers: MasterTest.LaunchDifferentRoleLost
	// covers: MasterTest.LaunchDuplicateOfferDropped
	// covers: MasterTest.LaunchDuplicateOfferLost
	// covers: MasterTest.MultiRoleFrameworkReceivesOffers
	// covers: SchedulerTest.Decline
	story(t, "offers")
}

func TestStoryRoles(t *testing.T) {
	story(t, "roles")
}

func TestStoryAgents(t *testing.T) {
	// covers: FaultToleranceTest.SlaveReliableRegistration
	story(t, "agents")
}

func TestStoryReconciliation(t *testing.T) {
	// covers: MasterTest.KillTask
	// covers: MasterTest.KillUnknownTask
	// covers: MasterTest.ReleaseResourcesForTerminalTaskWithPendingUpdates
	// covers: ReconciliationTest.ImplicitNonTerminalTask
	// covers: ReconciliationTest.ReconcileStatusUpdateTaskState
	// covers: ReconciliationTest.TaskStateMatch
	// covers: ReconciliationTest.TaskStateMismatch
	// covers: ReconciliationTest.UnacknowledgedTerminalTask
	// covers: ReconciliationTest.UnknownKillTask
	// covers: ReconciliationTest.UnknownSlave
	// covers: ReconciliationTest.UnknownTask
	// covers: ReconciliationTest.UnknownTaskPartitionAware
	// covers: SchedulerTest.KillTask
	// covers: SchedulerTest.ReconcileTask
	story(t, "reconciliation")
}
