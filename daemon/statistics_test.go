//go:build !windows

package daemon

import (
	"net/http"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestStatisticsOfATaskTellItsLimits(t *testing.T) {
	// covers: SlaveTest.StatisticsEndpointRunningExecutor
	l := startLocal(t)
	s := subscribe(t, l.Master())
	s.accept("t", "exec sleep 1000") // 0.5 cpus and 64 MB; its executor is part of the agent
	s.until("it runs", taskIs("t", mesospb.TaskState_TASK_RUNNING))
	resp, _ := answered(t, http.MethodGet, "http://"+l.Agents()[0]+"/monitor/statistics", nil, nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	var all []struct {
		Executor   string `json:"executor_id"`
		Statistics struct {
			CPUs float64 `json:"cpus_soft_limit"`
			Hard uint64  `json:"mem_limit_bytes"`
			Soft uint64  `json:"mem_soft_limit_bytes"`
		}
	}
	fetchJSON(t, "http://"+l.Agents()[0]+"/monitor/statistics", &all)
	const memory = 64 << 20
	if len(all) != 1 || all[0].Executor != "t" || all[0].Statistics.CPUs != 0.5 || all[0].Statistics.Hard != memory || all[0].Statistics.Soft != memory {
		t.Errorf("the agent tells %+v", all)
	}
}
