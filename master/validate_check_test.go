package master

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// withoutValue is a command whose environment lacks a value.
func withoutValue() *mesospb.CommandInfo {
	return &mesospb.CommandInfo{Value: new("exit 0"), Environment: &mesospb.Environment{
		Variables: []*mesospb.Environment_Variable{{Name: new("NAME")}},
	}}
}

func wantWords(t *testing.T, what any, err error, words string) {
	t.Helper()
	if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
		t.Errorf("%v: %v, want %q", what, err, words)
	}
}

// covers: CheckTest.CheckInfoValidation
func TestCheckInfo(t *testing.T) {
	command := func(c *mesospb.CommandInfo) *mesospb.CheckInfo {
		return &mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND.Enum(), Command: &mesospb.CheckInfo_Command{Command: c}}
	}
	http := func(change func(*mesospb.CheckInfo)) *mesospb.CheckInfo {
		check := &mesospb.CheckInfo{Type: mesospb.CheckInfo_HTTP.Enum(), Http: &mesospb.CheckInfo_Http{Port: new(uint32(8080))}}
		change(check)
		return check
	}
	for _, tt := range []struct {
		check *mesospb.CheckInfo
		words string
	}{
		{&mesospb.CheckInfo{}, "type"},
		{&mesospb.CheckInfo{Type: mesospb.CheckInfo_UNKNOWN.Enum()}, "type"},
		{&mesospb.CheckInfo{Type: mesospb.CheckInfo_COMMAND.Enum()}, "command: missing"},
		{&mesospb.CheckInfo{Type: mesospb.CheckInfo_HTTP.Enum()}, "http: missing"},
		{&mesospb.CheckInfo{Type: mesospb.CheckInfo_TCP.Enum()}, "tcp: missing"},
		{command(nil), "command"},
		{command(&mesospb.CommandInfo{}), "the shell command is missing"},
		{command(&mesospb.CommandInfo{Shell: new(false)}), "the path of the executable is missing"},
		{command(&mesospb.CommandInfo{Value: new("exit 0")}), ""},
		{command(withoutValue()), "NAME"},
		{http(func(*mesospb.CheckInfo) {}), ""},
		{http(func(c *mesospb.CheckInfo) { c.Http.Path = new("/healthz") }), ""},
		{http(func(c *mesospb.CheckInfo) { c.Http.Path = new("healthz") }), "slash"},
		{http(func(c *mesospb.CheckInfo) { c.DelaySeconds = new(-1.0) }), "delay_seconds"},
		{http(func(c *mesospb.CheckInfo) { c.IntervalSeconds = new(-1.0) }), "interval_seconds"},
		{http(func(c *mesospb.CheckInfo) { c.TimeoutSeconds = new(-1.0) }), "timeout_seconds"},
		{http(func(c *mesospb.CheckInfo) {
			c.DelaySeconds, c.IntervalSeconds, c.TimeoutSeconds = new(0.0), new(0.0), new(0.0)
		}), ""},
	} {
		wantWords(t, tt.check, validateCheck(tt.check), tt.words)
	}
}

// covers: HealthCheckTest.HealthCheckProtobufValidation
func TestHealthCheck(t *testing.T) {
	command := func(c *mesospb.CommandInfo) *mesospb.HealthCheck {
		return &mesospb.HealthCheck{Type: mesospb.HealthCheck_COMMAND.Enum(), Command: c}
	}
	http := func(change func(*mesospb.HealthCheck)) *mesospb.HealthCheck {
		check := &mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(), Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(8080))}}
		change(check)
		return check
	}
	for _, tt := range []struct {
		check *mesospb.HealthCheck
		words string
	}{
		{&mesospb.HealthCheck{}, "type"},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_UNKNOWN.Enum()}, "type"},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_COMMAND.Enum()}, "command: missing"},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum()}, "http: missing"},
		{&mesospb.HealthCheck{Type: mesospb.HealthCheck_TCP.Enum()}, "tcp: missing"},
		{command(&mesospb.CommandInfo{}), "the shell command is missing"},
		{command(&mesospb.CommandInfo{Value: new("exit 0")}), ""},
		{command(withoutValue()), "NAME"},
		{http(func(*mesospb.HealthCheck) {}), ""},
		{http(func(c *mesospb.HealthCheck) { c.Http.Scheme = new("ftp") }), "scheme"},
		{http(func(c *mesospb.HealthCheck) { c.Http.Scheme, c.Http.Path = new("https"), new("healthz") }), "slash"},
		{http(func(c *mesospb.HealthCheck) { c.DelaySeconds = new(-1.0) }), "delay_seconds"},
		{http(func(c *mesospb.HealthCheck) { c.IntervalSeconds = new(-1.0) }), "interval_seconds"},
		{http(func(c *mesospb.HealthCheck) { c.TimeoutSeconds = new(-1.0) }), "timeout_seconds"},
		{http(func(c *mesospb.HealthCheck) { c.GracePeriodSeconds = new(-1.0) }), "grace_period_seconds"},
		{http(func(c *mesospb.HealthCheck) {
			c.DelaySeconds, c.IntervalSeconds, c.TimeoutSeconds = new(0.0), new(0.0), new(0.0)
		}), ""},
	} {
		wantWords(t, tt.check, validateHealthCheck(tt.check), tt.words)
	}
}
