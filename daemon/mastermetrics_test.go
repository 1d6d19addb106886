//go:build !windows

package daemon

import (
	"strings"
	"testing"
)

// https://mesos.apache.org/documentation/latest/monitoring/
func TestALeaderHasTheMetricsThatDashboardsAskFor(t *testing.T) {
	// covers: MasterTest.MetricsInMetricsEndpoint
	l := startLocal(t)
	if err := l.Ready(t.Context()); err != nil { // an agent is in the registry
		t.Fatal(err)
	}
	got := make(map[string]float64)
	fetchJSON(t, "http://"+l.Master()+"/metrics/snapshot", &got)
	for of, names := range map[string]string{
		"master": `
			uptime_secs elected slaves_connected slaves_disconnected slaves_active slaves_inactive slaves_unreachable
			frameworks_connected frameworks_disconnected frameworks_active frameworks_inactive outstanding_offers
			operator_event_stream_subscribers tasks_staging tasks_starting tasks_running tasks_unreachable tasks_killing
			tasks_finished tasks_failed tasks_killed tasks_lost tasks_error tasks_dropped tasks_gone tasks_gone_by_operator
			dropped_messages http_cache_hits messages_register_framework messages_reregister_framework
			messages_unregister_framework messages_deactivate_framework messages_kill_task
			messages_status_update_acknowledgement messages_resource_request messages_launch_tasks messages_decline_offers
			messages_revive_offers messages_suppress_offers messages_reconcile_operations messages_reconcile_tasks
			messages_framework_to_executor messages_executor_to_framework messages_register_slave messages_reregister_slave
			messages_unregister_slave messages_status_update messages_exited_executor messages_update_slave
			messages_authenticate valid_framework_to_executor_messages invalid_framework_to_executor_messages
			valid_executor_to_framework_messages invalid_executor_to_framework_messages valid_status_updates
			invalid_status_updates valid_status_update_acknowledgements invalid_status_update_acknowledgements
			recovery_slave_removals event_queue_messages event_queue_dispatches event_queue_http_requests
			slave_unreachable_scheduled slave_unreachable_completed slave_unreachable_canceled cpus_total cpus_used
			cpus_percent cpus_revocable_total cpus_revocable_used cpus_revocable_percent gpus_total gpus_used gpus_percent
			gpus_revocable_total gpus_revocable_used gpus_revocable_percent mem_total mem_used mem_percent mem_revocable_total
			mem_revocable_used mem_revocable_percent disk_total disk_used disk_percent disk_revocable_total disk_revocable_used
			disk_revocable_percent`,
		"registrar": `
			queued_operations registry_size_bytes state_fetch_ms state_store_ms`,
		"allocator": `
			event_queue_dispatches mesos/event_queue_dispatches`,
	} {
		for name := range strings.FieldsSeq(names) {
			if _, ok := got[of+"/"+name]; !ok {
				t.Errorf("there is no %s/%s", of, name)
			}
		}
	}
	for name, value := range map[string]float64{"master/elected": 1, "master/slaves_active": 1, "master/messages_register_slave": 1} {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	for _, name := range []string{"registrar/registry_size_bytes", "registrar/state_fetch_ms", "registrar/state_store_ms", "master/uptime_secs"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
}
