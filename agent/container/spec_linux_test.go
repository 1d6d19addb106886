package container

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func variable(name, value string) *mesospb.Environment_Variable {
	return &mesospb.Environment_Variable{Name: &name, Value: &value}
}

// covers: MesosContainerizerIsolatorPreparationTest.ExecutorEnvironmentVariable
func TestEnvironmentIsComplete(t *testing.T) {
	t.Setenv("OF_THE_AGENT", "secret")
	l := newLocal(t)
	spec := specOf(t, argv("/usr/bin/env"))
	spec.Environment = []string{"A=agent", "B=agent=twice", "PATH=/usr/bin:/bin"}
	spec.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{
		variable("A", "command"), variable("EMPTY", ""),
	}}
	_, stdout, _ := run(t, l, spec)
	got := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	want := []string{
		"A=command", "B=agent=twice", "EMPTY=", "MESOSCTL_CONTAINER_ID=" + string(spec.ID),
		"MESOS_SANDBOX=" + spec.Sandbox, "PATH=/usr/bin:/bin",
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("environment = %q, want %q", got, want)
	}
}

func TestPathHasADefault(t *testing.T) {
	l := newLocal(t)
	if _, stdout, _ := run(t, l, specOf(t, argv("env"))); !strings.Contains(stdout, "PATH="+defaultPath+"\n") {
		t.Errorf("environment = %q, want the default PATH", stdout)
	}
}

// What can't be done is refused with a sentence that names it, and leaves
// nothing to wait for.
func TestRefusals(t *testing.T) {
	l := newLocal(t)
	mesosContainer := func(fill func(*mesospb.ContainerInfo)) func(*Spec) {
		return func(s *Spec) {
			s.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
			fill(s.Container)
		}
	}
	linux := func(info *mesospb.LinuxInfo) func(*Spec) {
		return mesosContainer(func(c *mesospb.ContainerInfo) { c.LinuxInfo = info })
	}
	environment := func(v *mesospb.Environment_Variable) func(*Spec) {
		return func(s *Spec) {
			s.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{v}}
		}
	}
	rlimit := func(limit *mesospb.RLimitInfo_RLimit) func(*Spec) {
		return mesosContainer(func(c *mesospb.ContainerInfo) {
			c.RlimitInfo = &mesospb.RLimitInfo{Rlimits: []*mesospb.RLimitInfo_RLimit{limit}}
		})
	}
	secret := variable("S", "")
	secret.Type = mesospb.Environment_Variable_SECRET.Enum()

	for _, tt := range []struct {
		want  string
		kind  mesos.Kind
		spoil func(*Spec)
	}{
		{"no id", mesos.Invalid, func(s *Spec) { s.ID = "" }},
		{"not an id", mesos.Invalid, func(s *Spec) { s.ID = "../c" }},
		{"absolute path", mesos.Invalid, func(s *Spec) { s.Sandbox = "sandbox" }},
		{"nothing to run", mesos.Invalid, func(s *Spec) { s.Command = nil }},
		{"no value", mesos.Invalid, func(s *Spec) { s.Command = &mesospb.CommandInfo{} }},
		{"no value", mesos.Invalid, func(s *Spec) { s.Command = argv("") }},
		{"NUL", mesos.Invalid, func(s *Spec) { s.Command = shell("a\x00b") }},
		{"NUL", mesos.Invalid, func(s *Spec) { s.Command = argv("true", "a\x00b") }},
		{"NUL", mesos.Invalid, environment(variable("A", "\x00"))},
		{`"A=B"`, mesos.Invalid, environment(variable("A=B", ""))},
		{`""`, mesos.Invalid, environment(variable("", "x"))},
		{"NAME=value", mesos.Invalid, func(s *Spec) { s.Environment = []string{"A"} }},
		{"S: secrets", mesos.Unsupported, environment(secret)},
		{"no-such-user", mesos.Invalid, func(s *Spec) { s.User = "no-such-user" }},
		{"DOCKER", mesos.Unsupported, func(s *Spec) {
			s.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_DOCKER.Enum()}
		}},
		{"docker options", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Docker = &mesospb.ContainerInfo_DockerInfo{}
		})},
		{"images", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{}}
		})},
		{"volumes", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Volumes = []*mesospb.Volume{{}}
		})},
		{"hostname", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) { c.Hostname = proto.String("h") })},
		{"networks", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.NetworkInfos = []*mesospb.NetworkInfo{{Name: proto.String("net")}}
		})},
		{"terminal", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) { c.TtyInfo = &mesospb.TTYInfo{} })},
		{"capabilities", mesos.Unsupported, linux(&mesospb.LinuxInfo{EffectiveCapabilities: &mesospb.CapabilityInfo{}})},
		{"pid namespace", mesos.Unsupported, linux(&mesospb.LinuxInfo{SharePidNamespace: proto.Bool(false)})},
		{"ipc namespace", mesos.Unsupported, linux(&mesospb.LinuxInfo{IpcMode: mesospb.LinuxInfo_PRIVATE.Enum()})},
		{"seccomp", mesos.Unsupported, linux(&mesospb.LinuxInfo{Seccomp: &mesospb.SeccompInfo{}})},
		{"cgroups", mesos.Unsupported, linux(&mesospb.LinuxInfo{ShareCgroups: proto.Bool(false)})},
		{"only one of persistence and volume", mesos.Invalid, func(s *Spec) {
			s.Resources = []*mesospb.Resource{{Disk: &mesospb.Resource_DiskInfo{
				Persistence: &mesospb.Resource_DiskInfo_Persistence{}}}}
		}},
		{"is not a name in the sandbox", mesos.Invalid, func(s *Spec) { s.Resources = volume("v", "..") }},
		{"isolated file system", mesos.Unsupported, func(s *Spec) { s.Resources = volume("v", "a/../../../etc") }},
		{"isolated file system", mesos.Unsupported, func(s *Spec) { s.Resources = volume("v", "/etc") }},
		{"volume: id: ", mesos.Invalid, func(s *Spec) { s.Resources = volume("../../x", "data") }},
		{"is not there", mesos.Invalid, func(s *Spec) { s.Resources = volume("v", "data") }},
		{"RLMT_CPU", mesos.Invalid, rlimit(&mesospb.RLimitInfo_RLimit{
			Type: mesospb.RLimitInfo_RLimit_RLMT_CPU.Enum(), Soft: proto.Uint64(100), Hard: proto.Uint64(1)})},
		{"go together", mesos.Invalid, rlimit(&mesospb.RLimitInfo_RLimit{
			Type: mesospb.RLimitInfo_RLimit_RLMT_CPU.Enum(), Soft: proto.Uint64(100)})},
		{"UNKNOWN", mesos.Unsupported, rlimit(&mesospb.RLimitInfo_RLimit{})},
		{"lala://nopath", mesos.Invalid, func(s *Spec) {
			s.Command.Uris = []*mesospb.CommandInfo_URI{{Value: proto.String("lala://nopath")}}
		}},
		{"argument list too long", mesos.Invalid, func(s *Spec) { s.Command = shell(strings.Repeat("x", 1<<20)) }},
		{"argument list too long", mesos.Invalid, func(s *Spec) { s.Command = shell(strings.Repeat("x", 20<<20)) }},
		{"sandbox: ", mesos.Internal, func(s *Spec) { s.Sandbox = "/dev/null/sandbox" }},
	} {
		spec := specOf(t, shell("true"))
		tt.spoil(&spec)
		_, err := l.Launch(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), tt.want) || mesos.KindOf(err) != tt.kind {
			t.Errorf("launch = %v (kind %d), want %q (kind %d)", err, mesos.KindOf(err), tt.want, tt.kind)
		}
		if _, err := l.Wait(t.Context(), spec.ID); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("after %v: wait = %v, want not found", tt.want, err)
		}
	}
}

// What asks for no more than there is is not refused.
func TestPlainContainerInfoIsFine(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("true"))
	spec.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(), Mesos: &mesospb.ContainerInfo_MesosInfo{},
		NetworkInfos: []*mesospb.NetworkInfo{{}},
		LinuxInfo:    &mesospb.LinuxInfo{SharePidNamespace: proto.Bool(true), Seccomp: &mesospb.SeccompInfo{Unconfined: proto.Bool(true)}},
	}
	if exit, _, _ := run(t, l, spec); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
}

func TestIsolation(t *testing.T) {
	for _, bad := range [][]string{{"cgroups/all"}, {"posix/cpu", "posix/cpu"}, {""}} {
		if l, err := New(Config{Isolation: bad}); err == nil {
			l.Close()
			t.Errorf("isolation %q is accepted", bad)
		} else if !strings.Contains(err.Error(), bad[0]) {
			t.Errorf("error %q does not name %q", err, bad[0])
		}
	}
	l, err := New(Config{Isolation: []string{"posix/cpu", "posix/rlimits"}})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
