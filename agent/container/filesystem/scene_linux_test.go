package filesystem_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// images has one image, whatever is asked for: a new copy of a root file system.
type images struct{ t *testing.T }

func (i images) Provision(context.Context, mesos.ContainerID, *mesospb.Image) (*container.Image, error) {
	return &container.Image{Root: containertest.Root(i.t)}, nil
}
func (i images) Recover([]mesos.ContainerID) error                { return nil }
func (i images) Destroy(context.Context, mesos.ContainerID) error { return nil }

// provides makes images ready where nobody else did.
type provides struct {
	container.Passive
	images
}

func (p provides) Recover(*container.Spec, int) error { return nil }
func (p provides) Nests() bool                        { return true }
func (p provides) Prepare(ctx context.Context, plan *container.Plan) (err error) {
	if image := plan.Spec.Container.GetMesos().GetImage(); image != nil && plan.Image == nil {
		plan.Image, err = p.Provision(ctx, plan.Spec.ID, image)
	}
	return err
}

// scene is a containerizer on file systems of its containers' own.
type scene struct {
	*testing.T
	*container.Local
	workDir string
	config  isolation.Config
	runtime string
	first   []container.Isolator // before all others
}

func newScene(t *testing.T, edit ...func(*isolation.Config)) *scene {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	t.Parallel()
	s := &scene{T: t, workDir: t.TempDir(), runtime: containertest.RuntimeDir(t)}
	containertest.Reachable(s.workDir)
	s.config = isolation.Config{
		Names: []string{"filesystem/linux"}, WorkDir: s.workDir,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox", Images: images{t}},
	}
	for _, e := range edit {
		e(&s.config)
	}
	s.start()
	t.Cleanup(s.nothingLeft)
	return s
}

// start makes the containerizer, or the next one.
func (s *scene) start() {
	s.Helper()
	list, err := isolation.New(s.config)
	if err != nil {
		s.Fatal(err)
	}
	list = append(s.first, list...)
	s.Local = containertest.New(s.T, container.Config{
		Isolators: append([]container.Isolator{provides{images: images{s.T}}}, list...), Images: images{s.T}, WorkDir: s.workDir, RuntimeDir: s.runtime,
	})
}

// nothingLeft checks that no mount of the host is in the work directory.
func (s *scene) nothingLeft() {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		s.Error(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, s.workDir) {
			s.Errorf("a mount is left: %s", line)
		}
	}
}

// persistent makes persistent volumes.
func (s *scene) persistent(ids ...string) {
	s.Helper()
	for _, id := range ids {
		if err := os.MkdirAll(s.volume(id), 0o755); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *scene) volume(id string, path ...string) string {
	return filepath.Join(append([]string{s.workDir, "volumes/roles/web", id}, path...)...)
}

// spec is a container that runs shell code, with volumes.
func (s *scene) spec(command string, volumes ...*mesospb.Volume) container.Spec {
	spec := containertest.Spec(s.T, containertest.Shell(command))
	spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Volumes: volumes}
	return spec
}

// withImage is the same with an image.
func (s *scene) withImage(command string, volumes ...*mesospb.Volume) container.Spec {
	spec := s.spec(command, volumes...)
	spec.Container.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
		Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")},
	}}
	return spec
}

// succeeds runs a container whose command must exit with 0.
func (s *scene) succeeds(spec container.Spec) {
	s.Helper()
	if exit, stdout, stderr := containertest.Run(s.T, s.Local, spec); exit.Status != 0 {
		s.Errorf("%s: status %d, %s\n%s%s", spec.Command.GetValue(), exit.Status.ExitStatus(), exit.Message, stdout, stderr)
	}
}

// fails runs a container whose command must not exit with 0.
func (s *scene) fails(spec container.Spec) {
	s.Helper()
	if exit, stdout, stderr := containertest.Run(s.T, s.Local, spec); exit.Status == 0 {
		s.Errorf("%s: succeeds\n%s%s", spec.Command.GetValue(), stdout, stderr)
	}
}

// refuses launches a container that must be refused with a sentence.
func (s *scene) refuses(spec container.Spec, kind mesos.Kind, sentence string) {
	s.Helper()
	_, err := s.Launch(s.Context(), spec)
	if mesos.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), sentence) {
		s.Errorf("launch = %v (%v), want %q (%v)", err, mesos.KindOf(err), sentence, kind)
	}
}

func hostPath(containerPath, path string, mode mesospb.Volume_Mode) *mesospb.Volume {
	return &mesospb.Volume{ContainerPath: &containerPath, Mode: mode.Enum(), Source: &mesospb.Volume_Source{
		Type: mesospb.Volume_Source_HOST_PATH.Enum(), HostPath: &mesospb.Volume_Source_HostPath{Path: &path},
	}}
}

func sandboxPath(containerPath, path string, of mesospb.Volume_Source_SandboxPath_Type, mode mesospb.Volume_Mode) *mesospb.Volume {
	return &mesospb.Volume{ContainerPath: &containerPath, Mode: mode.Enum(), Source: &mesospb.Volume_Source{
		Type: mesospb.Volume_Source_SANDBOX_PATH.Enum(), SandboxPath: &mesospb.Volume_Source_SandboxPath{Path: &path, Type: of.Enum()},
	}}
}

const (
	rw     = mesospb.Volume_RW
	ro     = mesospb.Volume_RO
	self   = mesospb.Volume_Source_SandboxPath_SELF
	parent = mesospb.Volume_Source_SandboxPath_PARENT
)

func (s *scene) write(path, data string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		s.Fatal(err)
	}
}

// has checks what a file of the host has.
func (s *scene) has(path, want string) {
	s.Helper()
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		s.Errorf("%s has %q, %v, want %q", path, data, err, want)
	}
}

// dir makes a directory for other users' containers.
func (s *scene) dir() string {
	dir := s.TempDir()
	containertest.Reachable(dir)
	return dir
}
