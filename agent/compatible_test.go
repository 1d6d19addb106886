package agent

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// described is an agent with these resources and attributes.
func described(t *testing.T, rs, attributes string) *mesospb.AgentInfo {
	t.Helper()
	list, err := mesos.ParseAttributes(attributes)
	if err != nil {
		t.Fatal(err)
	}
	return &mesospb.AgentInfo{
		Hostname: new("agent"), Port: new(int32(5051)),
		Resources: convert.ToWire(resources.MustParse(rs)), Attributes: convert.AttributesToWire(list),
	}
}

// allows says which of the policies let an agent become another.
func allows(was, is *mesospb.AgentInfo) (list []ReconfigurationPolicy) {
	for _, policy := range []ReconfigurationPolicy{ReconfigureEqual, ReconfigureAdditive} {
		if compatible(&Config{ReconfigurationPolicy: policy, Info: is}, was) == nil {
			list = append(list, policy)
		}
	}
	return list
}

// https://mesos.apache.org/documentation/latest/agent-recovery/
func TestWhatReconfigurationPoliciesAllow(t *testing.T) {
	const none, additive, both = 0, 1, 2
	for _, c := range []struct {
		name         string
		was, is      [2]string // resources and attributes
		forth, again int       // how many policies allow the change, and the change back
	}{
		// covers: SlaveCompatibilityTest.Equal
		{"nothing", [2]string{"cpus:500", "foo:bar"}, [2]string{"cpus:500", "foo:bar"}, both, both},
		{"in two parts", [2]string{"cpus:500", ""}, [2]string{"cpus:250;cpus:250", ""}, both, both},
		// covers: SlaveCompatibilityTest.Additive
		{"more cpus", [2]string{"cpus:500", ""}, [2]string{"cpus:600", ""}, additive, none},
		{"another resource", [2]string{"cpus:50", ""}, [2]string{"cpus:50;mem:100", ""}, additive, none},
		{"another type", [2]string{"gpus:50", ""}, [2]string{"gpus:[100-200]", ""}, none, none},
		{"more, in parts", [2]string{"cpus:50", ""}, [2]string{"cpus:30;cpus:30", ""}, additive, none},
		{"wider ranges", [2]string{"range:[100-200]", ""}, [2]string{"range:[100-300]", ""}, additive, none},
		{"a greater set", [2]string{"set:{a}", ""}, [2]string{"set:{a,b}", ""}, additive, none},
		{"another attribute", [2]string{"cpus:1", "os:lucid"}, [2]string{"cpus:1", "os:lucid;dc:amsterdam"}, additive, none},
		{"an attribute's type", [2]string{"cpus:1", "os:lucid"}, [2]string{"cpus:1", "os:4"}, none, none},
		{"an attribute's text", [2]string{"cpus:1", "os:lucid"}, [2]string{"cpus:1", "os:trusty"}, none, none},
		{"an attribute's number", [2]string{"cpus:1", "rack:1"}, [2]string{"cpus:1", "rack:2"}, none, none},
		{"an attribute's ranges", [2]string{"cpus:1", "range:[100-200]"}, [2]string{"cpus:1", "range:[100-300]"}, additive, none},
		// covers: SlaveCompatibilityTest.AdditiveWithReservations
		{"more for every role", [2]string{"foo(A):10;foo(B):20", ""}, [2]string{"foo(A):20;foo(B):30", ""}, additive, none},
		{"less for one role", [2]string{"foo(A):10;foo(B):20", ""}, [2]string{"foo(A):5;foo(B):50", ""}, none, none},
	} {
		was, is := described(t, c.was[0], c.was[1]), described(t, c.is[0], c.is[1])
		if got := allows(was, is); len(got) != c.forth {
			t.Errorf("%s: %v allow it", c.name, got)
		}
		if got := allows(is, was); len(got) != c.again {
			t.Errorf("%s, the other way: %v allow it", c.name, got)
		}
	}
}

func TestHostnamePortAndDomainStay(t *testing.T) {
	// covers: SlaveCompatibilityTest.Additive
	was := described(t, "cpus:1", "")
	for name, change := range map[string]func(*mesospb.AgentInfo){
		"hostname": func(info *mesospb.AgentInfo) { info.Hostname = new("another") },
		"port":     func(info *mesospb.AgentInfo) { info.Port = new(int32(4321)) },
	} {
		is := was.CloneVT()
		change(is)
		if got := allows(was, is); len(got) != 0 {
			t.Errorf("%v allow another %s", got, name)
		}
	}
	located := was.CloneVT()
	located.Domain = &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: new("r")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: new("z")},
	}}
	if got := allows(was, located); len(got) != 1 {
		t.Errorf("%v allow that an agent without a domain gets one", got)
	}
	if got := allows(located, was); len(got) != 0 {
		t.Errorf("%v allow that an agent loses its domain", got)
	}
}

func TestDisksMayBeAdded(t *testing.T) {
	// covers: SlaveCompatibilityTest.Disks
	one := described(t, "disk:868000", "")
	two := one.CloneVT()
	mounted := resources.MustParse("disk:1830000")
	for r := range mounted.All() {
		r.Disk = &resources.Disk{Source: &resources.Source{Type: resources.SourceMount, Root: "/srv/volumes/a", HasRoot: true}}
		two.Resources = append(two.Resources, convert.ToWire(resources.Of(r))...)
	}
	if got := allows(one, two); len(got) != 1 {
		t.Errorf("%v allow another disk", got)
	}
	if got := allows(two, two); len(got) != 2 {
		t.Errorf("%v allow the same disks", got)
	}
	if got := allows(two, one); len(got) != 0 {
		t.Errorf("%v allow fewer disks", got)
	}
}

// A reconfigured agent comes to its master with all that it got.
func TestAReconfiguredAgentTellsWhatItGot(t *testing.T) {
	// covers: SlaveTest.ReconfigurationPolicy
	s := scene(t)
	s.settings.ReconfigurationPolicy = ReconfigureAdditive
	s.settings.Info.Resources = convert.ToWire(resources.MustParse("cpus:8;mem:4096;disk:1024;foo:[1-3]"))
	s.settings.Info.Attributes = described(t, "cpus:1", "distro:debian").Attributes
	s.settings.Info.Domain = &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: new("r")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: new("z")},
	}}
	s.contains(s.do("restart", "start", "connected"), "reregister M-S0")
	m := s.agent.reregister()
	if got := m.GetAgentInfo(); !got.GetDomain().EqualVT(s.settings.Info.Domain) || len(got.GetAttributes()) != 1 || len(got.GetResources()) != 4 {
		t.Errorf("it says it is %v", got)
	}
}
