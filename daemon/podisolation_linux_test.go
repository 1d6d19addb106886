package daemon

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// isolated is a cluster whose agent isolates in these ways.
func isolated(t *testing.T, change func(*AgentConfig), isolation ...string) *Local {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root")
	}
	cfg := localConfig(t)
	cfg.Agent.Isolation = isolation
	if change != nil {
		change(&cfg.Agent)
	}
	return startLocalAs(t, cfg)
}

// sandboxFile is a file in the sandbox of a default executor.
func (s *testScheduler) sandboxFile(l *Local, status *mesospb.TaskStatus, path string) string {
	return filepath.Join(l.agents[0].cfg.WorkDir, "slaves", status.GetAgentId().GetValue(),
		"frameworks", s.id.GetValue(), "executors/pod/runs/latest", path)
}

func mesosContainer(fill func(*mesospb.ContainerInfo)) *mesospb.ContainerInfo {
	c := &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum()}
	fill(c)
	return c
}

// parentVolume is a directory of its executor's sandbox in a task's.
func parentVolume(path, in string) *mesospb.Volume {
	return &mesospb.Volume{
		Mode: mesospb.Volume_RW.Enum(), ContainerPath: &in,
		Source: &mesospb.Volume_Source{
			Type: mesospb.Volume_Source_SANDBOX_PATH.Enum(),
			SandboxPath: &mesospb.Volume_Source_SandboxPath{
				Type: mesospb.Volume_Source_SandboxPath_PARENT.Enum(), Path: &path,
			},
		},
	}
}

func TestTaskGroupsShareAPidNamespaceIfTheyAskFor(t *testing.T) {
	// covers: DefaultExecutorTest.ROOT_MultiTaskgroupSharePidNamespace
	l := isolated(t, nil, "filesystem/linux", "namespaces/pid")
	s := subscribe(t, l.Master())
	offer := s.has(resources.MustParse("cpus:1"))
	group := func(id string, shares bool) []*mesospb.TaskInfo {
		task := podTask(offer, id, "stat -Lc %i /proc/1/ns/pid > ns.tmp && mv ns.tmp ns && exec sleep 1000")
		task.Container = mesosContainer(func(c *mesospb.ContainerInfo) {
			c.LinuxInfo = &mesospb.LinuxInfo{SharePidNamespace: &shares}
		})
		return []*mesospb.TaskInfo{task}
	}
	s.launchGroups(offer, s.podExecutor(), nil, group("a", true), group("b", true), group("c", false))
	running := mesospb.TaskState_TASK_RUNNING
	s.untilAll(map[string]mesospb.TaskState{"a": running, "b": running, "c": running})
	status := s.reconcile("a")
	namespace := func(task string) (text string) {
		eventually(t, task+" has looked", func() bool {
			data, err := os.ReadFile(s.sandboxFile(l, status, "tasks/"+task+"/ns"))
			text = strings.TrimSpace(string(data))
			return err == nil
		})
		return text
	}
	if a, b, c := namespace("a"), namespace("b"), namespace("c"); a != b || a == c {
		t.Errorf("namespaces of a and b, which share, and of c: %s, %s, %s", a, b, c)
	}
}

func TestTaskOfAGroupThatUsesTooMuchDisk(t *testing.T) {
	// covers: DefaultExecutorTest.ResourceLimitation
	l := isolated(t, func(cfg *AgentConfig) {
		cfg.Volumes.EnforceDiskQuota, cfg.Volumes.DiskInterval = true, 10*time.Millisecond
	}, "filesystem/posix", "disk/du")
	s := subscribe(t, l.Master())
	offer := s.has(resources.MustParse("cpus:1"))
	task := podTask(offer, "a", "dd if=/dev/zero of=dd.out bs=1048576 count=30; exec sleep 1000")
	task.Resources = []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 10)}
	executor := s.podExecutor()
	executor.Resources[2] = scalar("disk", 10)
	s.launchGroups(offer, executor, nil, []*mesospb.TaskInfo{task})
	status := s.ended()
	if status.GetState() != mesospb.TaskState_TASK_FAILED || status.GetReason() != mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK {
		t.Errorf("status = %v", status)
	}
	limited := status.GetLimitation().GetResources()
	if len(limited) == 0 || limited[0].GetName() != "disk" {
		t.Errorf("limitation = %v", status.GetLimitation())
	}
}

// eachFilesystem runs a test with each of the file system isolators.
func eachFilesystem(t *testing.T, test func(t *testing.T, l *Local, s *testScheduler)) {
	for _, filesystem := range []string{"filesystem/linux", "filesystem/posix"} {
		t.Run(strings.TrimPrefix(filesystem, "filesystem/"), func(t *testing.T) {
			l := isolated(t, nil, filesystem, "volume/sandbox_path")
			test(t, l, subscribeTo(t, l.Master(), "dev"))
		})
	}
}

// volumeAt reserves disk and makes a persistent volume of it, shown at a path.
func volumeAt(path string) (resources.Resources, []*mesospb.Offer_Operation) {
	disk := reservedTo("dev", "disk:64")
	for r := range persistent(disk, "v1").All() {
		r.Disk.Volume.ContainerPath = path
		volume := resources.Of(r)
		return volume, []*mesospb.Offer_Operation{reserveOperation(disk), createOperation(volume)}
	}
	panic("no volume")
}

func TestPersistentVolumeOfADefaultExecutor(t *testing.T) {
	// covers: PersistentVolumeDefaultExecutor.ROOT_PersistentResources
	eachFilesystem(t, func(t *testing.T, l *Local, s *testScheduler) {
		offer := s.has(resources.MustParse("cpus:1;disk:200"))
		volume, operations := volumeAt("executor_volume")
		executor := devResources(s.podExecutor())
		executor.Resources = append(executor.Resources, convert.ToWire(volume)...)
		task := devTask(offer, "a", "echo abc > task_volume/file")
		task.Container = mesosContainer(func(c *mesospb.ContainerInfo) {
			c.Volumes = []*mesospb.Volume{parentVolume("executor_volume", "task_volume")}
		})
		s.launchGroups(offer, executor, operations, []*mesospb.TaskInfo{task})
		wantFinished(t, s.ended())
		wantFile(t, l, "abc\n")
	})
}

func TestPersistentVolumeOfATaskOfAGroup(t *testing.T) {
	// covers: PersistentVolumeDefaultExecutor.ROOT_HealthCheckUsingPersistentVolume
	// covers: PersistentVolumeDefaultExecutor.ROOT_TaskSandboxPersistentVolume
	eachFilesystem(t, func(t *testing.T, l *Local, s *testScheduler) {
		offer := s.has(resources.MustParse("cpus:1;disk:200"))
		volume, operations := volumeAt("task_volume")
		task := devTask(offer, "a", "echo abc > task_volume/file; while ! test -e task_volume/done; do sleep 0.05; done")
		task.Resources = append(task.Resources, convert.ToWire(volume)...)
		task.HealthCheck = &mesospb.HealthCheck{
			Type:         mesospb.HealthCheck_COMMAND.Enum(),
			Command:      &mesospb.CommandInfo{Value: new("test -e task_volume/file")},
			DelaySeconds: new(0.0), IntervalSeconds: new(0.05),
		}
		s.launchGroups(offer, devResources(s.podExecutor()), operations, []*mesospb.TaskInfo{task})
		status := s.until("health", func(status *mesospb.TaskStatus) bool { return status.GetHealthy() })
		wantFile(t, l, "abc\n")
		// Readers of the task's sandbox see the volume where the task does.
		dir := s.sandboxFile(l, status, "tasks/a/task_volume")
		if got := browse(t, l.Agents()[0], dir); got != http.StatusOK {
			t.Errorf("browse %s: %d", dir, got)
		}
		if _, got := get(t, "http://"+l.Agents()[0]+"/files/read?offset=0&path="+dir+"/file"); got != `{"data":"abc\n","offset":0}` {
			t.Errorf("read %s/file: %s", dir, got)
		}
		if err := os.WriteFile(filepath.Join(l.agents[0].cfg.WorkDir, "volumes/roles/dev/v1/done"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantFinished(t, s.ended())
	})
}

func TestTasksShareADirectoryOfTheirExecutor(t *testing.T) {
	// covers: PersistentVolumeDefaultExecutor.ROOT_TasksSharingViaSandboxVolumes
	// covers: PersistentVolumeDefaultExecutor.ROOT_TaskGroupsSharingViaSandboxVolumes
	eachFilesystem(t, func(t *testing.T, l *Local, s *testScheduler) {
		offer := s.has(resources.MustParse("cpus:1;disk:200"))
		volume, operations := volumeAt("executor_volume")
		executor := devResources(s.podExecutor())
		executor.Resources = append(executor.Resources, convert.ToWire(volume)...)
		task := func(id, command string) *mesospb.TaskInfo {
			task := devTask(offer, id, command)
			task.Container = mesosContainer(func(c *mesospb.ContainerInfo) {
				c.Volumes = []*mesospb.Volume{parentVolume("executor_volume", "task_volume")}
			})
			return task
		}
		const waits = "while ! test -e task_volume/file; do sleep 0.05; done"
		s.launchGroups(offer, executor, operations,
			[]*mesospb.TaskInfo{task("a", "echo abc > task_volume/file"), task("b", waits)},
			[]*mesospb.TaskInfo{task("c", waits)})
		finished := mesospb.TaskState_TASK_FINISHED
		s.untilAll(map[string]mesospb.TaskState{"a": finished, "b": finished, "c": finished})
		wantFile(t, l, "abc\n")
	})
}

func devTask(offer *mesospb.Offer, id, command string) *mesospb.TaskInfo {
	task := podTask(offer, id, command)
	task.Resources = convert.ToWire(resources.MustParse("cpus:0.1;mem:32"))
	return task
}

func devResources(executor *mesospb.ExecutorInfo) *mesospb.ExecutorInfo {
	executor.Resources = convert.ToWire(resources.MustParse("cpus:0.1;mem:32;disk:32"))
	return executor
}

func wantFinished(t *testing.T, status *mesospb.TaskStatus) {
	t.Helper()
	if status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Fatalf("the task ended as %v", status)
	}
}

// wantFile looks into the one persistent volume.
func wantFile(t *testing.T, l *Local, want string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.agents[0].cfg.WorkDir, "volumes/roles/dev/v1/file"))
	if string(data) != want {
		t.Errorf("the volume has %q, %v", data, err)
	}
}

func TestHealthChecksOfTasksInImages(t *testing.T) {
	// covers: HealthCheckTest.ROOT_HealthyTaskWithContainerImage
	// covers: HealthCheckTest.ROOT_DefaultExecutorWithDockerImageCommandHealthCheck
	// covers: HealthCheckTest.ROOT_INTERNET_CURL_HealthyTaskViaHTTPWithContainerImage
	// covers: HealthCheckTest.ROOT_INTERNET_CURL_HealthyTaskViaHTTPSWithContainerImage
	// covers: HealthCheckTest.ROOT_INTERNET_CURL_HealthyTaskViaTCPWithContainerImage
	// covers: DefaultExecutorTest.ROOT_INTERNET_CURL_DockerTaskWithFileURI
	if os.Geteuid() != 0 {
		t.Skip("root file systems take root to mount")
	}
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "team/image:1", imagetest.Image(t, v1.Config{}, imagetest.Programs(t, "sh", "cat", "sleep"),
		imagetest.Layer(t, imagetest.File("mark", "image"))))
	l := isolated(t, func(cfg *AgentConfig) {
		cfg.Images = ImagesConfig{Providers: []string{"docker"}, StoreDir: filepath.Join(t.TempDir(), "store")}
	}, "filesystem/linux", "docker/runtime")
	plain, secure := httptest.NewServer(http.NotFoundHandler()), httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	defer secure.Close()
	port := func(s *httptest.Server) *uint32 { return new(uint32(s.Listener.Addr().(*net.TCPAddr).Port)) }
	at := func(c *mesospb.HealthCheck) *mesospb.HealthCheck {
		c.DelaySeconds, c.IntervalSeconds = new(0.0), new(0.05)
		return c
	}
	checks := map[string]*mesospb.HealthCheck{
		"command": at(&mesospb.HealthCheck{Type: mesospb.HealthCheck_COMMAND.Enum(),
			Command: &mesospb.CommandInfo{Value: new(`test "$(cat /mark)" = image && test -e file`)}}),
		"http": at(&mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(),
			Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: new(uint32(l.agents[0].address.port)), Path: new("/health")}}),
		"https": at(&mesospb.HealthCheck{Type: mesospb.HealthCheck_HTTP.Enum(),
			Http: &mesospb.HealthCheck_HTTPCheckInfo{Port: port(secure), Scheme: new("https")}}),
		"tcp": at(&mesospb.HealthCheck{Type: mesospb.HealthCheck_TCP.Enum(),
			Tcp: &mesospb.HealthCheck_TCPCheckInfo{Port: port(plain)}}),
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("pizza"), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, check := range checks {
		for _, inGroup := range []bool{false, true} {
			s := subscribe(t, l.Master())
			offer := s.has(resources.MustParse("cpus:1"))
			task := podTask(offer, "t", `test "$(cat file)" = pizza && exec sleep 1000`)
			task.Command.Uris = []*mesospb.CommandInfo_URI{{Value: new("file://" + file)}}
			task.HealthCheck = check
			task.Container = mesosContainer(func(c *mesospb.ContainerInfo) {
				c.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: &mesospb.Image{
					Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &name},
				}}
			})
			if inGroup {
				s.launchGroups(offer, s.podExecutor(), nil, []*mesospb.TaskInfo{task})
			} else {
				s.launchOn(offer, task)
			}
			s.until(kind, func(status *mesospb.TaskStatus) bool {
				if status.GetState() == mesospb.TaskState_TASK_FAILED {
					t.Fatalf("%s: %v", kind, status)
				}
				return status.GetHealthy()
			})
			s.kill("t")
			s.ended()
			s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()})
		}
	}
}
