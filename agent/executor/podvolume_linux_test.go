package executor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/gids"
	"github.com/mesosctl/mesosctl/agent/container/isolation"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// podWithVolume runs a task with a persistent volume, in a pod with isolators,
// and returns the volume and the groups that volumes may get.
func podWithVolume(t *testing.T, user string, isolators []string, task *mesospb.TaskInfo) (volume string, groups *gids.Manager) {
	t.Helper()
	workDir := t.TempDir()
	containertest.Reachable(workDir)
	volume = filepath.Join(workDir, "volumes/roles/web/v")
	groups, err := gids.Open(filepath.Join(workDir, "gids"), mesos.Ranges{{Begin: 10000, End: 10009}}, false)
	if err := errors.Join(err, os.MkdirAll(volume, 0o755)); err != nil {
		t.Fatal(err)
	}
	config := isolation.Config{Names: isolators, WorkDir: workDir}
	config.Filesystem.SandboxDirectory, config.Filesystem.Gids = "/mnt/mesos/sandbox", groups
	list, err := isolation.New(config)
	if err != nil {
		t.Fatal(err)
	}
	local := containertest.New(t, container.Config{AgentIP: "192.0.2.7", Isolators: list, WorkDir: workDir})
	agent := newTestAgent(nil)
	agent.groups = [][]*mesospb.TaskInfo{{task}}
	executor := configFor(t, agent)
	executor.Containerizer, executor.User = local, user
	executor.Container = containertest.Spec(t, nil).ID
	containertest.Reachable(filepath.Dir(executor.Sandbox))
	containertest.Launch(t, local, container.Spec{
		ID: executor.Container, Sandbox: executor.Sandbox, User: user, Pause: true, Resources: task.Resources,
	})
	if exit := RunDefault(t.Context(), executor); exit.Status != 0 {
		t.Errorf("the executor ended with %+v", exit)
	}
	return volume, groups
}

// https://mesos.apache.org/documentation/latest/persistent-volume/
func TestPersistentVolumeOfATaskOfAGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount and switch users")
	}
	linux, posix := []string{"filesystem/linux"}, []string{"filesystem/posix", "volume/sandbox_path"}
	for name, c := range map[string]struct {
		isolators      []string
		executor, task string // users
		shared         bool
		taken          int // groups that volumes still have afterwards
	}{
		// covers: PersistentVolumeDefaultExecutor.ROOT_TaskSandboxPersistentVolume
		"mounted": {isolators: linux},
		"linked":  {isolators: posix},
		// covers: PersistentVolumeDefaultExecutor.ROOT_UNPRIVILEGED_USER_TaskSandboxLocalPersistentVolume
		"of another user": {isolators: linux, task: "nobody"}, // its group goes with the pod
		// covers: PersistentVolumeDefaultExecutor.ROOT_UNPRIVILEGED_USER_TaskSandboxSharedPersistentVolume
		"shared": {isolators: linux, executor: "nobody", shared: true, taken: 1},
	} {
		t.Run(name, func(t *testing.T) {
			task := named("a", "echo abc > task_volume_path/file")
			task.Resources = append(task.Resources, containertest.Volume("v", "task_volume_path")...)
			if c.task != "" {
				task.Command.User = &c.task
			}
			if c.shared {
				task.Resources[len(task.Resources)-1].Shared = new(mesospb.Resource_SharedInfo)
			}
			volume, groups := podWithVolume(t, c.executor, c.isolators, task)
			if data, err := os.ReadFile(filepath.Join(volume, "file")); err != nil || string(data) != "abc\n" {
				t.Errorf("the volume has %q, %v", data, err)
			}
			if got := groups.Total() - groups.Free(); got != c.taken {
				t.Errorf("volumes have %d groups, want %d", got, c.taken)
			}
		})
	}
}
