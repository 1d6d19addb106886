package secret_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/agent/container/secret"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

const password = "correct horse battery staple"

// images gives every container the same root file system.
type images struct {
	container.Passive
	root func() string
}

func (i images) Nests() bool { return true }
func (i images) Provision(context.Context, mesos.ContainerID, *mesospb.Image) (*container.Image, error) {
	return &container.Image{Root: i.root()}, nil
}
func (i images) Destroy(context.Context, mesos.ContainerID) error { return nil }
func (i images) Prepare(ctx context.Context, plan *container.Plan) (err error) {
	if plan.Spec.Container.GetMesos().GetImage() != nil && plan.Image == nil {
		plan.Image, err = i.Provision(ctx, plan.Spec.ID, nil)
	}
	return err
}

// provisioner is what a Local asks for images.
type provisioner struct{ images }

func (provisioner) Recover([]mesos.ContainerID) error { return nil }

// scene is a containerizer with secrets in files, if it may mount.
func scene(t *testing.T, resolver secret.Resolver) (l *container.Local, workDir, runtimeDir string) {
	t.Helper()
	workDir, runtimeDir = t.TempDir(), containertest.RuntimeDir(t)
	containertest.Reachable(workDir)
	config := isolation.Config{Names: []string{"posix/cpu"}, WorkDir: workDir, Secrets: resolver,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox"}}
	if os.Geteuid() == 0 {
		config.Names = []string{"filesystem/linux", "volume/secret"}
	}
	list, err := isolation.New(config)
	if err != nil {
		t.Fatal(err)
	}
	root := images{root: func() string { return containertest.Root(t) }}
	return containertest.New(t, container.Config{
		Isolators: append([]container.Isolator{root}, list...), Images: provisioner{root}, WorkDir: workDir, RuntimeDir: runtimeDir,
	}), workDir, runtimeDir
}

func needsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
}

func byValue(data string) *mesospb.Secret {
	return &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: []byte(data)}}
}

func byReference(name string, key ...string) *mesospb.Secret {
	ref := &mesospb.Secret_Reference{Name: &name}
	if key != nil {
		ref.Key = &key[0]
	}
	return &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: ref}
}

func variable(name string, s *mesospb.Secret) *mesospb.Environment_Variable {
	return &mesospb.Environment_Variable{Name: &name, Type: mesospb.Environment_Variable_SECRET.Enum(), Secret: s}
}

func volume(path string, s *mesospb.Secret, mode mesospb.Volume_Mode) *mesospb.Volume {
	return &mesospb.Volume{ContainerPath: &path, Mode: mode.Enum(),
		Source: &mesospb.Volume_Source{Type: mesospb.Volume_Source_SECRET.Enum(), Secret: s}}
}

func withVolume(t *testing.T, image bool, command string, volumes ...*mesospb.Volume) container.Spec {
	spec := containertest.Spec(t, containertest.Shell(command))
	spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Volumes: volumes}
	if image {
		spec.Container.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")}}}
	}
	return spec
}

func TestSecretInTheEnvironment(t *testing.T) {
	// covers: EnvironmentSecretIsolatorTest.ResolveSecret
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "db"), []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	resolver, err := secret.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, workDir, runtimeDir := scene(t, resolver)
	for _, s := range []*mesospb.Secret{byValue(password), byReference("db")} {
		spec := containertest.Spec(t, containertest.Shell(`test "$MY_SECRET" = "`+password+`" && exec sleep 1000`))
		spec.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{variable("MY_SECRET", s)}}
		if s.Reference != nil {
			spec.Command.Value = new(`test "${#MY_SECRET}" = 28 && exec sleep 1000`)
		}
		spec.Outlive = time.Minute
		containertest.Launch(t, l, spec)
		if s.Reference != nil {
			notOnDisk(t, workDir, runtimeDir, spec.Sandbox)
		}
		if err := l.Destroy(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		if exit := containertest.Wait(t, l, spec.ID); !exit.Status.Signaled() {
			t.Errorf("the command ended by itself: %v", exit.Status.ExitStatus())
		}
	}
}

// TestSecretOfANestedContainer is how the default executor runs a task.
func TestSecretOfANestedContainer(t *testing.T) {
	// covers: EnvironmentSecretIsolatorTest.ResolveSecretDefaultExecutor
	l, workDir, runtimeDir := scene(t, nil)
	executor := containertest.Spec(t, containertest.Shell("exec sleep 1000"))
	executor.Outlive = time.Minute
	executor.Environment = []string{"MESOS_EXECUTOR_AUTHENTICATION_TOKEN=" + password}
	containertest.Launch(t, l, executor)
	nested := containertest.Spec(t, containertest.Shell(`env; test "$MY_SECRET" = "`+password+`"`))
	nested.ID, nested.Outlive = executor.ID+".task", time.Minute
	nested.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{variable("MY_SECRET", byValue(password))}}
	lives := containertest.Spec(t, containertest.Shell(`test "${#MY_SECRET}" = 28 && exec sleep 1000`))
	lives.ID, lives.Outlive, lives.Command.Environment = executor.ID+".lives", time.Minute, nested.Command.Environment
	containertest.Launch(t, l, lives)
	notOnDisk(t, workDir, runtimeDir, executor.Sandbox)
	if err := l.Destroy(t.Context(), lives.ID); err != nil {
		t.Fatal(err)
	}
	containertest.Wait(t, l, lives.ID)
	containertest.Launch(t, l, nested)
	if exit := containertest.Wait(t, l, nested.ID); exit.Status != 0 {
		t.Errorf("status %v", exit.Status.ExitStatus())
	}
}

// notOnDisk looks for the password in every file of directories.
func notOnDisk(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if strings.Contains(string(data), password) {
				t.Errorf("%s has the secret", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestSecretInAFile(t *testing.T) {
	// covers: VolumeSecretIsolatorTest.ROOT_SecretInVolumeWithRootFilesystem
	needsRoot(t)
	l, workDir, _ := scene(t, nil)
	existing := filepath.Join(t.TempDir(), "file")
	containertest.Reachable(filepath.Dir(existing))
	if err := os.WriteFile(existing, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		image bool
	}{
		{"my_secret", false}, {"some/my_secret", false}, {existing, false},
		{"my_secret", true}, {"etc/some/my_secret", true}, {"/my_secret", true}, {"/etc/some/my_secret", true},
	} {
		for _, user := range []string{"", "nobody"} {
			read := `test "$(cat ` + c.path + `)" = "` + password + `"`
			spec := withVolume(t, c.image, read, volume(c.path, byValue(password), mesospb.Volume_RO))
			spec.User = user
			if exit, out, stderr := containertest.Run(t, l, spec); exit.Status != 0 {
				t.Errorf("%+v: status %v %s %s", c, exit.Status.ExitStatus(), out, stderr)
			}
			notOnDisk(t, spec.Sandbox)
		}
		spec := withVolume(t, c.image, "echo abc > "+c.path, volume(c.path, byValue(password), mesospb.Volume_RO))
		if exit, _, _ := containertest.Run(t, l, spec); exit.Status == 0 {
			t.Errorf("%+v: a read-only secret is written to", c)
		}
		spec = withVolume(t, c.image, "echo abc > "+c.path, volume(c.path, byValue(password), mesospb.Volume_RW))
		if exit, _, _ := containertest.Run(t, l, spec); exit.Status != 0 {
			t.Errorf("%+v: a secret can't be written to", c)
		}
	}
	notOnDisk(t, workDir)
	if data, err := os.ReadFile(existing); err != nil || string(data) != "other" {
		t.Errorf("the host's file has %q, %v", data, err)
	}
	spec := withVolume(t, false, "true", volume("/no/such/file", byValue(password), mesospb.Volume_RO))
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a secret where nothing is on the host = %v", err)
	}
}

// failing fails after all others.
type failing struct{ container.Passive }

func (failing) Prepare(context.Context, *container.Plan) error {
	return mesos.Errorf(mesos.Invalid, "no such network")
}

func TestSecretOfAContainerThatDoesNotCome(t *testing.T) {
	// covers: VolumeSecretIsolatorCleanupTest.ROOT_FailInPreparing
	needsRoot(t)
	workDir := t.TempDir()
	list, err := isolation.New(isolation.Config{Names: []string{"filesystem/linux", "volume/secret"}, WorkDir: workDir})
	if err != nil {
		t.Fatal(err)
	}
	l := containertest.New(t, container.Config{Isolators: append(list, failing{}), WorkDir: workDir})
	spec := withVolume(t, false, "true", volume("my_secret", byValue(password), mesospb.Volume_RO))
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Invalid {
		t.Fatalf("launch = %v", err)
	}
	notOnDisk(t, workDir, spec.Sandbox)
	if entries, _ := os.ReadDir(filepath.Join(workDir, "memory")); len(entries) > 0 {
		t.Errorf("there is %v left", entries)
	}
}

func TestSecretsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "db"), 0o755); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	for path, data := range map[string]string{filepath.Join(dir, "db/key"): password, outside: password, filepath.Join(dir, "nul"): "a\x00b"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	resolver, err := secret.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, _, _ := scene(t, resolver)
	both := byReference("db", "key")
	both.Value = &mesospb.Secret_Value{}
	for sentence, s := range map[string]*mesospb.Secret{
		"environment: A: secret none: there is no such secret": byReference("none"),
		"secret db/none: there is no such secret":              byReference("db", "none"),
		"secret db: it is not one secret: a key is missing":    byReference("db"),
		`"../x" is not the name of a secret`:                   byReference("../x"),
		`".." is not the name of a secret`:                     byReference("..", "outside"),
		"secret link":                                          byReference("link"),
		"of type REFERENCE, and has a value":                   both,
		"of type VALUE, and has none":                          {Type: mesospb.Secret_VALUE.Enum()},
		"of type REFERENCE, and has none":                      {Type: mesospb.Secret_REFERENCE.Enum()},
		"the secret has a NUL byte":                            byReference("nul"),
		"environment: A: of type SECRET, and has none":         nil,
	} {
		spec := containertest.Spec(t, containertest.Shell("true"))
		spec.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{variable("A", s)}}
		if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), sentence) {
			t.Errorf("launch = %v, want %q", err, sentence)
		}
	}
	// Without a resolver there are only values.
	l, _, _ = scene(t, nil)
	spec := containertest.Spec(t, containertest.Shell("true"))
	spec.Command.Environment = &mesospb.Environment{Variables: []*mesospb.Environment_Variable{variable("A", byReference("db"))}}
	if _, err := l.Launch(t.Context(), spec); mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "--secret_resolver") {
		t.Errorf("launch = %v", err)
	}
}

func TestProgramThatResolves(t *testing.T) {
	program := filepath.Join(t.TempDir(), "resolve")
	script := "#!/bin/sh\ntest \"$1\" = db || { echo \"no $1 here\" >&2; exit 1; }\nprintf '%s' \"value of $1/$2\"\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	resolver, err := secret.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := resolver.Resolve(t.Context(), "db", "key"); err != nil || string(data) != "value of db/key" {
		t.Errorf("resolve = %q, %v", data, err)
	}
	if data, err := resolver.Resolve(t.Context(), "other", ""); err == nil || !strings.Contains(err.Error(), "no other here") {
		t.Errorf("resolve = %q, %v", data, err)
	}
	for _, bad := range []string{"relative", "/no/such/file", "/etc/passwd"} {
		if _, err := secret.Open(bad); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("open %q = %v", bad, err)
		}
	}
}
