package cgroups_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// oneImage is every image.
type oneImage struct{ root string }

func (i oneImage) Provision(context.Context, mesos.ContainerID, *mesospb.Image) (*container.Image, error) {
	return &container.Image{Root: i.root}, nil
}
func (oneImage) Destroy(context.Context, mesos.ContainerID) error { return nil }
func (oneImage) Recover([]mesos.ContainerID) error                { return nil }

// Root in an image sees its limits and can't lift them.
func TestCgroupsInAnImageAreReadOnly(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has cgroups")
	}
	workDir := t.TempDir()
	containertest.Reachable(workDir)
	list, err := isolation.New(isolation.Config{
		Names: []string{"filesystem/linux", "cgroups/mem"}, WorkDir: workDir,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox"}, Cgroups: cgroups.Config{Root: root(t)},
	})
	if err != nil {
		t.Skipf("this machine can't: %v", err)
	}
	l := containertest.New(t, container.Config{Isolators: list, Images: oneImage{containertest.Root(t)}, WorkDir: workDir})
	s := spec(t, `cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes memory.max; do
		if [ -e $f ]; then cat $f; (echo 1000000000 > $f) 2>&1; cat $f; fi
	done; mkdir memory/x x 2>/dev/null; echo made $?`, 0.1, 64)
	s.Container = &mesospb.ContainerInfo{
		Type: mesospb.ContainerInfo_MESOS.Enum(),
		Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
			Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("test")},
		}},
	}
	_, stdout, stderr := containertest.Run(t, l, s)
	if strings.Count(stdout, "67108864\n") != 2 || !strings.Contains(stdout, "Read-only") || strings.Contains(stdout, "made 0") {
		t.Errorf("stdout = %q, stderr = %q", stdout, stderr)
	}
}
