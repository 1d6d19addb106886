package registry

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestTheRegistryGrowsWithWhatIsWritten(t *testing.T) {
	member := start(t, EmbeddedConfig{ListenClient: []string{"http://127.0.0.1:0"}})
	remote, err := Dial(within(t, 5*time.Second), member.ClientURLs())
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	for name, client := range map[string]*Client{"in process": member.Client(), "over a socket": remote} {
		term := campaign(t, client, candidate("a"))
		store := term.Store()
		before, err := store.Size(within(t, 5*time.Second))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		const size = 512 << 10
		// etcd counts whole pages that it has flushed, and may just have given up as many
		// as it takes: what is written again and again shows in the end.
		after, deadline := before, time.Now().Add(time.Minute)
		for n := 0; after < before+size/2 && time.Now().Before(deadline); n++ {
			if n%100 == 0 {
				key := fmt.Sprintf("later/%s/%d", name, n)
				if err := store.Commit(within(t, 5*time.Second), []master.RegistryWrite{{Key: key, Value: make([]byte, size)}}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Millisecond)
			if after, err = store.Size(within(t, 5*time.Second)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if after < before+size/2 || store.Waiting() != 0 {
			t.Errorf("%s: %d bytes more of %d, %d writes wait", name, after-before, size, store.Waiting())
		}
		if err := term.Resign(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newStore(&Term{client: remote}).Size(late); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("nobody answers in no time: %v", err)
	}
}
