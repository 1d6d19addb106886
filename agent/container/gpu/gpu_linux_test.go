package gpu_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/gpu"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// machine is a tree of files as the driver has them, with n processors. Their
// devices are /dev/zero and its neighbours in fact, for some to be read.
func machine(t *testing.T, n int) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version: 12\n",
		"usr/bin/nvidia-smi":         "#!/bin/sh\n",
		"dev/nvidia-caps/nothing":    "",
	}
	for i := range n {
		// The order of the bus is not that of the minor numbers.
		files[fmt.Sprintf("proc/driver/nvidia/gpus/0000:%02x:00.0/information", i)] =
			fmt.Sprintf("Model: \t\t Tesla\nDevice Minor: \t %d\nGPU Excluded:\t No\n", n-1-i)
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	node := func(name string, minor uint32) {
		err := unix.Mknod(filepath.Join(root, "dev", name), unix.S_IFCHR|0o666, int(unix.Mkdev(195, minor)))
		if err != nil {
			t.Skipf("this user can't make devices: %v", err)
		}
	}
	node("nvidiactl", 255)
	node("nvidia-uvm", 254)
	for i := range n {
		node(fmt.Sprintf("nvidia%d", i), uint32(i))
	}
	lib := filepath.Join(root, "usr/lib64")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	// Of a real library the beginning tells what it is: here of any program.
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "libcuda.so.535"), program[:4096], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "libcuda.so"), []byte("INPUT(-lcuda)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("libcuda.so.535", filepath.Join(lib, "libcuda.so.1")); err != nil {
		t.Fatal(err)
	}
	return root
}

func discover(t *testing.T, root string) *gpu.Machine {
	t.Helper()
	m, err := gpu.Discover(root)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// covers: NvidiaGpuTest.NVIDIA_GPU_Discovery
func TestDiscover(t *testing.T) {
	m := discover(t, machine(t, 3))
	if m.Version != "535.104.05" || len(m.GPUs) != 3 || m.GPUs[0].Path != "/dev/nvidia2" || m.GPUs[0].Device.String() != "c 195:2 rwm" {
		t.Errorf("machine = %+v", m)
	}
	if len(m.Control) != 2 || len(m.Nodes) != 5 {
		t.Errorf("machine = %+v", m)
	}
	if _, err := gpu.Discover(t.TempDir()); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("without a driver: %v", err)
	}
	broken := machine(t, 1)
	if err := os.Remove(filepath.Join(broken, "dev/nvidia-uvm")); err != nil {
		t.Fatal(err)
	}
	if _, err := gpu.Discover(broken); mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "/dev/nvidia-uvm") {
		t.Errorf("without uvm: %v", err)
	}
}

// covers: NvidiaGpuTest.ROOT_CGROUPS_NVIDIA_GPU_FlagValidation
func TestChoose(t *testing.T) {
	m := discover(t, machine(t, 3))
	for _, test := range []struct {
		devices []int
		gpus    float64
		given   bool
		want    []int // minor numbers
		says    string
	}{
		{nil, 0, false, []int{2, 1, 0}, ""},
		{nil, 0, true, nil, ""},
		{[]int{0}, 1, true, []int{2}, ""},
		{[]int{2, 0}, 2, true, []int{0, 2}, ""},
		{[]int{0}, 0, true, nil, "no gpus"},
		{[]int{0}, 0, false, nil, "say gpus:1 too"},
		{nil, 3, true, nil, "has to say which"},
		{[]int{0}, 2, true, nil, "2 gpus"},
		{[]int{0}, 0.5, true, nil, "whole number"},
		{[]int{0, 0}, 2, true, nil, "twice"},
		{[]int{3}, 1, true, nil, "there is no 3"},
	} {
		gpus, err := m.Choose(test.devices, test.gpus, test.given)
		if test.says != "" {
			if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%+v: %v", test, err)
			}
			continue
		}
		var minors []int
		for _, g := range gpus {
			minors = append(minors, int(g.Device.Minor))
		}
		if err != nil || !slices.Equal(minors, test.want) {
			t.Errorf("%+v: %v, %v", test, minors, err)
		}
	}
}

// covers: NvidiaGpuTest.NVIDIA_GPU_Allocator
func TestPool(t *testing.T) {
	m := discover(t, machine(t, 3))
	pool := gpu.NewPool(m.GPUs)
	first, err := pool.Take(2)
	if err != nil || len(first) != 2 {
		t.Fatal(first, err)
	}
	if more, err := pool.Take(2); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("two more: %v, %v", more, err)
	}
	if err := pool.Reserve(m.GPUs[1:]); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("one that is taken: %v", err)
	}
	if err := pool.Free(m.GPUs); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("one that is free: %v", err)
	}
	if err := pool.Free(first); err != nil {
		t.Error(err)
	}
	if err := pool.Reserve(m.GPUs); err != nil {
		t.Error(err)
	}
	if none, err := pool.Take(0); err != nil || none != nil {
		t.Errorf("none: %v, %v", none, err)
	}
}

// agents are containerizers one after the other, on the same cgroups.
func agents(t *testing.T, root string) func() *container.Local {
	config := cgroups.Config{Isolators: []string{"cgroups/devices"}, Root: fmt.Sprintf("mesosctl-gpu-%d-%s", os.Getpid(), t.Name()), Owner: t.Name()}
	dir, volume := containertest.RuntimeDir(t), t.TempDir()
	t.Cleanup(func() {
		for _, at := range []string{"/sys/fs/cgroup/devices", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"} {
			_ = os.Remove(filepath.Join(at, config.Root))
		}
	})
	return func() *container.Local {
		devices, err := cgroups.New(config)
		if err != nil {
			t.Skipf("this machine can't: %v", err)
		}
		isolator, err := gpu.Make(gpu.Config{Root: root, Dir: volume}, devices)
		if err != nil {
			t.Fatal(err)
		}
		return containertest.New(t, container.Config{Isolators: []container.Isolator{devices, isolator}, RuntimeDir: dir})
	}
}

func asking(t *testing.T, shell string, gpus float64) container.Spec {
	s := containertest.Spec(t, containertest.Shell(shell))
	s.Resources = []*mesospb.Resource{{
		Name: new("gpus"), Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &gpus},
	}}
	s.Outlive = containertest.Limit
	return s
}

// try is a command that tells which of the devices of the machine it may open. No
// driver answers: what it may open is no such device.
const try = `for d in ctl 0 1 2; do
	if (: < $ROOT/dev/nvidia$d) 2>&1 | grep -q "not permitted"; then echo $d no; else echo $d yes; fi
done`

// Containers can open the processors that they were given, and no others; when
// they end, others get them.
//
// covers: NvidiaGpuTest.ROOT_CGROUPS_NVIDIA_GPU_VerifyDeviceAccess
func TestContainers(t *testing.T) {
	root := machine(t, 3)
	agent := agents(t, root)
	l := agent()
	run := func(gpus float64) string {
		t.Helper()
		s := asking(t, "ROOT="+root+"\n"+try, gpus)
		containertest.Reachable(root)
		_, stdout, stderr := containertest.Run(t, l, s)
		if stderr != "" {
			t.Errorf("stderr %q", stderr)
		}
		return stdout
	}
	if got := run(0); got != "ctl yes\n0 no\n1 no\n2 no\n" {
		t.Errorf("without one: %q", got)
	}
	holder := asking(t, "exec sleep 1000", 1) // has the first of the bus, nvidia2
	containertest.Launch(t, l, holder)
	for range 2 { // what the first has back the second gets
		if got := run(2); got != "ctl yes\n0 yes\n1 yes\n2 no\n" {
			t.Errorf("with two: %q", got)
		}
	}
	if _, err := l.Launch(t.Context(), asking(t, "true", 3)); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("with three: %v", err)
	}
	if err := l.Update(t.Context(), holder.ID, asking(t, "", 2).Resources, nil); err != nil {
		t.Fatal(err)
	}
	if got := run(1); got != "ctl yes\n0 yes\n1 no\n2 no\n" {
		t.Errorf("beside a holder of two: %q", got)
	}
	if err := l.Update(t.Context(), holder.ID, asking(t, "", 1).Resources, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
	l = agent()
	if err := l.Recover([]container.Spec{holder}); err != nil {
		t.Fatal(err)
	}
	if got := run(2); got != "ctl yes\n0 yes\n1 yes\n2 no\n" {
		t.Errorf("after a restart: %q", got)
	}
	if _, err := l.Launch(t.Context(), asking(t, "true", 3)); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("three after a restart: %v", err)
	}
}

// A task of a pod has the processors that its pod was given, and no others.
func TestPods(t *testing.T) {
	// covers: NvidiaGpuTest.ROOT_CGROUPS_NVIDIA_GPU_DefaultExecutorVerifyDeviceAccess
	root := machine(t, 3)
	containertest.Reachable(root)
	l := agents(t, root)()
	pod := asking(t, "exec sleep 1000", 0)
	containertest.Launch(t, l, pod)
	// With its first tasks come what they asked for.
	if err := l.Update(t.Context(), pod.ID, asking(t, "", 1).Resources, nil); err != nil {
		t.Fatal(err)
	}
	task := asking(t, "ROOT="+root+"\n"+try, 1)
	task.ID, task.Sandbox = pod.ID+".task", filepath.Join(pod.Sandbox, "containers/task")
	if exit, stdout, stderr := containertest.Run(t, l, task); stdout != "ctl yes\n0 no\n1 no\n2 yes\n" {
		t.Errorf("exit = %+v, stdout = %q, stderr = %q", exit, stdout, stderr)
	}
}

// covers: NvidiaGpuTest.ROOT_CGROUPS_NVIDIA_GPU_FractionalResources
func TestPartOfAProcessor(t *testing.T) {
	l := agents(t, machine(t, 1))()
	if _, err := l.Launch(t.Context(), asking(t, "true", 0.1)); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "whole number") {
		t.Errorf("launch = %v", err)
	}
}

// covers: NvidiaGpuTest.ROOT_NVIDIA_GPU_VolumeCreation
func TestVolume(t *testing.T) {
	root, dir := machine(t, 0), t.TempDir()
	for range 2 { // the second time all is there
		if _, err := gpu.NewVolume(root, dir, "535.104.05"); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, "nvidia_535.104.05/bin/nvidia-smi")); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("nvidia-smi: %v, %v", info, err)
		}
		for _, name := range []string{"libcuda.so.535", "libcuda.so.1"} {
			if info, err := os.Stat(filepath.Join(dir, "nvidia_535.104.05/lib64", name)); err != nil || info.Size() != 4096 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
	}
}

// covers: NvidiaGpuTest.ROOT_NVIDIA_GPU_VolumeShouldInject
func TestVolumeIsWanted(t *testing.T) {
	var v gpu.Volume
	label := map[string]string{"com.nvidia.volumes.needed": "nvidia_driver"}
	for _, test := range []struct {
		image container.ImageConfig
		want  bool
	}{
		{container.ImageConfig{}, false},
		{container.ImageConfig{Labels: label}, true},
		{container.ImageConfig{Env: []string{"NVIDIA_VISIBLE_DEVICES=all"}}, true},
		{container.ImageConfig{Env: []string{"NVIDIA_VISIBLE_DEVICES="}, Labels: label}, false},
		{container.ImageConfig{Env: []string{"NVIDIA_VISIBLE_DEVICES=void"}, Labels: label}, false},
	} {
		if got := v.Wanted(test.image); got != test.want {
			t.Errorf("%+v: %v", test.image, got)
		}
	}
}

// A container with an image sees the devices, and the driver's files where images
// of Nvidia look for them.
func TestImages(t *testing.T) {
	root := machine(t, 1)
	isolator, err := gpu.Make(gpu.Config{Root: root, Dir: t.TempDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan := &container.Plan{
		Spec: &container.Spec{ID: "parent.nested"},
		Image: &container.Image{Root: "/image", Config: container.ImageConfig{
			Env: []string{"PATH=/usr/bin:/bin", "NVIDIA_VISIBLE_DEVICES=all"},
		}},
	}
	if err := isolator.Prepare(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, mount := range plan.Process.Mounts {
		targets = append(targets, mount.Target)
	}
	want := []string{"/image/usr/local/nvidia", "/image/dev/nvidia-uvm", "/image/dev/nvidia0", "/image/dev/nvidiactl"}
	if !slices.Equal(targets, want) {
		t.Errorf("mounts = %q", targets)
	}
	environment := []string{
		"PATH=/usr/bin:/bin:/usr/local/nvidia/bin",
		"LD_LIBRARY_PATH=/usr/local/cuda/compat:/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
	}
	if !slices.Equal(plan.Process.Env, environment) {
		t.Errorf("environment = %q", plan.Process.Env)
	}
}
