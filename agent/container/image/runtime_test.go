package image

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// TestCommandTable is the table of
// https://mesos.apache.org/documentation/latest/isolators/docker-runtime/.
func TestCommandTable(t *testing.T) {
	const wrong = "error"
	entrypoint, cmd := []string{"/e0", "e1"}, []string{"/c0", "c1"}
	images := []container.ImageConfig{{}, {Cmd: cmd}, {Entrypoint: entrypoint}, {Entrypoint: entrypoint, Cmd: cmd}}
	for _, row := range []struct {
		shell, value, argv bool
		want               [4]string // "" is the command's own
	}{
		{false, false, false, [4]string{wrong, "/c0 c1", "/e0 e1", "/e0 e1 /c0 c1"}},
		{false, false, true, [4]string{wrong, "/c0 a", "/e0 e1 a", "/e0 e1 a"}},
		{false, true, false, [4]string{}},
		{false, true, true, [4]string{}},
		{true, false, false, [4]string{wrong, wrong, wrong, wrong}},
		{true, false, true, [4]string{wrong, wrong, wrong, wrong}},
		{true, true, false, [4]string{}},
		{true, true, true, [4]string{}},
	} {
		command := &mesospb.CommandInfo{Shell: &row.shell}
		if row.value {
			command.Value = new("/value")
		}
		if row.argv {
			command.Arguments = []string{"a"}
		}
		for i, config := range images {
			got, err := commandOf(command, &config)
			switch {
			case row.want[i] == wrong:
				if mesos.KindOf(err) != mesos.Invalid || err == nil {
					t.Errorf("%+v, image %d: %q, %v; want an error", row, i, got, err)
				}
			case err != nil || strings.Join(got, " ") != row.want[i]:
				t.Errorf("%+v, image %d: %q, %v; want %q", row, i, got, err, row.want[i])
			}
		}
	}
	if !slices.Equal(entrypoint, []string{"/e0", "e1"}) || !slices.Equal(cmd, []string{"/c0", "c1"}) {
		t.Errorf("the image was changed: %q %q", entrypoint, cmd)
	}
}

func TestEnvironment(t *testing.T) {
	command := &mesospb.CommandInfo{Environment: &mesospb.Environment{Variables: []*mesospb.Environment_Variable{
		{Name: new("MINE"), Value: new("mine")}, {Name: new("SECRET"), Type: mesospb.Environment_Variable_SECRET.Enum()},
	}}}
	got := environment(
		[]string{"PATH=/agent", "MESOS_SANDBOX=/s", "MINE=mine", "HOME=/root", supervise.Marker + "=c"}, command,
		[]string{"PATH=/image", "MESOS_SANDBOX=/x", "MINE=image", "NEW=a=b", "SECRET=x", "novalue", "=x", "EMPTY=", "N\x00=x", supervise.Marker + "=x", "NEW=c"})
	want := []string{"PATH=/image", "MESOS_SANDBOX=/s", "MINE=mine", "HOME=/root", supervise.Marker + "=c", "NEW=c", "EMPTY="}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// root is a directory with files of users.
func accounts(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nbroken\nalice:x:1000:1001:Alice:/home/alice:/bin/sh\n7:x:8:9::/:\n",
		"group":  "root:x:0:\nalice:x:1001:\nwheel:x:10:root,alice\naudio:x:29:alice\nodd:x:nine:alice\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestUsersOfImages(t *testing.T) {
	root := accounts(t)
	for spec, want := range map[string]supervise.User{
		"alice":       {UID: 1000, GID: 1001, Groups: []uint32{10, 29}},
		"1000":        {UID: 1000, GID: 1001, Groups: []uint32{10, 29}},
		"alice:audio": {UID: 1000, GID: 29},
		"alice:77":    {UID: 1000, GID: 77},
		"77:78":       {UID: 77, GID: 78},
		"77":          {UID: 77},
		"7":           {UID: 8, GID: 9}, // a name, before a number
		"root":        {Groups: []uint32{10}},
	} {
		got, err := userOf(root, spec)
		if err != nil || got.UID != want.UID || got.GID != want.GID || !slices.Equal(got.Groups, want.Groups) {
			t.Errorf("%s: %+v, %v; want %+v", spec, got, err, want)
		}
	}
	for _, spec := range []string{"bob", "alice:nobody", "4294967295"} {
		if got, err := userOf(root, spec); err == nil {
			t.Errorf("%s: %+v", spec, got)
		}
	}
	bare := t.TempDir()
	if got, err := userOf(bare, "5:6"); err != nil || got.UID != 5 || got.GID != 6 {
		t.Errorf("without files: %+v, %v", got, err)
	}
	if err := os.Symlink("/etc", filepath.Join(bare, "etc")); err != nil {
		t.Fatal(err)
	}
	if got, err := userOf(bare, "root"); err == nil {
		t.Errorf("the host's files were read: %+v", got)
	}
}

func plan(config container.ImageConfig, root string) *container.Plan {
	return &container.Plan{
		Spec:    &container.Spec{Sandbox: root, Command: &mesospb.CommandInfo{Shell: new(false)}},
		Image:   &container.Image{Root: root, Config: config},
		Process: supervise.Process{Dir: "/mnt/mesos/sandbox", Env: []string{"PATH=/agent"}},
	}
}

func TestRuntimePrepare(t *testing.T) {
	config := container.ImageConfig{
		Entrypoint: []string{"/bin/x", "y"}, Env: []string{"PATH=/image"}, WorkingDir: "/work", User: "alice",
	}
	root := accounts(t)
	p := plan(config, root)
	if err := Runtime(false).Prepare(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	got := p.Process
	if got.Path != "/bin/x" || !slices.Equal(got.Args, []string{"/bin/x", "y"}) || got.Dir != "/work" || !slices.Equal(got.Env, []string{"PATH=/image"}) {
		t.Errorf("%+v", got)
	}
	if os.Geteuid() == 0 && (got.User == nil || got.User.UID != 1000) {
		t.Errorf("user %+v", got.User)
	}
	// Whom the framework names counts more, as in Mesos.
	p = plan(config, root)
	p.Spec.User = "root"
	if err := Runtime(false).Prepare(context.Background(), p); err != nil || p.Process.User != nil {
		t.Errorf("user %+v, %v", p.Process.User, err)
	}
	// covers: ProvisionerDockerTest.ROOT_DockerIgnoreRuntime
	p = plan(config, root)
	if err := Runtime(true).Prepare(context.Background(), p); err != nil || p.Process.Path != "" || p.Process.Dir != "/mnt/mesos/sandbox" ||
		!slices.Equal(p.Process.Env, []string{"PATH=/agent"}) || p.Process.User != nil {
		t.Errorf("ignored: %+v, %v", p.Process, err)
	}
	for _, bad := range []container.ImageConfig{{}, {Cmd: []string{"x"}, WorkingDir: "relative"}} {
		if err := Runtime(false).Prepare(context.Background(), plan(bad, root)); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestConfigurationsOfImages(t *testing.T) {
	// covers: OCISpecTest.ParseConfiguration
	got, err := configOf([]byte(`{
  "created": "2015-10-31T22:22:56.015925234Z", "architecture": "amd64", "os": "linux",
  "config": {
    "User": "alice", "ExposedPorts": {"8080/tcp": {}},
    "Env": ["PATH=/usr/bin:/bin", "FOO=oci_is_a"],
    "Entrypoint": ["/bin/my-app-binary"], "Cmd": ["--config", "/etc/my-app.d/default.cfg"],
    "Volumes": {"/var/job-result-data": {}}, "WorkingDir": "/home/alice",
    "Labels": {"com.example.project.git.commit": "45a939b2"}
  },
  "rootfs": {"type": "layers", "diff_ids": []}
}`))
	if err != nil || got.User != "alice" || !slices.Equal(got.Env, []string{"PATH=/usr/bin:/bin", "FOO=oci_is_a"}) ||
		!slices.Equal(got.Entrypoint, []string{"/bin/my-app-binary"}) || !slices.Equal(got.Cmd, []string{"--config", "/etc/my-app.d/default.cfg"}) ||
		got.WorkingDir != "/home/alice" {
		t.Errorf("%+v, %v", got, err)
	}
	// covers: DockerSpecTest.ParseV1ImageManifest
	got, err = configOf([]byte(`{
  "container": "7f65", "parent": "cfa7", "created": "2015-09-21T20:15:47.866196515Z",
  "config": {"Hostname": "5f8e", "Entrypoint": null, "Env": null, "User": "", "Cmd": ["sh"], "WorkingDir": "", "Labels": {"com.nvidia.cuda.version": "7.5"}},
  "container_config": {"Entrypoint": ["./bin/start"], "Env": ["LANG=C.UTF-8"], "Cmd": ["/bin/sh", "-c", "#(nop) CMD [\"sh\"]"], "WorkingDir": "/marathon"},
  "architecture": "amd64", "os": "linux", "id": "d705", "Size": 0
}`))
	if err != nil || !slices.Equal(got.Cmd, []string{"sh"}) || got.Entrypoint != nil || got.Env != nil || got.WorkingDir != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := configOf([]byte(`{"config": {"Cmd": "sh"}}`)); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("a Cmd that is no list: %v", err)
	}
}
