package check

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func healthCheck(grace float64) *mesospb.HealthCheck {
	return &mesospb.HealthCheck{
		Type: mesospb.HealthCheck_COMMAND.Enum(), Command: &mesospb.CommandInfo{Value: new("true")},
		DelaySeconds: new(0.0), IntervalSeconds: new(1.0), GracePeriodSeconds: &grace, ConsecutiveFailures: new(uint32(3)),
	}
}

// told is what a health check told: healthy, unhealthy, kill or nothing.
func told(finding Finding, ok bool) string {
	switch {
	case !ok:
		return ""
	case finding.Kill:
		return "kill"
	case finding.Healthy:
		return "healthy"
	}
	return "unhealthy"
}

type step struct {
	result Result
	want   string
}

func runHealth(t *testing.T, c *Checker, steps []step) {
	t.Helper()
	now, after := start, time.Duration(0)
	for i, s := range steps {
		if got := told(probe(t, c, &now, after, s.result)); got != s.want {
			t.Fatalf("probe %d: told %q, want %q", i, got, s.want)
		}
		after = time.Second
	}
}

func TestHealthIsToldWhenItChangesAndEachFailureIsTold(t *testing.T) {
	runHealth(t, NewHealth(healthCheck(0), start, nil), []step{
		{exitCode(0), "healthy"}, {exitCode(0), ""},
		{exitCode(1), "unhealthy"}, {noAnswer, "unhealthy"},
		{exitCode(0), "healthy"}, {Result{}, ""}, {exitCode(0), ""},
		{exitCode(2), "unhealthy"}, {Result{}, ""}, {exitCode(1), "unhealthy"}, {exitCode(1), "kill"},
	})
}

func TestGracePeriodForgivesUntilTheTaskWasHealthyOnce(t *testing.T) {
	runHealth(t, NewHealth(healthCheck(2), start, nil), []step{
		{exitCode(1), ""}, {exitCode(1), ""}, {exitCode(1), ""}, // after 2 s
		{exitCode(1), "unhealthy"}, {exitCode(1), "unhealthy"}, {exitCode(1), "kill"},
	})
}

func TestGracePeriodIsOverForATaskThatWasHealthy(t *testing.T) {
	runHealth(t, NewHealth(healthCheck(9999), start, nil), []step{
		{exitCode(1), ""}, {exitCode(0), "healthy"}, {exitCode(1), "unhealthy"},
	})
}

func TestHealthGoesOnFromWhatWasTold(t *testing.T) {
	runHealth(t, NewHealth(healthCheck(9999), start, new(true)), []step{{exitCode(0), ""}, {exitCode(1), "unhealthy"}})
	runHealth(t, NewHealth(healthCheck(0), start, new(false)), []step{{exitCode(1), "unhealthy"}, {exitCode(1), "kill"}})
	runHealth(t, NewHealth(healthCheck(0), start, new(false)), []step{{exitCode(0), "healthy"}})
}

func TestWhatIsHealthy(t *testing.T) {
	for want, results := range map[string][]Result{
		"healthy":   {exitCode(0), statusCode(200), statusCode(302), statusCode(399), succeeded(true)},
		"unhealthy": {exitCode(1), exitCode(-1), statusCode(199), statusCode(400), statusCode(503), succeeded(false), noAnswer},
	} {
		for _, result := range results {
			runHealth(t, NewHealth(healthCheck(0), start, nil), []step{{result, want}})
		}
	}
}

func TestHealthChecksOfEveryType(t *testing.T) {
	v6 := mesospb.NetworkInfo_IPv6.Enum()
	for _, tt := range []struct {
		info *mesospb.HealthCheck
		want Probe
	}{
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(), Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(80)), Path: new("/x")}},
			Probe{Type: mesospb.CheckInfo_HTTP, Port: 80, Scheme: "http", Path: "/x"}},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(), Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(443)), Scheme: new("https"), Protocol: v6}},
			Probe{Type: mesospb.CheckInfo_HTTP, Port: 443, Scheme: "https", IPv6: true}},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_TCP.Enum(), Tcp: &mesospb.HealthCheck_TCPCheckInfo{Port: new(uint32(22)), Protocol: v6}},
			Probe{Type: mesospb.CheckInfo_TCP, Port: 22, Scheme: "http", IPv6: true}},
	} {
		c := NewHealth(tt.info, start, nil)
		got, _ := c.Begin(start.Add(time.Hour))
		tt.want.Serial, tt.want.Timeout = 1, 20*time.Second // Mesos's default
		if got != tt.want {
			t.Errorf("probe = %+v, want %+v", got, tt.want)
		}
	}
}
