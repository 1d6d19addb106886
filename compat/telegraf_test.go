package compat

import (
	"errors"
	"testing"

	"github.com/influxdata/telegraf/plugins/inputs/mesos"
	"github.com/influxdata/telegraf/testutil"
)

// The fields are those that dashboards built on the plugin show.
func TestTelegrafReadsAMasterAndAnAgent(t *testing.T) {
	c := startCluster(t)
	poll(t, "the agent knows that it is registered", func() error {
		if c.metrics(t, c.agent)["slave/registered"] != 1 {
			return errors.New("it does not")
		}
		return nil
	})
	plugin := &mesos.Mesos{
		Timeout: 1000,
		Masters: []string{"http://" + c.master},
		Slaves:  []string{"http://" + c.agent},
		Log:     testutil.Logger{},
	}
	var acc testutil.Accumulator
	if err := acc.GatherError(plugin.Gather); err != nil {
		t.Fatal(err)
	}
	fields := map[string]map[string]any{}
	for _, m := range acc.Metrics {
		role := m.Tags["role"]
		if fields[role] == nil {
			fields[role] = map[string]any{}
		}
		for name, value := range m.Fields {
			fields[role][name] = value
		}
	}
	for role, names := range map[string][]string{
		"master": {
			"master/cpus_percent", "master/cpus_used", "master/cpus_total", "master/mem_total", "master/disk_total",
			"master/elected", "master/uptime_secs", "master/slaves_active", "master/slaves_connected", "master/slave_registrations",
			"master/frameworks_active", "master/outstanding_offers", "master/tasks_running", "master/tasks_finished",
			"master/messages_register_framework", "system/cpus_total", "system/load_1min", "system/mem_total_bytes",
		},
		"slave": {
			"slave/cpus_percent", "slave/cpus_used", "slave/cpus_total", "slave/mem_total", "slave/disk_total",
			"slave/registered", "slave/uptime_secs", "slave/executors_running", "slave/tasks_running", "slave/tasks_finished",
			"slave/valid_status_updates", "system/cpus_total", "system/mem_total_bytes",
		},
	} {
		for _, name := range names {
			if _, ok := fields[role][name]; !ok {
				t.Errorf("%s: no field %s", role, name)
			}
		}
	}
	if got := fields["master"]["master/slaves_active"]; got != 1.0 {
		t.Errorf("master/slaves_active: %v, want 1", got)
	}
	if got := fields["slave"]["slave/registered"]; got != 1.0 {
		t.Errorf("slave/registered: %v, want 1", got)
	}
}
