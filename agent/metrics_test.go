package agent

import (
	"testing"
	"time"
)

// The meters are told in https://mesos.apache.org/documentation/latest/monitoring/.

func (s *stage) metric(name string) float64 {
	m := s.agent.Metrics()
	v, ok := m.Values(s.now)[name]
	if !ok {
		s.t.Errorf("no metric %s", name)
	}
	return v
}

func (s *stage) meters(want map[string]float64) {
	s.t.Helper()
	for name, v := range want {
		if got := s.metric("slave/" + name); got != v {
			s.t.Errorf("%s is %g, want %g", name, got, v)
		}
	}
}

func TestMetersFollowTasksAndExecutors(t *testing.T) {
	s := scene(t)
	s.now = s.now.Add(10 * time.Second)
	s.meters(map[string]float64{"registered": 1, "uptime_secs": 10, "cpus_total": 8, "mem_total": 4096,
		"cpus_used": 0, "frameworks_active": 0})
	s.do("run tasks=a,b executor=E cpus=1 mem=64")
	s.meters(map[string]float64{"executors_registering": 1, "tasks_staging": 2, "frameworks_active": 1,
		"cpus_used": 2.1, "mem_used": 160, "cpus_percent": 2.1 / 8})
	s.do("subscribe", "update task=a state=STARTING uuid=1")
	s.meters(map[string]float64{"executors_registering": 0, "executors_running": 1, "tasks_staging": 1, "tasks_starting": 1})
	s.do("update task=a state=RUNNING uuid=2", "update task=a state=KILLING uuid=3")
	s.meters(map[string]float64{"tasks_killing": 1, "tasks_running": 0})
	s.do("update task=a state=KILLED uuid=4")
	s.meters(map[string]float64{"tasks_killed": 1, "tasks_killing": 0, "cpus_used": 1.1, "valid_status_updates": 4})
	s.do("shutdown-executor")
	s.meters(map[string]float64{"executors_terminating": 1, "executors_running": 0})
	s.do("ended container=1 status=0")
	s.meters(map[string]float64{"executors_terminating": 0, "executors_terminated": 1, "tasks_failed": 1,
		"tasks_staging": 0, "cpus_used": 0, "mem_used": 0, "frameworks_active": 1})
	s.do("ack task=a uuid=1", "ack task=a uuid=2", "ack task=a uuid=3", "ack task=a uuid=4", "ack task=b uuid=2", "link-closed")
	s.meters(map[string]float64{"frameworks_active": 0, "registered": 0})
}

func TestMessagesAreCounted(t *testing.T) {
	s := scene(t, "run task=t executor=E", "message-to-executor data=early", "subscribe", "message data=x",
		"message-to-executor data=y", "link-closed", "message data=lost")
	s.meters(map[string]float64{"valid_framework_messages": 2, "invalid_framework_messages": 2})
}

func TestFailedLaunchIsCounted(t *testing.T) {
	// covers: SlaveTest.MetricsSlaveLaunchErrors
	s := scene(t, "run task=t")
	s.meters(map[string]float64{"container_launch_errors": 0})
	s.do("ended container=1 unlaunched message='no such user'")
	s.meters(map[string]float64{"container_launch_errors": 1})
}

func TestRecoveryAndDirectoriesAreMetered(t *testing.T) {
	s := ran(t, "restart", "start", "after 500ms")
	m := s.agent.Metrics()
	if v, ok := m.Values(s.now)["slave/recovery_time_secs"]; ok {
		t.Errorf("an agent that recovers says that it took %v s", v)
	}
	s.do("subscribe", "after 10s", "disk-used part=0.4")
	s.meters(map[string]float64{"recovery_time_secs": 0.5, "recovery_errors": 0,
		"executor_directory_max_allowed_age_secs": 7 * 24 * 3600 / 2})
	s.disk[InfoPath("M-S0")] = [][]byte{[]byte("garbage")}
	s.do("restart", "start")
	s.meters(map[string]float64{"recovery_time_secs": 0, "recovery_errors": 1})
}

func TestMetersHaveTheirNamesInMesos(t *testing.T) {
	// covers: SlaveTest.MetricsInMetricsEndpoint
	s := scene(t)
	for _, name := range []string{"uptime_secs", "registered", "recovery_errors", "recovery_time_secs", "frameworks_active",
		"tasks_staging", "tasks_starting", "tasks_running", "tasks_killing",
		"tasks_finished", "tasks_failed", "tasks_killed", "tasks_lost", "tasks_gone",
		"executors_registering", "executors_running", "executors_terminating", "executors_terminated", "executors_preempted",
		"valid_status_updates", "invalid_status_updates", "valid_framework_messages", "invalid_framework_messages",
		"container_launch_errors", "executor_directory_max_allowed_age_secs",
		"cpus_total", "cpus_used", "cpus_percent", "cpus_revocable_total", "cpus_revocable_used", "cpus_revocable_percent",
		"mem_total", "mem_used", "mem_percent", "disk_total", "disk_used", "disk_percent",
		"gpus_total", "gpus_used", "gpus_percent",
		"mem_revocable_total", "mem_revocable_used", "mem_revocable_percent",
		"disk_revocable_total", "disk_revocable_used", "disk_revocable_percent",
		"gpus_revocable_total", "gpus_revocable_used", "gpus_revocable_percent"} {
		s.metric("slave/" + name)
	}
}
