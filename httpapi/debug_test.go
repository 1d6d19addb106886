package httpapi

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/mesosctl/mesosctl/authn"
)

func TestADaemonTellsWhatItIsDoing(t *testing.T) {
	m, _ := leader()
	h := NewMaster(m)
	if got := askAs(h, "", "GET", "/mesosctl/debug/stacks"); got.Code != http.StatusOK ||
		!bytes.Contains(got.Body.Bytes(), []byte("TestADaemonTellsWhatItIsDoing")) {
		t.Errorf("stacks: %d, %.200s", got.Code, got.Body)
	}
	if got := askAs(h, "", "GET", "/mesosctl/debug/heap"); got.Code != http.StatusOK || !bytes.HasPrefix(got.Body.Bytes(), []byte("\x1f\x8b")) {
		t.Errorf("heap: %d, %.20q", got.Code, got.Body)
	}
	if got := askAs(h, "", "POST", "/mesosctl/debug/heap"); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.Code)
	}
}

func TestNotEverybodyIsToldWhatADaemonIsDoing(t *testing.T) {
	m, _ := leader()
	m.Realms = asking(t, authn.MasterReadwrite)
	m.ACLs = aclsOf(t, `{"get_endpoints": [
		{"principals": {"values": ["ops"]}, "paths": {"values": ["/mesosctl/debug"]}},
		{"principals": {"type": "NONE"}, "paths": {"values": ["/mesosctl/debug"]}}
	]}`)
	a, _ := anAgent()
	a.Realms, a.ACLs = asking(t, authn.AgentReadwrite), m.ACLs
	for realm, h := range map[string]http.Handler{authn.MasterReadwrite: NewMaster(m), authn.AgentReadwrite: NewAgent(a)} {
		for _, path := range []string{"/mesosctl/debug/stacks", "/mesosctl/debug/heap"} {
			asksWho(t, h, realm, "GET", path)
			for who, want := range map[string]int{"ops": http.StatusOK, "ann": http.StatusForbidden} {
				if got := askAs(h, who, "GET", path); got.Code != want {
					t.Errorf("%s %s as %s: %d, want %d", realm, path, who, got.Code, want)
				}
			}
		}
	}
}
