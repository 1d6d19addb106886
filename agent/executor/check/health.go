package check

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// NewHealth is a health check of a task that runs since a time. Told is what an
// earlier Checker of the task found last; nil if it found nothing.
func NewHealth(info *mesospb.HealthCheck, since time.Time, told *bool) *Checker {
	probe := Probe{Timeout: seconds(info.GetTimeoutSeconds()), Scheme: "http"}
	switch info.GetType() {
	case mesospb.HealthCheck_COMMAND:
		probe.Type, probe.Command = mesospb.CheckInfo_COMMAND, info.GetCommand()
	case mesospb.HealthCheck_HTTP:
		h := info.GetHttp()
		probe.Type, probe.Port, probe.Path = mesospb.CheckInfo_HTTP, h.GetPort(), h.GetPath()
		probe.IPv6 = h.GetProtocol() == mesospb.NetworkInfo_IPv6
		if h.Scheme != nil {
			probe.Scheme = h.GetScheme()
		}
	case mesospb.HealthCheck_TCP:
		probe.Type, probe.Port = mesospb.CheckInfo_TCP, info.GetTcp().GetPort()
		probe.IPv6 = info.GetTcp().GetProtocol() == mesospb.NetworkInfo_IPv6
	}
	health := &health{allowed: info.GetConsecutiveFailures()}
	if grace := seconds(info.GetGracePeriodSeconds()); grace > 0 {
		health.graceUntil = since.Add(grace)
	}
	if told != nil {
		health.wasHealthy = *told
		if !*told {
			health.failures = 1
		}
	}
	return &Checker{
		probe: probe, interval: max(seconds(info.GetIntervalSeconds()), minInterval),
		at: since.Add(seconds(info.GetDelaySeconds())), judge: health,
	}
}

// health is the judge of a health check. It tells of the first success, of the
// first one after failures, and of every failure; but until the task was healthy
// once, failures within the grace period don't count.
type health struct {
	graceUntil time.Time
	allowed    uint32 // failures in a row after which the task is killed
	wasHealthy bool
	failures   uint32 // in a row
}

func (h *health) judge(now time.Time, result Result) (Finding, bool) {
	cause := result.Err
	if cause == nil {
		cause = ailment(result.Status)
	}
	if cause == nil {
		news := !h.wasHealthy || h.failures > 0
		h.wasHealthy, h.failures = true, 0
		return Finding{Healthy: true}, news
	}
	if !h.wasHealthy && !now.After(h.graceUntil) {
		return Finding{}, false
	}
	h.failures++
	return Finding{Kill: h.failures >= h.allowed, Cause: cause}, true
}

// ailment is what a result says against a task's health.
func ailment(status *mesospb.CheckStatusInfo) error {
	switch status.GetType() {
	case mesospb.CheckInfo_COMMAND:
		if code := status.GetCommand().GetExitCode(); code != 0 {
			return fmt.Errorf("command exited with status %d", code)
		}
	case mesospb.CheckInfo_HTTP:
		if code := status.GetHttp().GetStatusCode(); code < http.StatusOK || code >= http.StatusBadRequest {
			return fmt.Errorf("answered %d %s", code, http.StatusText(int(code)))
		}
	case mesospb.CheckInfo_TCP:
		if !status.GetTcp().GetSucceeded() {
			return errors.New("the connection failed")
		}
	}
	return nil
}
