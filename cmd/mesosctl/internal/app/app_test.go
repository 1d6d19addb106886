package app

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestTheClusterThatIsMeant(t *testing.T) {
	a := &App{Environ: []string{"XDG_RUNTIME_DIR=" + t.TempDir(), "MESOS_MASTER=b:1,c"}}
	for _, test := range []struct {
		app         *App
		flag        string
		want, place string
	}{
		{a, "a", "a:5050", "--master"},
		{a, "", "b:1 c:5050", "MESOS_MASTER"},
		{&App{Environ: a.Environ[:1]}, "", "", ""},
	} {
		got, err := test.app.FindCluster(test.flag)
		if err != nil || strings.Join(got.Masters, " ") != test.want || got.From != test.place {
			t.Errorf("%q: %+v, %v", test.flag, got, err)
		}
	}
	if _, err := a.FindCluster("zk://a"); mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), "--master") {
		t.Errorf("error is %v", err)
	}
	if _, err := (&App{Environ: a.Environ[:1]}).Connect("", 0); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("error is %v", err)
	}
}

func TestTheLastOfAVariableCounts(t *testing.T) {
	a := &App{Environ: []string{"A=1", "AB=2", "A=3"}}
	if got := a.Getenv("A"); got != "3" {
		t.Errorf("A is %q", got)
	}
	if got := a.Getenv("B"); got != "" {
		t.Errorf("B is %q", got)
	}
	if got := (&App{Environ: []string{"MESOSCTL_ETC=/e"}}).Etc("mesos-master"); got != "/e/mesos-master" {
		t.Errorf("etc is %q", got)
	}
}
