package daemon

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// A task runs in an image of a registry; one whose image is bad fails with a
// sentence that names it.
func TestTasksInImages(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root file systems take root to mount")
	}
	r := imagetest.NewRegistry(t)
	base := imagetest.Programs(t, "sh", "cat")
	good := r.Push(t, "team/good:1", imagetest.Image(t, v1.Config{Cmd: []string{"/bin/sh", "-c", `test "$(cat /mark)" = image`}},
		base, imagetest.Layer(t, imagetest.File("mark", "image"))))
	lied := imagetest.Image(t, v1.Config{}, base, imagetest.Layer(t, imagetest.File("x", "x")))
	lies := r.Push(t, "lies", lied)
	layers, err := lied.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest := imagetest.Digest(t, layers[1])
	r.Before = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, digest) {
			return false
		}
		_, _ = w.Write([]byte("something else"))
		return true
	}

	cfg := localConfig(t)
	cfg.Agent.Isolation = []string{"posix/cpu", "posix/mem", "filesystem/linux", "docker/runtime"}
	cfg.Agent.Images = ImagesConfig{Providers: []string{"docker"}, StoreDir: filepath.Join(t.TempDir(), "store")}
	l := startLocalAs(t, cfg)
	s := subscribe(t, l.Master())
	launch := func(id string, image *mesospb.Image, command *mesospb.CommandInfo) *mesospb.TaskStatus {
		t.Helper()
		return s.launchTask(&mesospb.TaskInfo{
			Name: proto.String(id), TaskId: &mesospb.TaskID{Value: proto.String(id)}, Command: command,
			Resources: []*mesospb.Resource{scalar("cpus", 0.1), scalar("mem", 32)},
			Container: &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), Mesos: &mesospb.ContainerInfo_MesosInfo{Image: image}},
		})
	}
	docker := func(name string) *mesospb.Image {
		return &mesospb.Image{Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &name}}
	}
	shell := func(command string) *mesospb.CommandInfo { return &mesospb.CommandInfo{Value: &command} }
	if status := launch("own", docker(good), shell("test $(cat /mark) = image")); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("a command of the task: %v", status)
	}
	if status := launch("default", docker(good), &mesospb.CommandInfo{Shell: proto.Bool(false)}); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("the image's command: %v", status)
	}
	for id, c := range map[string]struct {
		image *mesospb.Image
		says  []string
	}{
		"lies":   {docker(lies), []string{lies, digest, "not what was asked for"}},
		"nosuch": {docker(r.Host + "/nosuch"), []string{r.Host + "/nosuch", "there is none"}},
		"name":   {docker("../etc"), []string{"../etc"}},
		"appc":   {&mesospb.Image{Type: mesospb.Image_APPC.Enum(), Appc: &mesospb.Image_Appc{Name: proto.String("a")}}, []string{"no registry serves them any more"}},
	} {
		status := launch(id, c.image, shell("true"))
		for _, says := range c.says {
			if status.GetState() != mesospb.TaskState_TASK_FAILED || !strings.Contains(status.GetMessage(), says) {
				t.Errorf("%s: %v; want %q", id, status, says)
			}
		}
	}

	agent := "http://" + l.Agents()[0]
	if metrics := ask(t, http.MethodGet, agent+"/metrics/snapshot", "", http.StatusOK); !strings.Contains(metrics, `"containerizer/mesos/provisioner/docker_store/image_pull_ms/max":`) {
		t.Errorf("metrics %s", metrics)
	}
	if report := ask(t, http.MethodGet, agent+"/mesosctl/images", "", http.StatusOK); !strings.Contains(report, `"name":"`+good+`"`) || !strings.Contains(report, `"pulls":[]`) {
		t.Errorf("report %s", report)
	}
	ask(t, http.MethodPost, agent+"/api/v1", `{"type":"PRUNE_IMAGES","prune_images":{"excluded_images":[{"type":"DOCKER","docker":{"name":"`+good+`"}}]}}`, http.StatusOK)
	if report := ask(t, http.MethodGet, agent+"/mesosctl/images", "", http.StatusOK); !strings.Contains(report, good) {
		t.Errorf("an image that was excluded is gone: %s", report)
	}
	ask(t, http.MethodPost, agent+"/api/v1", `{"type":"PRUNE_IMAGES"}`, http.StatusOK)
	if report := ask(t, http.MethodGet, agent+"/mesosctl/images", "", http.StatusOK); !strings.Contains(report, `"images":[]`) {
		t.Errorf("after pruning: %s", report)
	}
	left, err := filepath.Glob(filepath.Join(cfg.WorkDir, "*", "provisioner/containers/*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left of containers: %q, %v", left, err)
	}
}

func TestImagesThatCanNotBe(t *testing.T) {
	for says, images := range map[string]ImagesConfig{
		"no registry serves them any more": {Providers: []string{"appc"}},
		"needs filesystem/linux":           {Providers: []string{"docker"}},
	} {
		cfg := localConfig(t)
		cfg.Agent.Isolation = []string{"posix/cpu"}
		cfg.Agent.Images = images
		l, err := StartLocal(t.Context(), cfg)
		if err == nil {
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want %q", err, says)
		}
	}
}
