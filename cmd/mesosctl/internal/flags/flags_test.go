package flags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/mesos"
)

type program struct {
	name  string
	dir   string
	port  int
	wait  time.Duration
	on    bool
	names []string
	set   *pflag.FlagSet
	table Table
}

func newProgram() *program {
	p := &program{set: pflag.NewFlagSet("program", pflag.ContinueOnError)}
	p.table = Table{
		String("name", &p.name, "nobody", ""),
		Path("work_dir", &p.dir, "", ""),
		Int("port", &p.port, 5050, 0, 65535, ""),
		Duration("agent_wait", &p.wait, "15secs", "").Formerly("slave_wait"),
		Bool("switch_user", &p.on, true, "").Formerly("change_user"),
		List("names", &p.names, "", ""),
		Later("acls", "", "none"),
		LaterBool("authenticate", false),
	}
	p.table.Register(p.set)
	return p
}

func TestDefaults(t *testing.T) {
	p := newProgram()
	if p.name != "nobody" || p.port != 5050 || p.wait != 15*time.Second || !p.on || p.names != nil {
		t.Errorf("defaults are %+v", p)
	}
	want := map[string]string{
		"name": "nobody", "port": "5050", "agent_wait": "15secs", "switch_user": "true", "authenticate": "false",
	}
	got := p.table.Effective()
	if len(got) != len(want) {
		t.Errorf("effective flags are %v", got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

func TestSpellings(t *testing.T) {
	for _, test := range []struct {
		args string
		ok   func(*program) bool
	}{
		{"--work_dir=/a", func(p *program) bool { return p.dir == "/a" }},
		{"--work-dir /a", func(p *program) bool { return p.dir == "/a" }},
		{"--work-dir=file:///a", func(p *program) bool { return p.dir == "/a" }},
		{"--slave-wait=1mins", func(p *program) bool { return p.wait == time.Minute }},
		{"--agent_wait=1m", func(p *program) bool { return p.wait == time.Minute }},
		{"--switch_user=false", func(p *program) bool { return !p.on }},
		{"--no-switch_user", func(p *program) bool { return !p.on }},
		{"--no-switch-user", func(p *program) bool { return !p.on }},
		{"--no_change_user", func(p *program) bool { return !p.on }},
		{"--no-switch_user=false", func(p *program) bool { return p.on }},
		{"--no-switch_user --switch_user", func(p *program) bool { return p.on }},
		{"--names=a,,b", func(p *program) bool { return len(p.names) == 2 }},
		{"--acls=none --authenticate=false --no-authenticate", func(*program) bool { return true }},
	} {
		p := newProgram()
		if err := p.set.Parse(strings.Fields(test.args)); err != nil || !test.ok(p) {
			t.Errorf("%s: %v, %+v", test.args, err, p)
		}
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for args, says := range map[string]string{
		"--port=x":            "--port",
		"--port=65536":        "65536",
		"--agent_wait=3":      "--agent_wait",
		"--agent_wait=-1secs": "negative",
		"--switch_user=maybe": "maybe",
		"--no-switch_user=7x": "7x",
		"--acls={}":           "--acls",
		"--authenticate":      "not supported yet",
		"--name=file:///none": "/none",
		"--work_dri=/a":       "did you mean --work_dir?",
		"--zzz":               "there is no flag --zzz",
		"-q":                  "-q",
		"--work_dir":          "--work_dir",
	} {
		p := newProgram()
		err := p.set.Parse(strings.Fields(args))
		if err == nil {
			t.Errorf("%s is taken", args)
			continue
		}
		err = Explain(p.set, err)
		if kind := mesos.KindOf(err); kind != mesos.Invalid && kind != mesos.Unsupported || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: kind %d, %v; want one about %s", args, kind, err, says)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPrecedence(t *testing.T) {
	etc := t.TempDir()
	write(t, filepath.Join(etc, "name"), "file\n")
	write(t, filepath.Join(etc, "work_dir"), "/file")
	write(t, filepath.Join(etc, "port"), "1")
	write(t, filepath.Join(etc, "?no-switch_user"), "")
	write(t, filepath.Join(etc, ".hidden"), "")
	write(t, filepath.Join(etc, "names", "b"), "2\n")
	write(t, filepath.Join(etc, "names", "a"), "1")
	p := newProgram()
	if err := p.set.Parse([]string{"--name=line"}); err != nil {
		t.Fatal(err)
	}
	environ := []string{"MESOS_NAME=env", "MESOS_WORK_DIR=/env", "MESOS_OTHER=x", "MESOS_SLAVE_WAIT=2secs"}
	if err := p.table.Load(Environment(environ), Directory(etc), Directory(filepath.Join(etc, "none"))); err != nil {
		t.Fatal(err)
	}
	if p.name != "line" || p.dir != "/env" || p.port != 1 || p.on || p.wait != 2*time.Second || p.names[0] != "a:1;b:2" {
		t.Errorf("values are %+v", p)
	}
}

func TestValueFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "value")
	write(t, path, "from a file\n")
	p := newProgram()
	if err := p.set.Parse([]string{"--name=file://" + path}); err != nil || p.name != "from a file" {
		t.Errorf("name is %q, %v", p.name, err)
	}
}

func TestWrongSourcesAreNamed(t *testing.T) {
	if err := newProgram().table.Load(Environment([]string{"MESOS_PORT=x"})); err == nil || !strings.Contains(err.Error(), "MESOS_PORT") {
		t.Errorf("error is %v", err)
	}
	for _, file := range []string{"prot", "port", "?name", "?nothing", "acls"} {
		etc := t.TempDir()
		write(t, filepath.Join(etc, file), "x")
		err := newProgram().table.Load(Directory(etc))
		if err == nil || !strings.Contains(err.Error(), filepath.Join(etc, file)) {
			t.Errorf("%s: error is %v", file, err)
		}
	}
}
