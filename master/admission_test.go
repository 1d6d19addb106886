package master

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/wire/linkpb"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// turnedAway takes the reason for which an agent was sent away that may come
// back, or "".
func (c *cluster) turnedAway() (reason string) {
	closed, told, stopped := false, "", false
	for _, e := range c.take() {
		switch e := e.(type) {
		case CloseLink:
			closed = true
		case SendAgent:
			told = e.Message.GetTurnedAway().GetMessage()
			stopped = stopped || e.Message.GetRefused() != nil
		case Log:
			if e.Message == "agent turned away" {
				reason = e.Args[3].(error).Error()
			}
		}
	}
	if reason != "" && (!closed || stopped || told != reason) {
		return fmt.Sprintf("its connection is closed: %t, it has to stop: %t, and it was told %q", closed, stopped, told)
	}
	return reason
}

// https://mesos.apache.org/documentation/latest/fault-domains/
func TestAnAgentThatDoesNotSuitIsTurnedAwayAndKeepsItsTasks(t *testing.T) {
	// covers: MasterTest.AgentDomainMismatch
	// covers: MasterTest.AgentDomainMismatchOnReregister
	// covers: MasterTest.RegistrationWithoutRequiredAgentDomain
	// covers: MasterTest.ReregistrationWithoutRequiredAgentDomain
	// covers: MasterTest.IgnoreOldAgentRegistration
	// covers: MasterTest.IgnoreOldAgentReregistration
	domain := &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: &mesospb.DomainInfo_FaultDomain_RegionInfo{Name: new("r")}, Zone: &mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: new("z")},
	}}
	requiring := testConfig()
	requiring.Info.Domain = domain
	requiring.RequireAgentDomain = true
	for name, test := range map[string]struct {
		config  Config
		version string
		domain  *mesospb.DomainInfo
		words   string
	}{
		"an agent":              {testConfig(), "1.11.0", nil, ""},
		"with a domain":         {requiring, "1.11.0", domain, ""},
		"unknown domain":        {testConfig(), "1.11.0", domain, "the master has none configured"},
		"without the domain":    {requiring, "1.11.0", nil, "this master requires one"},
		"old":                   {testConfig(), "0.28.1-rc1", nil, "older than 1.0.0"},
		"what is not a version": {testConfig(), "new", nil, "is no version"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, test.config, Recovered{})
			in := registerMessage(1, "cpus:4;mem:1024")
			in.Message.GetRegister().AgentInfo.Domain, in.Message.GetRegister().Version = test.domain, &test.version
			c.step(in)
			if got := c.turnedAway(); (got == "") != (test.words == "") || !strings.Contains(got, test.words) {
				t.Errorf("when it registers: %q, want %q", got, test.words)
			}
			c.step(reregisterMessage(2, "X-S1", func(msg *linkpb.Reregister) {
				msg.AgentInfo.Domain, msg.Version = test.domain, &test.version
			}))
			if got := c.turnedAway(); (got == "") != (test.words == "") || !strings.Contains(got, test.words) {
				t.Errorf("when it registers again: %q, want %q", got, test.words)
			}
			if n := len(c.agents); (n == 0) != (test.words != "") {
				t.Errorf("%d agents are registered", n)
			}
		})
	}
}
