package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// reboot leaves what an agent that has stopped would find after a reboot: its
// files, but no process, no mount and another boot ID.
func reboot(t *testing.T, workDir string, processes ...int) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/fd/2")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(workDir, "supervisor/supervisor.log")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == log {
			pid, err := strconv.Atoi(strings.Split(link, "/")[2])
			if err != nil {
				t.Fatal(err)
			}
			processes = append(processes, pid)
		}
	}
	for _, pid := range processes {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %d: %v", pid, err)
		}
		eventually(t, "a process is gone", func() bool {
			stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
			_, state, _ := strings.Cut(string(stat), ") ")
			return err != nil || strings.HasPrefix(state, "Z")
		})
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
	slices.Reverse(lines) // what was mounted last is on top
	for _, line := range lines {
		if point := strings.Fields(line)[4]; strings.HasPrefix(point, workDir+"/") {
			if err := unix.Unmount(point, unix.MNT_DETACH); err != nil {
				t.Fatalf("unmount %s: %v", point, err)
			}
		}
	}
	if err := os.RemoveAll(filepath.Join(workDir, "supervisor")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(workDir, "meta/boot_id"), []byte("another boot"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A reboot ends tasks, of which then nobody knows how; the plugins of their networks
// are told, though there is no network namespace any more.
func TestTasksAreGoneAfterAReboot(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_CleanupAfterReboot
	if os.Geteuid() != 0 {
		t.Skip("only root can make networks")
	}
	l := startLocal(t)
	cfg := lasting(t, l)
	cfg.Isolation = []string{"network/cni"}
	n := &cfg.Network
	n.CNIConfigDir, n.CNIPluginsDir = cnitest.Dirs(t)
	n.CNIPersist = true
	deleted := filepath.Join(t.TempDir(), "deleted")
	cnitest.Script(t, n.CNIPluginsDir, "mock", `if [ "$CNI_COMMAND" = DEL ]; then
	if [ -n "$CNI_NETNS" ]; then [ $(stat -f -c %T "$CNI_NETNS") = nsfs ] || exit 1; fi
	touch `+deleted+`
fi
`+cnitest.Answer("203.0.113.9/24", ""))
	cnitest.Write(t, n.CNIConfigDir, "mock", `{"name": "mock-net", "type": "mock"}`)
	_, stop := startLasting(t, cfg)
	framework := podFramework(true)
	framework.Capabilities = append(framework.Capabilities, &mesospb.FrameworkInfo_Capability{
		Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE.Enum(),
	})
	s := subscribeFramework(t, l.Master(), framework)
	offer := s.has(resources.MustParse("cpus:3"))
	task := podTask(offer, "t", "exec sleep 1000")
	task.Container = mesosContainer(func(c *mesospb.ContainerInfo) {
		c.NetworkInfos = []*mesospb.NetworkInfo{{Name: new("mock-net")}}
	})
	s.launchOn(offer, task)
	running := s.until("the task", taskIs("t", mesospb.TaskState_TASK_RUNNING))
	stop()
	reboot(t, cfg.WorkDir, int(running.GetContainerStatus().GetExecutorPid()))
	if _, err := os.Stat(deleted); err == nil {
		t.Fatal("the plugin was told before the reboot")
	}

	a, _ := startLasting(t, cfg)
	defer a.Close()
	if status := s.ended(); status.GetState() != mesospb.TaskState_TASK_GONE || status.GetAgentId().GetValue() != offer.GetAgentId().GetValue() {
		t.Errorf("after the reboot: %v", status)
	}
	if _, err := os.Stat(deleted); err != nil {
		t.Errorf("the plugin was not told: %v", err)
	}
}
