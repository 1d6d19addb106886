//go:build !windows

package daemon

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// https://mesos.apache.org/documentation/latest/fault-domains/

// startIn starts a cluster whose master and agent are in fault domains.
func startIn(t *testing.T, master, agent Domain) *Local {
	t.Helper()
	cfg := localConfig(t)
	cfg.Master.Domain, cfg.Agent.Domain = master, agent
	l := startLocalAs(t, cfg)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

type faultDomain struct {
	FaultDomain struct{ Region, Zone struct{ Name string } } `json:"fault_domain"`
}

func (d faultDomain) is(want Domain) bool {
	return Domain{d.FaultDomain.Region.Name, d.FaultDomain.Zone.Name} == want
}

func domainOf(d *mesospb.DomainInfo) Domain {
	f := d.GetFaultDomain()
	return Domain{f.GetRegion().GetName(), f.GetZone().GetName()}
}

func TestWhatIsInTheMastersRegionIsOfferedToAll(t *testing.T) {
	// covers: MasterTest.AgentDomainSameRegion
	// covers: MasterTest.MasterInfo
	// covers: MasterTest.StateEndpoint
	master, agent := Domain{"region-abc", "zone-123"}, Domain{"region-abc", "zone-456"}
	l := startIn(t, master, agent)
	s := subscribe(t, l.Master())
	info := s.subscribed.GetMasterInfo()
	address, err := net.ResolveTCPAddr("tcp", l.Master())
	if err != nil {
		t.Fatal(err)
	}
	if domainOf(info.GetDomain()) != master || info.GetPort() != uint32(address.Port) || info.GetIp() != 0x0100007f ||
		info.GetAddress().GetIp() != address.IP.String() {
		t.Errorf("the master at %v says that it is %v", address, info)
	}
	if can := fmt.Sprint(info.GetCapabilities()); !strings.Contains(can, "AGENT_UPDATE") || !strings.Contains(can, "AGENT_DRAINING") || !strings.Contains(can, "QUOTA_V2") {
		t.Errorf("the master says that it can do %s", can)
	}
	offer := s.next(schedulerpb.Event_OFFERS).GetOffers().GetOffers()[0]
	if got := domainOf(offer.GetDomain()); got != agent {
		t.Errorf("the offer is of an agent in %v", got)
	}
}

func TestWhatIsInAnotherRegionIsOfferedToThoseWhoKnowRegions(t *testing.T) {
	// covers: MasterTest.AgentDomainDifferentRegion
	master, agent := Domain{"region-abc", "zone-123"}, Domain{"region-xyz", "zone-123"}
	l := startIn(t, master, agent)
	// The first would hold the agent, if it were offered to it.
	unaware, aware := subscribe(t, l.Master()), subscribe(t, l.Master(), mesospb.FrameworkInfo_Capability_REGION_AWARE)
	status := aware.launch("far", "exit 0")
	if status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("the task's last update is %v", status)
	}
	metrics := make(map[string]float64)
	fetchJSON(t, "http://"+l.Master()+"/metrics/snapshot", &metrics)
	for s, some := range map[*testScheduler]bool{unaware: false, aware: true} {
		if n := metrics["master/frameworks/test/"+s.id.GetValue()+"/offers/sent"]; n > 0 != some {
			t.Errorf("%v offers were made to the framework that knows of regions: %v", n, some)
		}
	}
}

func TestPagesTellWhereMasterAndAgentAre(t *testing.T) {
	// covers: MasterTest.DomainEndpoints
	master, agent := Domain{"region-abc", "zone-123"}, Domain{"region-xyz", "zone-456"}
	l := startIn(t, master, agent)
	for _, path := range []string{"/state", "/state-summary", "/slaves"} {
		var page struct {
			Domain     faultDomain
			LeaderInfo struct{ Domain faultDomain } `json:"leader_info"`
			Slaves     []struct {
				Domain faultDomain
				Port   int
			}
		}
		fetchJSON(t, "http://"+l.Master()+path, &page)
		if len(page.Slaves) != 1 || !page.Slaves[0].Domain.is(agent) {
			t.Errorf("%s: agents are %+v", path, page.Slaves)
		}
		if path == "/state" && (!page.Domain.is(master) || !page.LeaderInfo.Domain.is(master)) {
			t.Errorf("%s: master in %v, leader in %v", path, page.Domain, page.LeaderInfo)
		}
	}
	var self struct{ Domain faultDomain }
	fetchJSON(t, "http://"+l.agents[0].address.String()+"/state", &self)
	if !self.Domain.is(agent) {
		t.Errorf("the agent is in %v", self.Domain)
	}
}
