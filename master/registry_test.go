package master

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"google.golang.org/protobuf/proto"
)

func TestDecodeRecoveredReadsWhatWasWritten(t *testing.T) {
	info := &mesospb.AgentInfo{
		Hostname: proto.String("a.example"),
		Id:       wireAgentID("M-S1"),
	}
	keys := map[string][]byte{"later/some-object": []byte("x")}
	for _, w := range []RegistryWrite{
		putAdmitted(info, nil),
		putUnreachable("M-S7", &mesospb.TimeInfo{Nanoseconds: proto.Int64(42)}, nil),
	} {
		keys[w.Key] = w.Value
	}

	r, err := DecodeRecovered(keys)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Admitted) != 1 || r.Admitted[0].GetInfo().GetHostname() != "a.example" {
		t.Errorf("admitted: %v", r.Admitted)
	}
	if len(r.Unreachable) != 1 || r.Unreachable[0].GetSince().GetNanoseconds() != 42 {
		t.Errorf("unreachable: %v", r.Unreachable)
	}
}

func TestDecodeRecoveredNamesTheBrokenKey(t *testing.T) {
	info := &mesospb.AgentInfo{Hostname: proto.String("a.example"), Id: wireAgentID("M-S1")}
	for name, value := range map[string][]byte{
		"garbage":          {0xff, 0xff},
		"of another agent": putAdmitted(info, nil).Value,
	} {
		_, err := DecodeRecovered(map[string][]byte{"agents/M-S2": value})
		if err == nil || !strings.Contains(err.Error(), `"agents/M-S2"`) {
			t.Errorf("%s: error %v does not name the key", name, err)
		}
	}
}
