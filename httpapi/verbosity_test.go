package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/acl"
	"github.com/mesosctl/mesosctl/wire/agentpb"
	"github.com/mesosctl/mesosctl/wire/masterpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type fakeVerbosity struct {
	level uint32
	d     time.Duration
}

func (v *fakeVerbosity) Verbosity() uint32                          { return v.level }
func (v *fakeVerbosity) SetVerbosity(level uint32, d time.Duration) { v.level, v.d = level, d }

func toggled(d *Daemon) http.Handler {
	m := newMux("/master")
	d.readwrite = "readwrite"
	d.routes(m)
	return m
}

// https://mesos.apache.org/documentation/latest/endpoints/logging/toggle/
func TestTheLevelOfLogsIsToggled(t *testing.T) {
	// covers: LoggingTest.Toggle
	log := &fakeVerbosity{}
	h := toggled(&Daemon{Log: log})
	answers(t, h, map[string]struct {
		status int
		body   string
	}{
		"/logging/toggle":                         {http.StatusOK, "0\n"},
		"/logging/toggle?level=0":                 {http.StatusBadRequest, ""},
		"/logging/toggle?duration=10secs":         {http.StatusBadRequest, ""},
		"/logging/toggle?level=-1&duration=1secs": {http.StatusBadRequest, ""},
		"/logging/toggle?level=1&duration=x":      {http.StatusBadRequest, ""},
	})
	if got := ask(h, "POST", "/logging/toggle?level=2&duration=10secs"); got.Code != http.StatusOK || log.level != 2 || log.d != 10*time.Second {
		t.Errorf("%d, and it is %+v", got.Code, log)
	}
	if got := ask(toggled(&Daemon{}), "POST", "/logging/toggle?level=2&duration=10secs"); got.Code != http.StatusNotImplemented {
		t.Errorf("of a daemon that does not log: %d", got.Code)
	}
}

func TestWhoMayToggle(t *testing.T) {
	// covers: LoggingTest.ToggleAuthenticationEnabled
	// covers: LoggingTest.ToggleAuthorizationEnabled
	if got := ask(toggled(&Daemon{Log: &fakeVerbosity{}, Realms: asking(t, "readwrite")}), "GET", "/logging/toggle"); got.Code != http.StatusUnauthorized {
		t.Errorf("who does not say who it is: %d", got.Code)
	}
	acls, err := acl.Parse([]byte(`{"get_endpoints": [{"principals": {"type": "ANY"}, "paths": {"type": "NONE"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(toggled(&Daemon{Log: &fakeVerbosity{}, ACLs: acls}), "GET", "/logging/toggle"); got.Code != http.StatusForbidden {
		t.Errorf("who may not: %d", got.Code)
	}
}

func TestTheLevelOfLogsByCalls(t *testing.T) {
	// covers: MasterAPITest.GetLoggingLevel
	// covers: MasterAPITest.SetLoggingLevel
	// covers: AgentAPITest.GetLoggingLevel
	// covers: AgentAPITest.SetLoggingLevel
	ctx, log := context.Background(), &fakeVerbosity{}
	d := Daemon{Log: log}
	level, duration := uint32(3), &mesospb.DurationInfo{Nanoseconds: new(time.Minute.Nanoseconds())}
	forMaster := &masterpb.Call{Type: masterpb.Call_SET_LOGGING_LEVEL.Enum(), SetLoggingLevel: &masterpb.Call_SetLoggingLevel{Level: &level, Duration: duration}}
	forAgent := &agentpb.Call{Type: agentpb.Call_SET_LOGGING_LEVEL.Enum(), SetLoggingLevel: &agentpb.Call_SetLoggingLevel{Level: &level, Duration: duration}}
	none, err := acl.Parse([]byte(`{"set_log_level": [{"principals": {"type": "ANY"}, "level": {"type": "NONE"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, daemon := range map[string]struct {
		set   func(d Daemon) error
		level func() uint32
	}{
		"master": {
			func(d Daemon) error {
				_, err := (&Master{Daemon: d, View: NewMasterView()}).operate(ctx, forMaster)
				return err
			},
			func() uint32 { return d.masterLevel().GetGetLoggingLevel().GetLevel() },
		},
		"agent": {
			func(d Daemon) error {
				_, err := (&Agent{Daemon: d, View: NewAgentView()}).operate(ctx, forAgent)
				return err
			},
			func() uint32 { return d.agentLevel().GetGetLoggingLevel().GetLevel() },
		},
	} {
		log.level = 0
		if err := daemon.set(Daemon{Log: log, ACLs: none}); mesos.KindOf(err) != mesos.Forbidden || !strings.Contains(err.Error(), "log level") {
			t.Errorf("%s: who may not: %v", name, err)
		}
		if err := daemon.set(d); err != nil || log.d != time.Minute || daemon.level() != 3 {
			t.Errorf("%s: %v, %+v", name, err, log)
		}
	}
}
