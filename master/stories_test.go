package master

import "testing"

func TestStoryCommandTask(t *testing.T)        { story(t, "command_task") }
func TestStorySchedulerFailover(t *testing.T)  { story(t, "scheduler_failover") }
func TestStoryFailoverTimeout(t *testing.T)    { story(t, "failover_timeout") }
func TestStoryTeardown(t *testing.T)           { story(t, "teardown") }
func TestStoryAgentLost(t *testing.T)          { story(t, "agent_lost") }
func TestStoryAgentDisconnected(t *testing.T)  { story(t, "agent_disconnected") }
func TestStoryMasterFailover(t *testing.T)     { story(t, "master_failover") }
func TestStoryRecoveredFramework(t *testing.T) { story(t, "recovered_framework") }
func TestStoryCustomExecutor(t *testing.T)     { story(t, "custom_executor") }
func TestStoryTaskGroup(t *testing.T)          { story(t, "task_group") }
func TestStoryOffers(t *testing.T)             { story(t, "offers") }
func TestStoryRoles(t *testing.T)              { story(t, "roles") }
func TestStoryAgents(t *testing.T)             { story(t, "agents") }
func TestStoryReconciliation(t *testing.T)     { story(t, "reconciliation") }
