package linux_test

import (
	"encoding/json"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	docker "github.com/moby/profiles/seccomp"
)

const (
	chown  = mesospb.CapabilityInfo_CHOWN
	kill   = mesospb.CapabilityInfo_KILL
	netRaw = mesospb.CapabilityInfo_NET_RAW
	mknod  = mesospb.CapabilityInfo_MKNOD
)

// tries tells whether the owner of a file can be changed, which takes CHOWN.
const tries = "touch file; chown 1 file && echo changed || echo refused"

// statusSets are the sets that /proc/self/status has, by name.
func statusSets(t *testing.T, stdout string) map[string]uint64 {
	t.Helper()
	sets := map[string]uint64{}
	for _, line := range strings.Split(stdout, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "Cap") {
			set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			sets[name] = set
		}
	}
	return sets
}

// bits are capabilities as the kernel has them.
func bits(list ...mesospb.CapabilityInfo_Capability) (set uint64) {
	for _, c := range list {
		set |= 1 << (c - chown)
	}
	return set
}

func nobody(t *testing.T) string {
	t.Helper()
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skip("there is no user nobody")
	}
	return "nobody"
}

// covers: LinuxCapabilitiesIsolatorTest.ROOT_Ping
// covers: CapabilitiesTest.ROOT_PingWithNoNetRawCaps
func TestCapabilities(t *testing.T) {
	for name, c := range map[string]struct {
		config linux.Config
		info   *mesospb.LinuxInfo
		want   string // what a task of root can do
		bound  uint64 // 0: all of the agent's
	}{
		"nothing said":             {want: "changed"},
		"effective":                {info: &mesospb.LinuxInfo{EffectiveCapabilities: set(chown, kill)}, want: "changed", bound: bits(chown, kill)},
		"not effective":            {info: &mesospb.LinuxInfo{EffectiveCapabilities: set(kill)}, want: "refused", bound: bits(kill)},
		"none":                     {info: &mesospb.LinuxInfo{EffectiveCapabilities: set()}, want: "refused"},
		"former name":              {info: &mesospb.LinuxInfo{CapabilityInfo: set(kill)}, want: "refused", bound: bits(kill)},
		"bounding":                 {info: &mesospb.LinuxInfo{BoundingCapabilities: set(kill)}, want: "refused", bound: bits(kill)},
		"agent's effective":        {config: linux.Config{Effective: set(kill)}, want: "refused", bound: bits(kill)},
		"agent's bounding":         {config: linux.Config{Bounding: set(kill)}, want: "refused", bound: bits(kill)},
		"more than the agent's":    {config: linux.Config{Effective: set(kill)}, info: &mesospb.LinuxInfo{EffectiveCapabilities: set(chown)}, want: "changed", bound: bits(chown)},
		"within the agent's bound": {config: linux.Config{Bounding: set(kill, chown)}, info: &mesospb.LinuxInfo{EffectiveCapabilities: set(chown)}, want: "changed", bound: bits(chown, kill)},
	} {
		t.Run(name, func(t *testing.T) {
			l := with(t, c.config, linux.Capabilities)
			stdout := output(t, l, asking(t, "cat /proc/self/status; "+tries, c.info))
			if !strings.HasSuffix(stdout, c.want) {
				t.Errorf("stdout = %q, want %s", stdout, c.want)
			}
			if got := statusSets(t, stdout); name != "nothing said" && (got["CapBnd"] != c.bound || got["CapEff"] != c.bound) {
				t.Errorf("sets = %x, want %x", got, c.bound)
			}
		})
	}
}

// covers: LinuxCapabilitiesIsolatorTest.ROOT_NestedPing
func TestCapabilitiesOfNestedContainers(t *testing.T) {
	l := with(t, linux.Config{Bounding: set(chown, kill)}, linux.Capabilities)
	parent := asking(t, "sleep 1000", nil)
	containertest.Launch(t, l, parent)
	if got := output(t, l, nested(t, parent, "a", tries, &mesospb.LinuxInfo{EffectiveCapabilities: set(chown)})); got != "changed" {
		t.Errorf("with the capability: %s", got)
	}
	if got := output(t, l, nested(t, parent, "b", tries, &mesospb.LinuxInfo{EffectiveCapabilities: set(kill), BoundingCapabilities: set(kill)})); got != "refused" {
		t.Errorf("without it: %s", got)
	}
	refused(t, l, nested(t, parent, "c", "true", &mesospb.LinuxInfo{EffectiveCapabilities: set(netRaw)}), "NET_RAW: not in the bounding set")
}

// covers: AmbientCapabilities.ROOT_SetAmbient
// covers: AmbientCapabilities.DISABLED_Supported
// covers: CapabilitiesTest.ROOT_UNPRIVILEGED_USER_PingWithJustNetRawSysAdminCap
func TestCapabilitiesOfAnotherUser(t *testing.T) {
	l := with(t, linux.Config{}, linux.Capabilities)
	spec := asking(t, "cat /proc/self/status; id -un; "+tries, &mesospb.LinuxInfo{EffectiveCapabilities: set(chown, netRaw)})
	spec.User = nobody(t)
	stdout := output(t, l, spec)
	if !strings.HasSuffix(stdout, "nobody\nchanged") {
		t.Errorf("stdout = %q, want a user that may do what it was given", stdout)
	}
	want := bits(chown, netRaw)
	if got := statusSets(t, stdout); got["CapAmb"] != want || got["CapEff"] != want || got["CapPrm"] != want || got["CapInh"] != want || got["CapBnd"] != want {
		t.Errorf("sets = %x, want %x", got, want)
	}
}

// covers: CapabilitiesTest.ROOT_UNPRIVILEGED_USER_PingWithNoNetRawCapsChangeUser
func TestAnotherUserWithoutCapabilities(t *testing.T) {
	l := with(t, linux.Config{}, linux.Capabilities)
	for _, info := range []*mesospb.LinuxInfo{nil, {BoundingCapabilities: set(chown, kill)}, {EffectiveCapabilities: set()}} {
		spec := asking(t, "cat /proc/self/status; "+tries, info)
		spec.User = nobody(t)
		stdout := output(t, l, spec)
		if got := statusSets(t, stdout); !strings.HasSuffix(stdout, "refused") || got["CapEff"] != 0 || got["CapPrm"] != 0 {
			t.Errorf("%v: sets = %x", info, got)
		}
	}
}

// covers: LinuxCapabilitiesIsolatorFlagsTest.ROOT_IsolatorFlags
func TestFlagsOfCapabilities(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("takes root")
	}
	if _, err := linux.Capabilities(linux.Config{Effective: set(chown), Bounding: set(chown, kill)}); err != nil {
		t.Error(err)
	}
	_, err := linux.Capabilities(linux.Config{Effective: set(chown, netRaw), Bounding: set(chown, kill)})
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "NET_RAW") {
		t.Errorf("effective capabilities that are not in the bounding set: %v", err)
	}
}

func TestCapabilitiesThatCantBeGiven(t *testing.T) {
	l := with(t, linux.Config{Bounding: set(kill, chown)}, linux.Capabilities)
	refused(t, l, asking(t, "true", &mesospb.LinuxInfo{BoundingCapabilities: set(kill, mknod)}), "MKNOD: this agent does not allow it")
	refused(t, l, asking(t, "true", &mesospb.LinuxInfo{EffectiveCapabilities: set(kill), CapabilityInfo: set(kill)}), "only one of them")
	refused(t, l, asking(t, "true", &mesospb.LinuxInfo{EffectiveCapabilities: set(mesospb.CapabilityInfo_UNKNOWN)}), "not a capability")
}

// covers: LinuxNNPIsolatorTest.ROOT_CheckNoNewPrivileges
func TestNoNewPrivileges(t *testing.T) {
	l := with(t, linux.Config{}, linux.NoNewPrivileges)
	if got := output(t, l, asking(t, "grep ^NoNewPrivs: /proc/self/status", nil)); got != "NoNewPrivs:\t1" {
		t.Errorf("status = %q", got)
	}
}

// profiles are a directory with Docker's profile, and some of few words.
func profiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text, err := json.Marshal(docker.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	archs := `"archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []}, {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []}]`
	for name, content := range map[string]string{
		"docker.json":  string(text),
		"nouname.json": `{"defaultAction": "SCMP_ACT_ALLOW", ` + archs + `, "syscalls": [{"names": ["uname"], "action": "SCMP_ACT_ERRNO", "args": [], "includes": {}, "excludes": {}}]}`,
		"nofork.json":  `{"defaultAction": "SCMP_ACT_ALLOW", ` + archs + `, "syscalls": [{"names": ["fork", "vfork", "clone", "clone3", "wait4"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`,
		"broken.json":  `{"defaultAction": `,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func profile(name string) *mesospb.LinuxInfo {
	return &mesospb.LinuxInfo{Seccomp: &mesospb.SeccompInfo{ProfileName: &name}}
}

const asksUname = "uname -s > /dev/null && echo allowed || echo refused; grep ^Seccomp: /proc/self/status"

// covers: LinuxSeccompIsolatorTest.ROOT_SECCOMP_LaunchWithDefaultProfile
// covers: LinuxSeccompIsolatorTest.ROOT_SECCOMP_LaunchWithUnameDisabled
// covers: LinuxSeccompIsolatorTest.ROOT_SECCOMP_LaunchWithOverriddenProfile
// covers: LinuxSeccompIsolatorTest.ROOT_SECCOMP_LaunchWithSeccompDisabled
func TestSeccomp(t *testing.T) {
	dir := profiles(t)
	const filtered, free = "\nSeccomp:\t2", "\nSeccomp:\t0"
	unconfined := &mesospb.LinuxInfo{Seccomp: &mesospb.SeccompInfo{Unconfined: new(true)}}
	for name, c := range map[string]struct {
		standard string
		info     *mesospb.LinuxInfo
		want     string
	}{
		"the agent's":          {"docker.json", nil, "allowed" + filtered},
		"the agent's, refused": {"nouname.json", nil, "refused" + filtered},
		"its own":              {"nouname.json", profile("docker.json"), "allowed" + filtered},
		"its own, refused":     {"docker.json", profile("nouname.json"), "refused" + filtered},
		"unconfined":           {"nouname.json", unconfined, "allowed" + free},
		"none":                 {"", nil, "allowed" + free},
	} {
		l := with(t, linux.Config{SeccompDir: dir, SeccompProfile: c.standard}, linux.Pids, linux.Seccomp)
		if got := output(t, l, asking(t, asksUname, c.info)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// covers: LinuxSeccompIsolatorTest.ROOT_SECCOMP_LaunchWithOverriddenNonExistentProfile
func TestSeccompProfilesThatCantBeHad(t *testing.T) {
	l := with(t, linux.Config{SeccompDir: profiles(t), SeccompProfile: "docker.json"}, linux.Seccomp)
	refused(t, l, asking(t, "true", profile("absent.json")), `seccomp profile "absent.json": open`)
	refused(t, l, asking(t, "true", profile("../profile.json")), "not the name of a file")
	refused(t, l, asking(t, "true", profile("broken.json")), "broken.json: seccomp profile: unexpected EOF")
	refused(t, l, asking(t, "true", &mesospb.LinuxInfo{Seccomp: &mesospb.SeccompInfo{}}), "profile_name is missing")
	both := profile("docker.json")
	both.Seccomp.Unconfined = new(true)
	refused(t, l, asking(t, "true", both), "unconfined")
}

// covers: LinuxSeccompIsolatorTest.ROOT_InvalidDefaultProfile
// covers: LinuxSeccompIsolatorTest.ROOT_MissingConfigDir
func TestFlagsOfSeccomp(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("takes root")
	}
	for want, config := range map[string]linux.Config{
		"broken.json: seccomp profile":    {SeccompDir: profiles(t), SeccompProfile: "broken.json"},
		"no such file":                    {SeccompDir: profiles(t), SeccompProfile: "absent.json"},
		"--seccomp_config_dir is missing": {SeccompProfile: "docker.json"},
	} {
		if _, err := linux.Seccomp(config); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("seccomp = %v, want %q", err, want)
		}
	}
}

// What a profile allows depends on the capabilities of the container.
//
// covers: LinuxSeccompIsolatorWithCapabilitiesTest.ROOT_SECCOMP_LaunchWithFilter
func TestSeccompAndCapabilities(t *testing.T) {
	l := with(t, linux.Config{SeccompDir: profiles(t), SeccompProfile: "docker.json"}, linux.Pids, linux.Capabilities, linux.NoNewPrivileges, linux.Seccomp)
	const command = "unshare --uts true 2>&1 && echo allowed || echo refused"
	with := func(c *mesospb.CapabilityInfo) *mesospb.LinuxInfo {
		return &mesospb.LinuxInfo{EffectiveCapabilities: c}
	}
	if got := output(t, l, asking(t, command, with(set(mesospb.CapabilityInfo_SYS_ADMIN)))); got != "allowed" {
		t.Errorf("with SYS_ADMIN: %s", got)
	}
	if got := output(t, l, asking(t, command, with(set(chown)))); !strings.HasSuffix(got, "refused") {
		t.Errorf("without: %s", got)
	}
}

// A filter is the command's, not its parent's: init goes on to reap and to tell
// how the command ended.
func TestSeccompAndInit(t *testing.T) {
	for _, isolators := range [][]maker{{linux.Seccomp}, {linux.Pids, linux.Seccomp}, {linux.Pids, linux.NoNewPrivileges, linux.Seccomp}} {
		l := with(t, linux.Config{SeccompDir: profiles(t), SeccompProfile: "nofork.json"}, isolators...)
		spec := asking(t, "/bin/true || exit 3", nil)
		spec.User = nobody(t)
		if exit, _, stderr := containertest.Run(t, l, spec); exit.Status.ExitStatus() == 0 || !strings.Contains(stderr, "fork") {
			t.Errorf("exit = %+v, stderr = %q, want that it can't fork", exit, stderr)
		}
	}
}
