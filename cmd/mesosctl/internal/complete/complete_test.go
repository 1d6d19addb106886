package complete

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/mesos"
)

func words(list []string) string {
	var words []string
	for _, choice := range list {
		word, _, _ := strings.Cut(choice, "\t")
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestChoicesCanBeTyped(t *testing.T) {
	agents := []mesos.Named{{ID: "4f-a-S0", Name: "h1"}, {ID: "4f-a-S1", Name: "h2"}, {ID: "4f-a-S2", Name: "h2"}}
	tasks := []mesos.Named{{ID: "web-1", Name: "web"}, {ID: "web-2", Name: "web"}, {ID: "db-1"}, {ID: "x", Name: "y"}}
	for _, test := range []struct {
		kind, text, want string
		names            []mesos.Named
		given            []string
	}{
		{Agents, "", "h1 S1 S2", agents, nil},
		{Agents, "S", "S0 S1 S2", agents, nil},
		{Agents, "4", "4f-a-S0 4f-a-S1 4f-a-S2", agents, nil},
		{Agents, "", "S1", agents, []string{"h1", "4f-a-S2"}},
		{Tasks, "", "web-1 web-2 db-1 y", tasks, nil},
		{Tasks, "x", "x", tasks, nil},
		{Frameworks, "", "0000", []mesos.Named{{ID: "m-0000", Name: "two words"}}, nil}, // a shell would take it for two
		{Tasks, "", "web-1 web-2 db-1", tasks, []string{"x"}},
	} {
		if got := words(choices(test.kind, test.names, test.text, test.given)); got != test.want {
			t.Errorf("%s %q without %v: %q, want %q", test.kind, test.text, test.given, got, test.want)
		}
	}
}

// A master that takes connections and never answers must not be waited for.
func TestAMasterThatNeverAnswersIsNotWaitedFor(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	a := &app.App{Environ: []string{"MESOS_MASTER=" + silent.Addr().String(), "XDG_RUNTIME_DIR=" + t.TempDir()}}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	began := time.Now()
	names, _ := Names(a, Agents)(cmd, nil, "")
	// The deadline is 150 ms; without one this would not end. A machine that is busy may
	// take its time on top of that.
	const patience = 30 * time.Second
	if took := time.Since(began); len(names) != 0 || took > patience {
		t.Errorf("%v after %s", names, took)
	}
}
