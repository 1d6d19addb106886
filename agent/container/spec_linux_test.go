package container_test

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/posix"
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
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Argv("/usr/bin/env"))
	spec.Environment = []string{"A=agent", "B=agent=twice", "PATH=/usr/bin:/bin"}
	spec.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{
		variable("A", "command"), variable("EMPTY", ""),
	}}
	_, stdout, _ := containertest.Run(t, l, spec)
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
	l := containertest.New(t, container.Config{})
	if _, stdout, _ := containertest.Run(t, l, containertest.Spec(t, containertest.Argv("env"))); !strings.Contains(stdout, "PATH="+container.DefaultPath+"\n") {
		t.Errorf("environment = %q, want the default PATH", stdout)
	}
}

// What can't be done is refused with a sentence that names it, and leaves
// nothing to wait for.
func TestRefusals(t *testing.T) {
	workDir := t.TempDir()
	l := containertest.New(t, container.Config{
		WorkDir: workDir, Isolators: []container.Isolator{filesystem.New(filesystem.Config{WorkDir: workDir}).Posix(), posix.Rlimits()},
	})
	mesosContainer := func(fill func(*mesospb.ContainerInfo)) func(*container.Spec) {
		return func(s *container.Spec) {
			s.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
			fill(s.Container)
		}
	}
	linux := func(info *mesospb.LinuxInfo) func(*container.Spec) {
		return mesosContainer(func(c *mesospb.ContainerInfo) { c.LinuxInfo = info })
	}
	environment := func(v *mesospb.Environment_Variable) func(*container.Spec) {
		return func(s *container.Spec) {
			s.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{v}}
		}
	}
	rlimit := func(limit *mesospb.RLimitInfo_RLimit) func(*container.Spec) {
		return mesosContainer(func(c *mesospb.ContainerInfo) {
			c.RlimitInfo = &mesospb.RLimitInfo{Rlimits: []*mesospb.RLimitInfo_RLimit{limit}}
		})
	}
	secret := variable("S", "")
	secret.Type = mesospb.Environment_Variable_SECRET.Enum()

	for _, tt := range []struct {
		want  string
		kind  mesos.Kind
		spoil func(*container.Spec)
	}{
		{"no id", mesos.Invalid, func(s *container.Spec) { s.ID = "" }},
		{"not an id", mesos.Invalid, func(s *container.Spec) { s.ID = "../c" }},
		{"absolute path", mesos.Invalid, func(s *container.Spec) { s.Sandbox = "sandbox" }},
		{"nothing to run", mesos.Invalid, func(s *container.Spec) { s.Command = nil }},
		{"no value", mesos.Invalid, func(s *container.Spec) { s.Command = &mesospb.CommandInfo{} }},
		{"no value", mesos.Invalid, func(s *container.Spec) { s.Command = containertest.Argv("") }},
		{"NUL", mesos.Invalid, func(s *container.Spec) { s.Command = containertest.Shell("a\x00b") }},
		{"NUL", mesos.Invalid, func(s *container.Spec) { s.Command = containertest.Argv("true", "a\x00b") }},
		{"NUL", mesos.Invalid, environment(variable("A", "\x00"))},
		{`"A=B"`, mesos.Invalid, environment(variable("A=B", ""))},
		{`""`, mesos.Invalid, environment(variable("", "x"))},
		{"NAME=value", mesos.Invalid, func(s *container.Spec) { s.Environment = []string{"A"} }},
		{"environment_secret", mesos.Unsupported, environment(secret)},
		{"no-such-user", mesos.Invalid, func(s *container.Spec) { s.User = "no-such-user" }},
		{"DOCKER", mesos.Unsupported, func(s *container.Spec) {
			s.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_DOCKER.Enum()}
		}},
		{"docker options", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Docker = &mesospb.ContainerInfo_DockerInfo{}
		})},
		{"images", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{}}
		})},
		{"volumes", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Volumes = []*mesospb.Volume{{HostPath: proto.String("/tmp"), ContainerPath: proto.String("tmp")}}
		})},
		{"hostname", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) { c.Hostname = proto.String("h") })},
		{"networks", mesos.Unsupported, mesosContainer(func(c *mesospb.ContainerInfo) {
			c.NetworkInfos = []*mesospb.NetworkInfo{{Name: proto.String("net")}}
		})},
		{"linux/capabilities", mesos.Unsupported, linux(&mesospb.LinuxInfo{EffectiveCapabilities: &mesospb.CapabilityInfo{}})},
		{"namespaces/pid", mesos.Unsupported, linux(&mesospb.LinuxInfo{SharePidNamespace: proto.Bool(false)})},
		{"namespaces/ipc", mesos.Unsupported, linux(&mesospb.LinuxInfo{IpcMode: mesospb.LinuxInfo_PRIVATE.Enum()})},
		{"linux/seccomp", mesos.Unsupported, linux(&mesospb.LinuxInfo{Seccomp: &mesospb.SeccompInfo{}})},
		{"cgroups", mesos.Unsupported, linux(&mesospb.LinuxInfo{ShareCgroups: proto.Bool(false)})},
		{"only one of persistence and volume", mesos.Invalid, func(s *container.Spec) {
			s.Resources = []*mesospb.Resource{{Disk: &mesospb.Resource_DiskInfo{
				Persistence: &mesospb.Resource_DiskInfo_Persistence{}}}}
		}},
		{"is not a name in the sandbox", mesos.Invalid, func(s *container.Spec) { s.Resources = containertest.Volume("v", "..") }},
		{"name without slashes", mesos.Unsupported, func(s *container.Spec) { s.Resources = containertest.Volume("v", "a/../../../etc") }},
		{"name without slashes", mesos.Unsupported, func(s *container.Spec) { s.Resources = containertest.Volume("v", "/etc") }},
		{"volume: id: ", mesos.Invalid, func(s *container.Spec) { s.Resources = containertest.Volume("../../x", "data") }},
		{"is not there", mesos.Invalid, func(s *container.Spec) { s.Resources = containertest.Volume("v", "data") }},
		{"RLMT_CPU", mesos.Invalid, rlimit(&mesospb.RLimitInfo_RLimit{
			Type: mesospb.RLimitInfo_RLimit_RLMT_CPU.Enum(), Soft: proto.Uint64(100), Hard: proto.Uint64(1)})},
		{"go together", mesos.Invalid, rlimit(&mesospb.RLimitInfo_RLimit{
			Type: mesospb.RLimitInfo_RLimit_RLMT_CPU.Enum(), Soft: proto.Uint64(100)})},
		{"UNKNOWN", mesos.Unsupported, rlimit(&mesospb.RLimitInfo_RLimit{})},
		{"lala://nopath", mesos.Invalid, func(s *container.Spec) {
			s.Command.Uris = []*mesospb.CommandInfo_URI{{Value: proto.String("lala://nopath")}}
		}},
		{"argument list too long", mesos.Invalid, func(s *container.Spec) { s.Command = containertest.Shell(strings.Repeat("x", 1<<20)) }},
		{"argument list too long", mesos.Invalid, func(s *container.Spec) { s.Command = containertest.Shell(strings.Repeat("x", 20<<20)) }},
		{"sandbox: ", mesos.Internal, func(s *container.Spec) { s.Sandbox = "/dev/null/sandbox" }},
	} {
		spec := containertest.Spec(t, containertest.Shell("true"))
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
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("true"))
	spec.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(), Mesos: &mesospb.ContainerInfo_MesosInfo{},
		NetworkInfos: []*mesospb.NetworkInfo{{}},
		LinuxInfo:    &mesospb.LinuxInfo{SharePidNamespace: proto.Bool(true), Seccomp: &mesospb.SeccompInfo{Unconfined: proto.Bool(true)}},
	}
	if exit, _, _ := containertest.Run(t, l, spec); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
}
