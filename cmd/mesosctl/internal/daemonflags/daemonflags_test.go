package daemonflags

import (
	"maps"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/daemon"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestMasterFlagsFillItsConfiguration(t *testing.T) {
	m := NewMaster()
	set := pflag.NewFlagSet("master", pflag.ContinueOnError)
	m.Table.Register(set)
	err := set.Parse([]string{
		"--work_dir=/w", "--ip=0.0.0.0", "--port=1", "--cluster=c", "--slave_ping_timeout=3secs", "--weights=a=2,b=0.5",
		"--roles=a,b", "--min_allocatable_resources=cpus:1|mem:2|gpus:1", "--no-hostname_lookup", "--offer_timeout=1mins",
		`--domain={"fault_domain":{"region":{"name":"r"},"zone":{"name":"z"}}}`, "--logging_level=WARNING", "--quorum=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Settle(); err != nil {
		t.Fatal(err)
	}
	c := m.Config
	if c.WorkDir != "/w" || c.Port != 1 || c.AgentPingTimeout != 3*time.Second || c.Weights["b"] != 0.5 || !c.Roles["a"] ||
		len(c.MinAllocatable) != 3 || !c.NoHostnameLookup || c.Hostname != "" || c.OfferTimeout != time.Minute || c.Domain.Zone != "z" ||
		c.MaxCompletedFrameworks != 50 || !c.EtcdFast {
		t.Errorf("configuration is %+v", c)
	}
	if c.Flags["port"] != "1" || c.Flags["agent_ping_timeout"] != "3secs" || c.Flags["authenticate_agents"] != "false" {
		t.Errorf("effective flags are %v", c.Flags)
	}
}

func TestAgentFlagsFillItsConfiguration(t *testing.T) {
	a := NewAgent()
	set := pflag.NewFlagSet("agent", pflag.ContinueOnError)
	a.Table.Register(set)
	err := set.Parse([]string{
		"--work_dir=/w", "--master=a,b:1", "--attributes=rack:x", "--no-switch_user", "--resources=cpus:1",
		`--executor_environment_variables={"A": "1"}`, "--no-systemd_enable_support",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Settle(); err != nil {
		t.Fatal(err)
	}
	c := a.Config
	if len(c.Masters) != 2 || c.Masters[0] != "a:5050" || len(c.Attributes) != 1 || c.SwitchUser || c.Resources != "cpus:1" ||
		c.ExecutorEnvironment["A"] != "1" || c.Isolation != nil || c.Port != 5051 || c.NoHostnameLookup {
		t.Errorf("configuration is %+v", c)
	}
}

func TestCgroupsOfContainersAreBelowTheHierarchies(t *testing.T) {
	for root, taken := range map[string]bool{"mesos": true, "/a/b": true, "..": false, "../x": false, "a/../../x": false, "/": false, ".": false, "": false} {
		a := NewAgent()
		set := pflag.NewFlagSet("agent", pflag.ContinueOnError)
		a.Table.Register(set)
		if err := set.Parse([]string{"--work_dir=/w", "--master=a", "--cgroups_root=" + root}); err != nil {
			t.Fatal(err)
		}
		if err := a.Settle(); (err == nil) != taken {
			t.Errorf("--cgroups_root=%s: %v", root, err)
		}
	}
}

func TestWhatADaemonCannotDoWithout(t *testing.T) {
	if err := NewMaster().Settle(); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a master without a work dir: %v", err)
	}
	if err := NewAgent().Settle(); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("an agent without a master: %v", err)
	}
	for timeout, taken := range map[string]bool{"15secs": true, "16secs": false} {
		a := NewAgent()
		set := pflag.NewFlagSet("agent", pflag.ContinueOnError)
		a.Table.Register(set)
		if err := set.Parse([]string{"--master=a", "--work_dir=/w", "--no-systemd_enable_support", "--executor_reregistration_timeout=" + timeout}); err != nil {
			t.Fatal(err)
		}
		if err := a.Settle(); (err == nil) != taken {
			t.Errorf("executors that have %s to come back: %v", timeout, err)
		}
	}
}

func TestFlagsOfWhatBecomesOfLostAgents(t *testing.T) {
	m := NewMaster()
	set := pflag.NewFlagSet("master", pflag.ContinueOnError)
	m.Table.Register(set)
	if c := m.Config.UpkeepConfig; c != (daemon.UpkeepConfig{
		RecoveryAgentRemovalLimit: 1, RegistryGCInterval: 15 * time.Minute, RegistryMaxAgentAge: 14 * 24 * time.Hour,
		RegistryMaxAgentCount: 102400,
	}) {
		t.Errorf("the defaults are %+v", c)
	}
	err := set.Parse([]string{
		"--slave_removal_rate_limit=2/10mins", "--recovery_agent_removal_limit=12.5%", "--registry_gc_interval=1hrs",
		"--registry_max_agent_age=1days", "--registry_max_agent_count=7", "--require_agent_domain", "--max_executors_per_agent=3",
	})
	c := m.Config.UpkeepConfig
	if c.MaxExecutorsPerAgent == nil || *c.MaxExecutorsPerAgent != 3 {
		t.Errorf("max_executors_per_agent is %v", c.MaxExecutorsPerAgent)
	}
	c.MaxExecutorsPerAgent = nil
	if err != nil || c != (daemon.UpkeepConfig{
		AgentRemovalInterval: 5 * time.Minute, RecoveryAgentRemovalLimit: 0.125, RegistryGCInterval: time.Hour,
		RegistryMaxAgentAge: 24 * time.Hour, RegistryMaxAgentCount: 7, RequireAgentDomain: true,
	}) {
		t.Errorf("%v, the configuration is %+v", err, c)
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--weights=a"}, {"--weights=a=0"}, {"--weights=a=x"}, {"--weights=a=inf"}, {"--weights=/a=1"}, {"--weights==1"}, {"--roles=a b"}, {"--roles=a,.."}, {"--domain=x"}, {"--logging_level=LOUD"},
		{"--min_allocatable_resources=cpus"}, {"--whitelist=/does/not/exist"}, {"--zk=zk://a/b"}, {"--http_authenticators=basic,mine"}, {"--authorizers=mine"}, {"--acls={"},
		{`--acls={"run_task":[]}`},
		{"--agent_removal_rate_limit=1"}, {"--agent_removal_rate_limit=0/1mins"}, {"--agent_removal_rate_limit=1/-1mins"},
		{"--recovery_agent_removal_limit=50"}, {"--recovery_agent_removal_limit=101%"}, {"--recovery_agent_removal_limit=nan%"},
		{"--max_executors_per_agent=-1"}, {"--registry_max_agent_count=many"},
	} {
		set := pflag.NewFlagSet("master", pflag.ContinueOnError)
		NewMaster().Table.Register(set)
		if err := set.Parse(args); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestRoleNames(t *testing.T) {
	// covers: RoleTest.Parsing
	for _, text := range []string{"abc,edf,hgi", "abc,edf,hgi,", ",abc,edf,hgi", "abc,,edf,hgi"} {
		var roles map[string]bool
		err := roleNames(&roles)(text)
		if want := map[string]bool{"*": true, "abc": true, "edf": true, "hgi": true}; err != nil || !maps.Equal(roles, want) {
			t.Errorf("%q: %v, %v", text, roles, err)
		}
	}
	var roles map[string]bool
	if err := roleNames(&roles)("foo,.,*"); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a role called . : %v", err)
	}
}
