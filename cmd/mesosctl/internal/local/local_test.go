//go:build unix

package local

import (
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestOneClusterAtATime(t *testing.T) {
	d := Dir(filepath.Join(t.TempDir(), "state"))
	if _, running, err := d.Running(); err != nil || running {
		t.Fatalf("before the first: %t, %v", running, err)
	}
	release, err := d.Claim()
	if err != nil {
		t.Fatal(err)
	}
	if _, running, err := d.Running(); err != nil || running {
		t.Fatalf("while it starts: %t, %v", running, err)
	}
	want := Cluster{PID: 7, Master: "127.0.0.1:1", Agents: []string{"127.0.0.1:2"}}
	if err := d.Write(want); err != nil {
		t.Fatal(err)
	}
	got, running, err := d.Running()
	if err != nil || !running || got.Master != want.Master || got.PID != 7 || len(got.Agents) != 1 {
		t.Fatalf("while it runs: %+v, %t, %v", got, running, err)
	}
	if _, err := d.Claim(); mesos.KindOf(err) != mesos.Conflict {
		t.Fatalf("a second one: %v", err)
	}
	release()
	if _, running, err := d.Running(); err != nil || running {
		t.Fatalf("after its end: %t, %v", running, err)
	}
}

func TestWhatAKilledClusterLeftIsNone(t *testing.T) {
	d := Dir(t.TempDir())
	release, err := d.Claim()
	if err != nil {
		t.Fatal(err)
	}
	release()
	if err := d.Write(Cluster{PID: 7, Master: "127.0.0.1:1"}); err != nil { // and no lock
		t.Fatal(err)
	}
	if _, running, err := d.Running(); err != nil || running {
		t.Fatalf("running is %t, %v", running, err)
	}
}

func TestWhereTheStateIsKept(t *testing.T) {
	for want, environ := range map[string]map[string]string{
		"/run/mesosctl":            {"XDG_RUNTIME_DIR": "/run", "XDG_STATE_HOME": "/s", "HOME": "/h"},
		"/s/mesosctl":              {"XDG_STATE_HOME": "/s", "HOME": "/h"},
		"/h/.local/state/mesosctl": {"HOME": "/h"},
	} {
		if got := Find(func(name string) string { return environ[name] }); string(got) != want {
			t.Errorf("%v: %s, want %s", environ, got, want)
		}
	}
}
