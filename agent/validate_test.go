package agent

import (
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// covers: CheckTest.CheckStatusInfoValidation
func TestResultOfACheckHasItsType(t *testing.T) {
	command, http, tcp := mesospb.CheckInfo_COMMAND.Enum(), mesospb.CheckInfo_HTTP.Enum(), mesospb.CheckInfo_TCP.Enum()
	for _, tt := range []struct {
		status *mesospb.CheckStatusInfo
		ok     bool
	}{
		{&mesospb.CheckStatusInfo{}, false},
		{&mesospb.CheckStatusInfo{Type: mesospb.CheckInfo_UNKNOWN.Enum()}, false},
		{&mesospb.CheckStatusInfo{Type: command}, false},
		{&mesospb.CheckStatusInfo{Type: http}, false},
		{&mesospb.CheckStatusInfo{Type: tcp}, false},
		{&mesospb.CheckStatusInfo{Type: command, Command: &mesospb.CheckStatusInfo_Command{}}, true},
		{&mesospb.CheckStatusInfo{Type: http, Http: &mesospb.CheckStatusInfo_Http{}}, true},
		{&mesospb.CheckStatusInfo{Type: tcp, Tcp: &mesospb.CheckStatusInfo_Tcp{}}, true},
		{&mesospb.CheckStatusInfo{Type: tcp, Http: &mesospb.CheckStatusInfo_Http{}}, false},
	} {
		if err := checkCheckStatus(tt.status); (err == nil) != tt.ok {
			t.Errorf("%v: %v", tt.status, err)
		}
	}
}
