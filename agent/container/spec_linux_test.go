package container

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
		{"persistent volumes", mesos.Unsupported, func(s *Spec) {
			s.Resources = []*mesospb.Resource{{Disk: &mesospb.Resource_DiskInfo{
				Persistence: &mesospb.Resource_DiskInfo_Persistence{}}}}
		}},
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

// covers: MesosContainerizerExecuteTest.ROOT_UNPRIVILEGED_USER_SandboxFileOwnership
// covers: FetcherTest.LogFailureToStderr
func TestUser(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("switching users takes root and a user called nobody")
	}
	l := newLocal(t)
	spec := specOf(t, shell("id -u; id -g; id -G; echo mine > file"))
	spec.User = "nobody"
	if err := os.MkdirAll(filepath.Dir(spec.Sandbox), 0o755); err != nil {
		t.Fatal(err)
	}
	// Not even a directory that the user can't walk through is in the way.
	if err := os.Chmod(filepath.Dir(spec.Sandbox), 0o700); err != nil {
		t.Fatal(err)
	}
	exit, stdout, stderr := run(t, l, spec)
	groups, _ := nobody.GroupIds()
	if want := nobody.Uid + "\n" + nobody.Gid + "\n" + strings.Join(groups, " ") + "\n"; stdout != want {
		t.Errorf("stdout = %q, want %q (exit %+v, stderr %q)", stdout, want, exit, stderr)
	}
	for _, name := range []string{"", "stdout", "stderr", "file"} {
		info, err := os.Stat(filepath.Join(spec.Sandbox, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid := strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)); uid != nobody.Uid {
			t.Errorf("%q is owned by %s, want %s", name, uid, nobody.Uid)
		}
	}

	// The fetcher has that user's rights, and says in the sandbox what it did not get.
	spec = specOf(t, shell("true"))
	spec.User = "nobody"
	secret := filepath.Join(filepath.Dir(spec.Sandbox), "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &secret}}
	if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("launch = %v, want permission denied", err)
	}
	if stderr := read(t, spec, "stderr"); !strings.Contains(stderr, secret) {
		t.Errorf("stderr = %q, want it to name %s", stderr, secret)
	}
}

// covers: FetcherTest.InvalidUser
func TestNothingIsFetchedForAnUnknownUser(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, shell("true"))
	spec.User = "no-such-user"
	from := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(from, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &from}}
	if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("launch = %v, want it to name the user", err)
	}
	if _, err := os.Stat(spec.Sandbox); err == nil {
		t.Error("a sandbox was made")
	}
}

func withRlimits(spec Spec, limits ...*mesospb.RLimitInfo_RLimit) Spec {
	spec.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(), RlimitInfo: &mesospb.RLimitInfo{Rlimits: limits},
	}
	return spec
}

func rlimit(kind mesospb.RLimitInfo_RLimit_Type, soft, hard uint64) *mesospb.RLimitInfo_RLimit {
	return &mesospb.RLimitInfo_RLimit{Type: &kind, Soft: &soft, Hard: &hard}
}

// covers: PosixRLimitsIsolatorTest.BothSoftAndHardLimitSet
func TestRlimits(t *testing.T) {
	l := newLocal(t)
	spec := withRlimits(specOf(t, shell("ulimit -Sn; ulimit -Hn; ulimit -Sv; ulimit -Hf; pwd; echo $0")),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 100, 200),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_AS, 64<<20, 128<<20),
		rlimit(mesospb.RLimitInfo_RLimit_RLMT_FSIZE, 512, 1024))
	_, stdout, stderr := run(t, l, spec)
	if want := "100\n200\n65536\n2\n" + spec.Sandbox + "\nsh\n"; stdout != want {
		t.Errorf("stdout = %q, want %q (stderr %q)", stdout, want, stderr)
	}
}

// covers: PosixRLimitsIsolatorTest.UnsetLimits
func TestRlimitWithoutValuesIsUnlimited(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("raising limits may take root")
	}
	l := newLocal(t)
	limit := &mesospb.RLimitInfo_RLimit{Type: mesospb.RLimitInfo_RLimit_RLMT_CORE.Enum()}
	if _, stdout, _ := run(t, l, withRlimits(specOf(t, shell("ulimit -Sc; ulimit -Hc")), limit)); stdout != "unlimited\nunlimited\n" {
		t.Errorf("stdout = %q", stdout)
	}
}

// covers: PosixRLimitsIsolatorTest.TaskExceedingLimit
func TestTaskExceedingItsRlimit(t *testing.T) {
	l := newLocal(t)
	spec := withRlimits(specOf(t, shell("while :; do :; done")), rlimit(mesospb.RLimitInfo_RLimit_RLMT_CPU, 1, 1))
	if exit, _, _ := run(t, l, spec); exit.Status.Signal() != syscall.SIGKILL && exit.Status.Signal() != syscall.SIGXCPU {
		t.Errorf("exit = %+v, want it killed", exit)
	}
}

// The way through an init process reports errors as the direct one does.
func TestRlimitsAndAFailedLaunch(t *testing.T) {
	l := newLocal(t)
	limit := rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 100, 200)
	_, err := l.Launch(t.Context(), withRlimits(specOf(t, argv("/no/such/program")), limit))
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "run /no/such/program: no such file") {
		t.Errorf("launch = %v", err)
	}
	impossible := rlimit(mesospb.RLimitInfo_RLimit_RLMT_NOFILE, 1<<62, 1<<62)
	if _, err = l.Launch(t.Context(), withRlimits(specOf(t, shell("true")), impossible)); err == nil ||
		!strings.Contains(err.Error(), "limit") {
		t.Errorf("launch = %v, want it to name the limit", err)
	}
	if user, lookupErr := user.Lookup("nobody"); lookupErr == nil && os.Geteuid() == 0 {
		spec := withRlimits(specOf(t, shell("id -u; ulimit -n")), limit)
		spec.User = "nobody"
		if _, stdout, _ := run(t, l, spec); stdout != user.Uid+"\n100\n" {
			t.Errorf("stdout = %q", stdout)
		}
	}
}

func TestUsage(t *testing.T) {
	l := newLocal(t)
	l.config.Now = func() time.Time { return time.Unix(1000, 0) }
	spec := specOf(t, shell(daemon+`; i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; echo $$ >> pids; sleep 1000`))
	mb := func(name string, value float64) *mesospb.Resource {
		return &mesospb.Resource{Name: &name, Scalar: &mesospb.Value_Scalar{Value: &value}}
	}
	spec.Resources = []*mesospb.Resource{mb("cpus", 0.5), mb("cpus", 1), mb("mem", 32)}
	launch(t, l, spec)
	pids(t, spec, 2)
	usage, err := l.Usage(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	if usage.GetTimestamp() != 1000 || usage.GetProcesses() != 3 || usage.GetThreads() != 3 ||
		usage.GetCpusUserTimeSecs()+usage.GetCpusSystemTimeSecs() == 0 || usage.GetMemRssBytes() < 1<<20 ||
		usage.GetCpusSoftLimit() != 1.5 || usage.CpusLimit != nil ||
		usage.GetMemSoftLimitBytes() != 32<<20 || usage.GetMemLimitBytes() != 32<<20 {
		t.Errorf("usage = %v", usage)
	}
	err = l.Update(t.Context(), spec.ID, []*mesospb.Resource{mb("cpus", 1), mb("mem", 64)},
		map[string]*mesospb.Value_Scalar{"cpus": {Value: proto.Float64(2)}, "mem": {Value: proto.Float64(math.Inf(1))}})
	if err != nil {
		t.Fatal(err)
	}
	if usage, err = l.Usage(t.Context(), spec.ID); err != nil || usage.GetCpusLimit() != 2 ||
		usage.GetMemSoftLimitBytes() != 64<<20 || usage.MemLimitBytes != nil {
		t.Errorf("usage after update = %v, %v", usage, err)
	}
}

// covers: MesosContainerizerDestroyTest.DestroyWhileFetching
func TestDestroyWhileFetching(t *testing.T) {
	l := newLocal(t)
	fetching := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(fetching)
		<-r.Context().Done()
	}))
	defer server.Close()
	spec := specOf(t, shell("echo ran"))
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: proto.String(server.URL + "/file")}}
	launched := make(chan error, 1)
	go func() {
		_, err := l.Launch(context.Background(), spec)
		launched <- err
	}()
	<-fetching
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy = %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "destroyed") {
		t.Errorf("launch = %v, want that it was destroyed", err)
	}
	if stdout := read(t, spec, "stdout"); stdout != "" {
		t.Errorf("the command ran: %q", stdout)
	}
	if m := l.Metrics(); m["containerizer/fetcher/task_fetches_failed"] != 1 {
		t.Errorf("metrics = %v, want a fetch that failed", m)
	}
}

// slowIsolator prepares until it is told to stop.
type slowIsolator struct {
	passive
	preparing chan struct{}
}

func (i slowIsolator) Prepare(ctx context.Context, _ *Plan) error {
	close(i.preparing)
	<-ctx.Done()
	return ctx.Err()
}

// covers: MesosContainerizerDestroyTest.DestroyWhilePreparing
func TestDestroyWhilePreparing(t *testing.T) {
	l := newLocal(t)
	preparing := make(chan struct{})
	l.isolators = append(l.isolators, slowIsolator{preparing: preparing})
	spec := specOf(t, shell("echo ran"))
	launched := make(chan error, 1)
	go func() {
		_, err := l.Launch(context.Background(), spec)
		launched <- err
	}()
	<-preparing
	if err := l.Destroy(t.Context(), spec.ID); err != nil {
		t.Errorf("destroy = %v", err)
	}
	if err := <-launched; mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("launch = %v, want that it was destroyed", err)
	}
}

func TestFetchedProgramRuns(t *testing.T) {
	l := newLocal(t)
	spec := specOf(t, argv("program"))
	from := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(from, []byte("#!/bin/sh\necho fetched\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec.Command.Uris = []*mesospb.CommandInfo_URI{{Value: &from, Executable: proto.Bool(true)}}
	if _, stdout, _ := run(t, l, spec); stdout != "fetched\n" {
		t.Errorf("stdout = %q", stdout)
	}
	if m := l.Metrics(); m["containerizer/fetcher/task_fetches_succeeded"] != 1 {
		t.Errorf("metrics = %v, want a fetch that succeeded", m)
	}
}

// testIsolator fails where it is told to and counts its cleanups.
type testIsolator struct {
	passive
	prepare, isolate error
	cleanups         *int
}

func (i testIsolator) Prepare(context.Context, *Plan) error                  { return i.prepare }
func (i testIsolator) Isolate(context.Context, mesos.ContainerID, int) error { return i.isolate }
func (i testIsolator) Cleanup(context.Context, mesos.ContainerID) error      { *i.cleanups++; return nil }

// covers: MesosContainerizerIsolatorPreparationTest.ScriptFails
func TestIsolatorThatFails(t *testing.T) {
	broken := mesos.Errorf(mesos.Unavailable, "broken")
	for _, isolator := range []testIsolator{{prepare: broken}, {isolate: broken}} {
		l := newLocal(t)
		cleanups := 0
		isolator.cleanups = &cleanups
		l.isolators = append(l.isolators, isolator)
		spec := specOf(t, shell("sleep 1000"))
		_, err := l.Launch(t.Context(), spec)
		if isolator.prepare != nil && err == nil {
			t.Error("launched what could not be prepared")
		}
		if isolator.isolate != nil {
			exit := wait(t, l, spec.ID)
			if exit.Reason != mesospb.TaskStatus_REASON_CONTAINER_LAUNCH_FAILED || !strings.Contains(exit.Message, "broken") {
				t.Errorf("exit = %+v", exit)
			}
		}
		if cleanups != 1 {
			t.Errorf("cleaned up %d times", cleanups)
		}
	}
}
