package gpu_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem"
	"github.com/mesosctl/mesosctl/agent/container/gpu"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// image is every image: one of Nvidia's.
type image struct{ root string }

func (i image) Provision(context.Context, mesos.ContainerID, *mesospb.Image) (*container.Image, error) {
	return &container.Image{Root: i.root, Config: container.ImageConfig{
		Env: []string{"PATH=/bin"}, Labels: map[string]string{"com.nvidia.volumes.needed": "nvidia_driver"},
	}}, nil
}
func (image) Destroy(context.Context, mesos.ContainerID) error { return nil }
func (image) Recover([]mesos.ContainerID) error                { return nil }

// A container in an image that asks for the driver finds its programs, which see the
// processors that the container was given, and none if it was given none.
func TestProgramsOfTheDriver(t *testing.T) {
	// covers: NvidiaGpuTest.ROOT_INTERNET_CURL_CGROUPS_NVIDIA_GPU_NvidiaDockerImage
	root, workDir := machine(t, 2), t.TempDir()
	containertest.Reachable(workDir)
	containertest.Reachable(root)
	// It does what nvidia-smi does first: it tries the devices that it sees. Of a
	// device without a driver the kernel says so only to who may open it.
	program := `#!/bin/sh
found=1
for device in /dev/nvidia[0-9]; do
	case $( (: < $device) 2>&1) in *"not permitted"*) ;; *) echo $device; found=0 ;; esac
done
exit $found
`
	if err := os.WriteFile(filepath.Join(root, "usr/bin/nvidia-smi"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	cgroup := fmt.Sprintf("mesosctl-gpu-%d-image", os.Getpid())
	t.Cleanup(func() {
		for _, at := range []string{"/sys/fs/cgroup/devices", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"} {
			_ = os.Remove(filepath.Join(at, cgroup))
		}
	})
	list, err := isolation.New(isolation.Config{
		Names: []string{"filesystem/linux", "cgroups/devices", "gpu/nvidia"}, WorkDir: workDir,
		Filesystem: filesystem.Config{SandboxDirectory: "/mnt/mesos/sandbox"}, Cgroups: cgroups.Config{Root: cgroup},
		GPU: gpu.Config{Root: root, Dir: t.TempDir()},
	})
	if mesos.KindOf(err) == mesos.Unsupported {
		t.Skipf("this machine can't: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	l := containertest.New(t, container.Config{Isolators: list, Images: image{containertest.Root(t)}, WorkDir: workDir})
	for gpus, want := range []string{"", "/dev/nvidia1\n", "/dev/nvidia0\n/dev/nvidia1\n"} {
		s := asking(t, "nvidia-smi", float64(gpus))
		s.Outlive = 0
		s.Container = &mesospb.ContainerInfo{
			Type: mesospb.ContainerInfo_MESOS.Enum(),
			Mesos: &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
				Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: new("nvidia/cuda")},
			}},
		}
		exit, stdout, stderr := containertest.Run(t, l, s)
		if stdout != want || (exit.Status == 0) != (gpus > 0) {
			t.Errorf("with %d: exit = %+v, stdout = %q, stderr = %q", gpus, exit, stdout, stderr)
		}
	}
}
