package image

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/image/imagetest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func docker(name string) *mesospb.Image {
	return &mesospb.Image{Type: mesospb.Image_DOCKER.Enum(), Docker: &mesospb.Image_Docker{Name: &name}}
}

func newProvisioner(t *testing.T, config Config) *Provisioner {
	t.Helper()
	config.Now, config.Log, config.BootID = time.Now, slog.New(slog.DiscardHandler), "boot"
	if config.WorkDir == "" {
		config.WorkDir = t.TempDir()
	}
	if config.StoreDir == "" {
		config.StoreDir = filepath.Join(t.TempDir(), "store")
	}
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Recover(nil)
		_ = p.Close()
		if left, err := p.paths.Containers(); err != nil || len(left) > 0 {
			t.Errorf("left of containers: %v, %v", left, err)
		}
	})
	return p
}

func provision(t *testing.T, p *Provisioner, id mesos.ContainerID, name string) *container.Image {
	t.Helper()
	image, err := p.Provision(t.Context(), id, docker(name))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func small(t *testing.T, mark string) v1.Image {
	return imagetest.Image(t, v1.Config{Cmd: []string{mark}}, imagetest.Layer(t, imagetest.File("mark", mark)))
}

// eachBackend runs a test with every backend that works here.
func eachBackend(t *testing.T, f func(t *testing.T, backend string)) {
	for _, backend := range []string{"overlay", "bind", "copy"} {
		t.Run(backend, func(t *testing.T) {
			if backend != "copy" && os.Geteuid() != 0 {
				t.Skip("it takes root to mount")
			}
			f(t, backend)
		})
	}
}

func TestProvisionAndDestroy(t *testing.T) {
	// covers: ProvisionerDockerBackendTest.ROOT_INTERNET_CURL_DTYPE_RootfsCleanup
	// covers: ProvisionerAppcTest.ROOT_Provision
	// covers: ProvisionerAppcTest.ROOT_ProvisionNestedContainer
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", small(t, "box"))
	eachBackend(t, func(t *testing.T, backend string) {
		p := newProvisioner(t, Config{Backend: backend})
		image := provision(t, p, "c1", name)
		if image.Config.Cmd[0] != "box" || !exists(image.Root+"/mark") || !strings.HasPrefix(image.Root, p.config.WorkDir+"/provisioner/containers/c1/backends/"+backend+"/rootfses/") {
			t.Errorf("%+v", image)
		}
		volume := provision(t, p, "c1", name) // of the same container
		if volume.Root == image.Root || !exists(volume.Root+"/mark") {
			t.Errorf("a second one: %+v", volume)
		}
		nested := provision(t, p, "c1.n1", name)
		other := provision(t, p, "c1.n2", name)
		for range 2 {
			if err := p.Destroy(t.Context(), "c1.n1"); err != nil {
				t.Fatal(err)
			}
		}
		if exists(nested.Root) || !exists(other.Root+"/mark") || !exists(image.Root+"/mark") {
			t.Error("not the nested container was destroyed, or more than that")
		}
		for range 2 {
			if err := p.Destroy(t.Context(), "c1"); err != nil {
				t.Fatal(err)
			}
		}
		if exists(p.paths.Container("c1")) {
			t.Error("something is left")
		}
	})
}

func TestRecoverKeepsWhatGoesOn(t *testing.T) {
	// covers: ProvisionerDockerTest.ROOT_RecoverNestedOnReboot
	// covers: ProvisionerAppcTest.Recover
	// covers: ProvisionerAppcTest.RecoverNestedContainer
	// covers: ProvisionerAppcTest.RecoverNestedContainerNoParentImage
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", small(t, "box"))
	eachBackend(t, func(t *testing.T, backend string) {
		p := newProvisioner(t, Config{Backend: backend})
		roots := map[mesos.ContainerID]string{}
		for _, id := range []mesos.ContainerID{"lives", "parent.lives", "gone", "gone.nested", "bare.gone"} {
			roots[id] = provision(t, p, id, name).Root
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		next := newProvisioner(t, p.config)
		if err := next.Recover([]mesos.ContainerID{"lives", "parent", "parent.lives"}); err != nil {
			t.Fatal(err)
		}
		for id, root := range roots {
			if lives := strings.HasSuffix(string(id), "lives"); exists(root+"/mark") != lives {
				t.Errorf("%s: exists is %v", id, !lives)
			}
		}
		if err := next.Prune(nil); err != nil {
			t.Fatal(err)
		}
		if !exists(roots["lives"] + "/mark") {
			t.Error("a layer in use was removed")
		}
		if more := provision(t, next, "lives", name); !exists(more.Root + "/mark") {
			t.Error("a container that was taken over can have no further image")
		}
		for _, id := range []mesos.ContainerID{"lives", "parent.lives"} {
			if err := next.Destroy(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := next.paths.Containers(); err != nil || len(all) != 0 {
			t.Errorf("left: %v, %v", all, err)
		}
		if err := next.Prune(nil); err != nil {
			t.Fatal(err)
		}
		if known := next.Images(); len(known) != 0 {
			t.Errorf("known: %v", known)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(p.config.StoreDir, "*", "*")); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestNothingIsPrunedWhileLayersInUseAreNotKnown(t *testing.T) {
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", small(t, "box"))
	p := newProvisioner(t, Config{})
	provision(t, p, "c1", name)
	if err := os.WriteFile(p.paths.Layers("c1"), []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	next := newProvisioner(t, p.config)
	if err := next.Recover([]mesos.ContainerID{"c1"}); err != nil {
		t.Fatal(err)
	}
	if err := next.Prune(nil); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), "c1") {
		t.Errorf("error %v", err)
	}
	if err := next.Destroy(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	if err := next.Prune(nil); err != nil {
		t.Error(err)
	}
}

func TestProvisionRefuses(t *testing.T) {
	p := newProvisioner(t, Config{Registry: t.TempDir()})
	secret := docker("box")
	secret.Docker.Config = &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: &mesospb.Secret_Reference{Name: new("s")}}
	broken := docker("box")
	broken.Docker.Config = &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: []byte("secret")}}
	for says, image := range map[string]*mesospb.Image{
		"no registry serves them any more": {Type: mesospb.Image_APPC.Enum(), Appc: &mesospb.Image_Appc{Name: new("a")}},
		"no type":                          {},
		"not a registry":                   docker("../../etc/passwd"),
		"no archive box.tar":               docker("box"),
		"--secret_resolver":                secret,
		"not a JSON object":                broken,
	} {
		_, err := p.Provision(t.Context(), "c1", image)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret:") {
			t.Errorf("%v; want %q", err, says)
		}
		if err := p.Destroy(t.Context(), "c1"); err != nil {
			t.Error(err)
		}
	}
}

func TestCredentialsOfAnImage(t *testing.T) {
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", small(t, "box"))
	r.Before = func(w http.ResponseWriter, req *http.Request) bool {
		if user, password, _ := req.BasicAuth(); user == "me" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="r"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	config := func(password string) []byte {
		return []byte(`{"auths":{"` + r.Host + `":{"username":"me","password":"` + password + `"}}}`)
	}
	wrong := newProvisioner(t, Config{DockerConfig: string(config("wrong"))})
	if _, err := wrong.Provision(t.Context(), "c1", docker(name)); mesos.KindOf(err) != mesos.Forbidden {
		t.Errorf("wrong credentials: %v", err)
	}
	withConfig, withCredential := docker(name), docker(name)
	withConfig.Docker.Config = &mesospb.Secret{Type: mesospb.Secret_VALUE.Enum(), Value: &mesospb.Secret_Value{Data: config("secret")}}
	withCredential.Docker.Credential = &mesospb.Credential{Principal: new("me"), Secret: new("secret")}
	withReference := docker(name)
	withReference.Docker.Config = &mesospb.Secret{Type: mesospb.Secret_REFERENCE.Enum(), Reference: &mesospb.Secret_Reference{Name: new("docker"), Key: new("config")}}
	wrong.config.Secrets = secrets{"docker/config": config("secret")}
	for _, image := range []*mesospb.Image{withConfig, withCredential, withReference} {
		image.Cached = new(false)
		if _, err := wrong.Provision(t.Context(), "c1", image); err != nil {
			t.Errorf("%v: %v", image, err)
		}
	}
	right := newProvisioner(t, Config{DockerConfig: string(config("secret"))})
	provision(t, right, "c1", name)
}

// secrets are by name and key.
type secrets map[string][]byte

func (s secrets) Resolve(_ context.Context, name, key string) ([]byte, error) {
	return s[name+"/"+key], nil
}

func TestPullsTellWhoWaitsAndHowFarTheyAre(t *testing.T) {
	r := imagetest.NewRegistry(t)
	name := r.Push(t, "box", small(t, "box"))
	asked, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.Before = func(_ http.ResponseWriter, req *http.Request) bool {
		if strings.Contains(req.URL.Path, "/manifests/") {
			once.Do(func() { close(asked) })
			select {
			case <-open:
			case <-req.Context().Done():
			}
		}
		return false
	}
	p := newProvisioner(t, Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("killed")
	over := make(chan error)
	go func() {
		_, err := p.Provision(ctx, "c1", docker(name))
		over <- err
	}()
	<-asked
	if pulls := p.Pulls(); len(pulls) != 1 || pulls[0].Container != "c1" || pulls[0].Image != name+":latest" {
		t.Errorf("%+v", pulls)
	}
	cancel(why)
	if err := <-over; !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	if err := p.Destroy(t.Context(), "c1"); err != nil || len(p.Pulls()) != 0 {
		t.Errorf("%v, %v", p.Pulls(), err)
	}
	close(open)
}

func TestGCConfig(t *testing.T) {
	const good = `{"image_disk_headroom": 0.1, "image_disk_watch_interval": {"nanoseconds": 3600000000000},
  "excluded_images": [{"type": "DOCKER", "docker": {"name": "alpine"}}]}`
	path := filepath.Join(t.TempDir(), "gc.json")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{good, path, "file://" + path} {
		c, err := ParseGCConfig(value)
		if err != nil || c.Headroom != 0.1 || c.Interval != time.Hour || len(c.Excluded) != 1 || c.Excluded[0].GetDocker().GetName() != "alpine" {
			t.Errorf("%s: %+v, %v", value, c, err)
		}
	}
	for _, value := range []string{
		`{`, `{"image_disk_headroom": 0.1}`, `{"image_disk_headroom": 1.1, "image_disk_watch_interval": {"nanoseconds": 1}}`,
		`{"image_disk_watch_interval": {"nanoseconds": 1}}`, `{"image_disk_headroom": 0.1, "image_disk_watch_interval": {"nanoseconds": 0}}`, path + "nope",
		`{"image_disk_headroom": 0.1, "image_disk_watch_interval": {"nanoseconds": 1}, "excluded_images": [1]}`,
	} {
		if _, err := ParseGCConfig(value); mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "image_gc_config") {
			t.Errorf("%s: %v", value, err)
		}
	}
	if c, err := ParseGCConfig(""); c != nil || err != nil {
		t.Errorf("none: %v, %v", c, err)
	}
}

func TestImagesAreRemovedWhenTheDiskFills(t *testing.T) {
	r := imagetest.NewRegistry(t)
	gc := &GCConfig{Headroom: 0.25, Interval: time.Millisecond}
	p := newProvisioner(t, Config{GC: gc})
	for _, name := range []string{"used", "excluded", "other"} {
		full := r.Push(t, name, small(t, name))
		provision(t, p, mesos.ContainerID(name), full)
		if name == "excluded" {
			gc.Excluded = []*mesospb.Image{docker(full)}
		}
	}
	for _, id := range []mesos.ContainerID{"excluded", "other"} {
		if err := p.Destroy(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if part, err := used(p.config.StoreDir); err != nil || part <= 0 || part >= 1 {
		t.Errorf("used: %v, %v", part, err)
	}
	known := func() string {
		var names []string
		for _, k := range p.Images() {
			names = append(names, strings.TrimPrefix(k.Name, r.Host+"/"))
		}
		return strings.Join(names, " ")
	}
	var part atomic.Value
	part.Store(0.75)
	looked := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		p.watch(ctx, func() (float64, error) { looked <- struct{}{}; return part.Load().(float64), nil })
	})
	for range 3 { // the second look is over when the third begins
		<-looked
	}
	if got := known(); got != "excluded:latest other:latest used:latest" {
		t.Errorf("with enough space: %q", got)
	}
	part.Store(0.76)
	for range 3 {
		<-looked
	}
	if got := known(); got != "excluded:latest used:latest" {
		t.Errorf("with too little: %q", got)
	}
	cancel()
	go func() {
		for range looked { //nolint:revive // until nobody looks any more
		}
	}()
	wait.Wait()
	close(looked)
}

func TestCheckProviders(t *testing.T) {
	both := []string{"docker/runtime", "filesystem/linux"}
	if yes, err := CheckProviders([]string{"DOCKER"}, both); !yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	if yes, err := CheckProviders(nil, nil); yes || err != nil {
		t.Errorf("%v, %v", yes, err)
	}
	for says, c := range map[string][2][]string{
		"no registry serves them": {{"appc", "docker"}, both},
		`"oci": there is docker`:  {{"oci"}, both},
		"needs docker/runtime":    {{"docker"}, {"filesystem/linux"}},
		"needs filesystem/linux":  {{"docker"}, {"docker/runtime"}},
	} {
		if _, err := CheckProviders(c[0], c[1]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v; want %q", c, err, says)
		}
	}
}

// BenchmarkProvision is what an image that is here adds to a container's start
// and end.
func BenchmarkProvision(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("it takes root to mount")
	}
	r := imagetest.NewRegistry(b)
	var layers []v1.Layer
	for i := range 10 {
		layers = append(layers, imagetest.Layer(b, imagetest.File(fmt.Sprint(i), "x")))
	}
	name := r.Push(b, "box", imagetest.Image(b, v1.Config{}, layers...))
	p, err := New(Config{WorkDir: b.TempDir(), StoreDir: filepath.Join(b.TempDir(), "store"), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for b.Loop() {
		if _, err := p.Provision(b.Context(), "c", docker(name)); err != nil {
			b.Fatal(err)
		}
		if err := p.Destroy(b.Context(), "c"); err != nil {
			b.Fatal(err)
		}
	}
}
