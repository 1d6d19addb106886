package daemon

import (
	"testing"

	"github.com/mesosctl/mesosctl/registry"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestADeposedMasterSendsNobodyToItself(t *testing.T) {
	m := &Master{address: address{ip: "10.0.0.1", port: 5050, hostname: "a"}}
	other := &Master{address: address{ip: "10.0.0.2", port: 5050, hostname: "a"}}
	for _, test := range []struct {
		leading bool
		leader  *mesospb.MasterInfo
		known   bool
	}{
		{true, m.info(), true},
		{false, m.info(), false}, // etcd has not told yet
		{false, other.info(), true},
		{false, nil, false},
	} {
		m.leading.Store(test.leading)
		m.leader.Store(nil)
		if test.leader != nil {
			m.leader.Store(&registry.Leader{Info: test.leader, Term: 1})
		}
		if got := (leadership{m}).Leader(); (got != nil) != test.known {
			t.Errorf("leading %v, told %v: %v", test.leading, test.leader, got)
		}
	}
}
