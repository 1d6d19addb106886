package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestAnExternalClusterServesAsWell(t *testing.T) {
	member := start(t, EmbeddedConfig{ListenClient: []string{"http://127.0.0.1:0"}})
	client, err := Dial(within(t, 5*time.Second), member.ClientURLs())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	term := campaign(t, client, candidate("a"))
	var writes []master.RegistryWrite
	for i := range 300 { // more than etcd's default --max-txn-ops
		writes = append(writes, admit(t, fmt.Sprintf("a-S%d", i)))
	}
	if err := term.Store().Commit(within(t, 10*time.Second), writes); err != nil {
		t.Fatal(err)
	}
	if got := admitted(t, term.Store()); len(got) != 300 {
		t.Errorf("%d agents", len(got))
	}
}

func TestDialSaysWhoDidNotAnswer(t *testing.T) {
	_, err := Dial(within(t, 300*time.Millisecond), []string{"http://127.0.0.1:1"})
	if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("dial of a closed port: %v", err)
	}
	if _, err := Dial(within(t, time.Second), nil); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("dial of nothing: %v", err)
	}
}
