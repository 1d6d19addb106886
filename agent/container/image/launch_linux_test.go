package image_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/image"
	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// newLocal makes a containerizer with images from a registry or a directory, with
// isolators besides those that images take.
func newLocal(t *testing.T, config image.Config, others ...string) *container.Local {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("root file systems take root to mount")
	}
	config.Now, config.Log, config.WorkDir = time.Now, slog.New(slog.DiscardHandler), t.TempDir()
	config.StoreDir = filepath.Join(t.TempDir(), "store")
	images, err := image.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := filepath.Glob(filepath.Join(config.WorkDir, "provisioner/containers/*")); err != nil || len(left) > 0 {
			t.Errorf("left of containers: %q, %v", left, err)
		}
		if err := images.Close(); err != nil {
			t.Error(err)
		}
	})
	isolators, err := isolation.New(isolation.Config{
		Names: append(others, "posix/cpu", "posix/mem", "filesystem/linux", "docker/runtime"), WorkDir: config.WorkDir,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox", Images: images},
	})
	if err != nil {
		t.Fatal(err)
	}
	return containertest.New(t, container.Config{Isolators: isolators, Images: images, WorkDir: config.WorkDir})
}

// spec is a container with an image.
func spec(t *testing.T, name string, command *mesospb.CommandInfo) container.Spec {
	t.Helper()
	s := containertest.Spec(t, command)
	s.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(),
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &name},
		}},
	}
	return s
}

func succeeds(t *testing.T, l *container.Local, s container.Spec, want string) {
	t.Helper()
	exit, stdout, stderr := containertest.Run(t, l, s)
	if !exit.Known || exit.Status.ExitStatus() != 0 || strings.TrimSpace(stdout) != want {
		t.Errorf("exit %+v, stdout %q, stderr %q; want %q", exit, stdout, stderr, want)
	}
}

func TestContainersRunInTheirImages(t *testing.T) {
	// covers: ProvisionerDockerTest.ROOT_INTERNET_CURL_SimpleCommand
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", imagetest.Image(t, v1.Config{
		Env: []string{"PATH=/opt/bin:/bin", "FROM=image", "BOTH=image"}, WorkingDir: "/work",
	}, imagetest.Programs(t, "sh", "cat", "pwd", "ls"), imagetest.Layer(t, imagetest.File("etc/mark", "image"), imagetest.Dir("work"))))
	l := newLocal(t, image.Config{})

	succeeds(t, l, spec(t, name, containertest.Shell("cat /etc/mark; pwd; echo $FROM $BOTH $PATH")), "image/work\nimage image /opt/bin:/bin")
	s := spec(t, name, containertest.Shell("echo $BOTH; test ! -e /etc/passwd && echo mine > /etc/mark && cat /etc/mark && test -d $MESOS_SANDBOX && echo data > $MESOS_SANDBOX/file"))
	s.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{{Name: new("BOTH"), Value: new("task")}}}
	succeeds(t, l, s, "task\nmine")
	if got := containertest.Read(t, s, "file"); got != "data\n" {
		t.Errorf("the sandbox has %q", got)
	}
	succeeds(t, l, spec(t, name, containertest.Shell("cat /etc/mark")), "image") // not what another one wrote
}

func TestImagesSayWhatToRun(t *testing.T) {
	// covers: DockerRuntimeIsolatorTest.ROOT_INTERNET_CURL_DockerDefaultEntryptRegistryPuller
	// covers: DockerRuntimeIsolatorTest.ROOT_DockerDefaultCmdImageTarPuller
	// covers: DockerRuntimeIsolatorTest.ROOT_DockerDefaultEntryptImageTarPuller
	// covers: ProvisionerDockerTest.ROOT_ImageTarPullerSimpleCommand
	dir := t.TempDir()
	base := imagetest.Programs(t, "sh", "echo")
	for name, config := range map[string]v1.Config{
		"cmd":        {Cmd: []string{"/bin/sh", "-c", "echo cmd"}},
		"entrypoint": {Entrypoint: []string{"/bin/sh", "-c", "echo entrypoint $0 $1"}},
		"both":       {Entrypoint: []string{"/bin/echo"}, Cmd: []string{"hello", "world"}},
	} {
		imagetest.Save(t, filepath.Join(dir, name+".tar"), name, imagetest.Image(t, config, base))
	}
	l := newLocal(t, image.Config{Registry: dir})
	nothing := func(arguments ...string) *mesospb.CommandInfo {
		return &mesospb.CommandInfo{Shell: new(false), Arguments: arguments}
	}
	succeeds(t, l, spec(t, "cmd", nothing()), "cmd")
	succeeds(t, l, spec(t, "entrypoint", nothing("a", "b")), "entrypoint a b")
	succeeds(t, l, spec(t, "both", nothing()), "hello world")
	succeeds(t, l, spec(t, "both", nothing("arguments")), "arguments")
	succeeds(t, l, spec(t, "both", containertest.Argv("/bin/sh", "sh", "-c", "echo value")), "value")
}

func TestNestedContainersHaveImagesOfTheirOwn(t *testing.T) {
	// covers: DockerRuntimeIsolatorTest.ROOT_NestedDockerDefaultCmdImageTarPuller
	// covers: DockerRuntimeIsolatorTest.ROOT_NestedDockerDefaultEntryptImageTarPuller
	// covers: DockerRuntimeIsolatorTest.ROOT_INTERNET_CURL_NestedSimpleCommand
	dir := t.TempDir()
	base := imagetest.Programs(t, "sh", "echo")
	imagetest.Save(t, filepath.Join(dir, "cmd.tar"), "cmd", imagetest.Image(t, v1.Config{Cmd: []string{"/bin/echo", "cmd"}}, base))
	imagetest.Save(t, filepath.Join(dir, "entrypoint.tar"), "entrypoint",
		imagetest.Image(t, v1.Config{Entrypoint: []string{"/bin/echo"}, Cmd: []string{"entrypoint"}}, base))
	l := newLocal(t, image.Config{Registry: dir})
	parent := containertest.Spec(t, nil)
	parent.Pause = true
	containertest.Launch(t, l, parent)
	for name, command := range map[string]*mesospb.CommandInfo{
		"cmd": {Shell: new(false)}, "entrypoint": {Shell: new(false)}, "cmd:latest": containertest.Shell("echo cmd:latest"),
	} {
		s := spec(t, name, command)
		s.Sandbox = filepath.Join(parent.Sandbox, "containers", string(s.ID))
		s.ID = parent.ID + "." + s.ID
		succeeds(t, l, s, name)
	}
}

// A debug container, which names no image, is in that of the task it is nested in: it
// sees the image's files, what the task wrote there, the task's volumes and processes,
// and nothing of the host's.
func TestDebugContainersSeeTheTasksImage(t *testing.T) {
	// covers: NestedMesosContainerizerTest.ROOT_CGROUPS_INTERNET_CURL_LaunchNestedDebugCheckMntNamespace
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", imagetest.Image(t, v1.Config{Env: []string{"PATH=/bin"}},
		imagetest.Programs(t, "sh", "cat", "ls", "sleep"), imagetest.Layer(t, imagetest.File("etc/box-release", "3.14\n"))))
	l := newLocal(t, image.Config{}, "namespaces/pid")
	host := t.TempDir()
	if err := os.WriteFile(filepath.Join(host, "ours"), []byte("the host's\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	task := spec(t, name, containertest.Shell("echo written > /etc/task; echo > /mnt/host/began; exec sleep 1000"))
	task.Task = true
	task.Container.Volumes = []*mesospb.Volume{{
		HostPath: &host, ContainerPath: new("/mnt/host"), Mode: mesospb.Volume_RW.Enum(),
	}}
	containertest.Launch(t, l, task)
	containertest.Until(t, "the task has begun", func() bool {
		_, err := os.Stat(filepath.Join(host, "began"))
		return err == nil
	})
	debug := containertest.Spec(t, containertest.Shell("cat /etc/box-release /etc/task /mnt/host/ours; "+
		"for p in /proc/[0-9]*; do cat $p/cmdline; done; ls -d "+host+" || echo out of reach"))
	debug.ID, debug.Sandbox = task.ID+".debug", filepath.Join(task.Sandbox, "containers", "debug")
	debug.Debug = true
	exit, stdout, stderr := containertest.Run(t, l, debug)
	if exit.Status.ExitStatus() != 0 || !strings.HasPrefix(stdout, "3.14\nwritten\nthe host's\n") ||
		!strings.Contains(stdout, "sleep\x001000") || !strings.HasSuffix(stdout, "out of reach\n") {
		t.Errorf("exit %+v, stdout %q, stderr %q", exit, stdout, stderr)
	}
}

func TestScratchImages(t *testing.T) {
	// covers: ProvisionerDockerTest.ROOT_INTERNET_CURL_ScratchImage
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "scratch", imagetest.Image(t, v1.Config{Entrypoint: []string{"/bin/echo", "scratch"}}, imagetest.Programs(t, "echo")))
	succeeds(t, newLocal(t, image.Config{}), spec(t, name, &mesospb.CommandInfo{Shell: new(false)}), "scratch")
}

func TestUsersInImages(t *testing.T) {
	// covers: ProvisionerDockerTest.ROOT_INTERNET_CURL_UNPRIVILEGED_USER_CommandTaskUser
	r := imagetest.NewRegistry(t)
	files := imagetest.Layer(t, imagetest.File("etc/passwd", "app:x:1234:1235::/:/bin/sh\n"))
	name := r.Push(t, "user", imagetest.Image(t, v1.Config{User: "app"}, imagetest.Programs(t, "sh", "id"), files))
	l := newLocal(t, image.Config{})
	succeeds(t, l, spec(t, name, containertest.Shell("id -u; id -g; echo x > $MESOS_SANDBOX/file")), "1234\n1235")
	s := spec(t, name, containertest.Shell("id -u"))
	s.User = "nobody"
	succeeds(t, l, s, "65534")
}

func TestABadImageIsAFailedLaunchAndNothingElse(t *testing.T) {
	r := imagetest.NewRegistry(t)
	l := newLocal(t, image.Config{})
	climbs := r.Push(t, "climbs", imagetest.Image(t, v1.Config{}, imagetest.Layer(t, imagetest.File("../../escaped", "x"))))
	empty := r.Push(t, "empty", imagetest.Image(t, v1.Config{}, imagetest.Layer(t, imagetest.Dir("bin"))))
	for says, s := range map[string]container.Spec{
		"a name that leaves its directory": spec(t, climbs, containertest.Shell("true")),
		"neither an entrypoint nor a cmd":  spec(t, empty, &mesospb.CommandInfo{Shell: new(false)}),
		"/bin/sh":                          spec(t, empty, containertest.Shell("true")),
		"there is none":                    spec(t, r.Host+"/nosuch", containertest.Shell("true")),
	} {
		_, err := l.Launch(t.Context(), s)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q", err, says)
		}
		if stderr := containertest.Read(t, s, "stderr"); !strings.Contains(stderr, says) {
			t.Errorf("stderr %q; want %q", stderr, says)
		}
		if _, err := l.Wait(t.Context(), s.ID); mesos.KindOf(err) != mesos.NotFound {
			t.Errorf("it is known still: %v", err)
		}
	}
}
