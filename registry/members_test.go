package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/internal/ports"
	"github.com/mesosctl/mesosctl/master"
)

// freeURLs are URLs on ports that were free a moment ago.
func freeURLs(t *testing.T, n int) []string {
	t.Helper()
	free, err := ports.Free("127.0.0.1", n)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, port := range free {
		urls = append(urls, fmt.Sprintf("http://127.0.0.1:%d", port))
	}
	return urls
}

// startThree runs a cluster of three members.
func startThree(t *testing.T) []*Embedded {
	t.Helper()
	urls := freeURLs(t, 3)
	var cluster []string
	for i, url := range urls {
		cluster = append(cluster, fmt.Sprintf("m%d=%s", i, url))
	}
	type started struct {
		member *Embedded
		err    error
	}
	results := make(chan started, len(urls))
	for i, url := range urls {
		go func() {
			member, err := StartEmbedded(within(t, 30*time.Second), EmbeddedConfig{
				Dir: t.TempDir(), Name: fmt.Sprintf("m%d", i), ListenPeer: []string{url},
				InitialCluster: strings.Join(cluster, ","), Fast: true,
			})
			results <- started{member, err}
		}()
	}
	var members []*Embedded
	for range urls {
		result := <-results
		if result.err != nil {
			t.Fatal(result.err)
		}
		members = append(members, result.member)
		t.Cleanup(result.member.Close)
	}
	return members
}

func TestThreeMastersShareOneRegistry(t *testing.T) {
	began := time.Now()
	members := startThree(t)
	t.Logf("three members were ready after %v", time.Since(began))
	first := campaign(t, members[0].Client(), mortal("a"))
	if err := first.Store().Commit(within(t, 10*time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
		t.Fatal(err)
	}
	next := make(chan *Term, 1)
	go func() {
		term, err := Campaign(within(t, 30*time.Second), members[1].Client(), candidate("b"))
		if err != nil {
			t.Error(err)
		}
		next <- term
	}()
	// The leading master's host is lost, with its member: two of three go on.
	lost := time.Now()
	members[0].Close()
	t.Logf("closed after %v", time.Since(lost))
	if err := over(t, first); !errors.Is(err, ErrStopped) {
		t.Errorf("the lost leader's term ended with %v", err)
	}
	second := <-next
	if second == nil {
		t.Fatal("nobody took over")
	}
	t.Logf("the next term began %v after the loss", time.Since(lost))
	defer second.Resign(within(t, 10*time.Second))
	if second.Revision() <= first.Revision() {
		t.Errorf("terms %d, then %d", first.Revision(), second.Revision())
	}
	if got := admitted(t, second.Store()); len(got) != 1 || got[0] != "a-S0" {
		t.Errorf("the registry holds %v", got)
	}
}
