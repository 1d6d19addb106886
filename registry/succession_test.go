package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

func TestAStandbyEndsTheTermOfALeaderThatIsGone(t *testing.T) {
	client := start(t, EmbeddedConfig{}).Client()
	first := campaign(t, client, candidate("a"))
	if err := client.Depose(within(t, time.Second), first.Revision()+1); err != nil || first.Err() != nil {
		t.Fatalf("another term's number: %v, %v", err, first.Err())
	}
	if err := client.Depose(within(t, time.Second), first.Revision()); err != nil {
		t.Fatal(err)
	}
	if err := over(t, first); !errors.Is(err, ErrFenced) {
		t.Errorf("the term ended with %v", err)
	}
	second := campaign(t, client, candidate("b"))
	if err := client.Depose(within(t, time.Second), first.Revision()); err != nil || second.Err() != nil {
		t.Errorf("the next leader is deposed with the first: %v, %v", err, second.Err())
	}
}

// isolate cuts a member off from the others.
func isolate(members []*Embedded, at int, mend bool) {
	for i, m := range members {
		if i == at {
			continue
		}
		one, other := members[at].etcd.Server, m.etcd.Server
		if mend {
			one.MendPeer(other.MemberID())
			other.MendPeer(one.MemberID())
		} else {
			one.CutPeer(other.MemberID())
			other.CutPeer(one.MemberID())
		}
	}
}

func TestALeaderThatIsCutOffStopsBeforeTheNextStarts(t *testing.T) {
	// covers: ZooKeeperMasterContenderDetectorTest.ContenderDetectorShutdownNetwork
	// covers: ZooKeeperMasterContenderDetectorTest.MasterDetectorExpireMasterZKSession
	// covers: ZooKeeperMasterContenderDetectorTest.MasterDetectorExpireSlaveZKSession
	// covers: ZooKeeperMasterContenderDetectorTest.MasterDetectorExpireSlaveZKSessionNewMaster
	// covers: ZooKeeperMasterContenderDetectorTest.MasterDetectorTimedoutSession
	for _, leadsEtcd := range []bool{true, false} {
		members := startThree(t)
		first := campaign(t, members[0].Client(), mortal("a"))
		placeEtcdLeader(t, members, leadsEtcd)
		leaders := members[2].Client().Observe(within(t, time.Minute))
		await(t, leaders, "a")
		stopped := make(chan time.Time, 1)
		go func() { <-first.Done(); stopped <- time.Now() }()
		next := make(chan *Term, 1)
		started := make(chan time.Time, 1)
		go func() {
			term, err := Campaign(within(t, time.Minute), members[1].Client(), candidate("b"))
			if err != nil {
				t.Error(err)
			}
			started <- time.Now()
			next <- term
		}()

		isolate(members, 0, false)
		ended, began := <-stopped, <-started
		t.Logf("with etcd's leader there (%v): the old term ended %v before the next began", leadsEtcd, began.Sub(ended))
		if !ended.Before(began) || first.Holds() {
			t.Errorf("the old leader was still at it")
		}
		second := <-next
		await(t, leaders, "b")
		// What it may still try when it is back is refused.
		isolate(members, 0, true)
		late := newStore(&Term{client: members[0].Client(), revision: first.revision, candidate: first.candidate, ctx: context.Background()})
		ops, _ := gather([]commit{{writes: []master.RegistryWrite{admit(t, "a-S1")}}}, embeddedTxnOps)
		if err := late.write(ops); !errors.Is(err, ErrFenced) {
			t.Errorf("a late write: %v", err)
		}
		// And it can lead again.
		if err := second.Resign(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if third := campaign(t, members[0].Client(), candidate("a")); third.Revision() <= second.Revision() {
			t.Errorf("terms %d, then %d", second.Revision(), third.Revision())
		}
		for _, m := range members {
			m.Close()
		}
	}
}

// placeEtcdLeader makes the first member etcd's leader, or another one.
func placeEtcdLeader(t *testing.T, members []*Embedded, first bool) {
	t.Helper()
	server := members[0].etcd.Server
	if !first {
		if err := members[0].StepAside(t.Context()); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, m := range members {
		if s := m.etcd.Server; s.Leader() == s.MemberID() && s != server {
			if err := s.MoveLeader(within(t, 10*time.Second), uint64(s.MemberID()), uint64(server.MemberID())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func await(t *testing.T, leaders <-chan *Leader, id string) {
	t.Helper()
	for end := time.After(time.Minute); ; {
		select {
		case leader := <-leaders:
			if leader != nil && leader.Info.GetId() == id {
				return
			}
		case <-end:
			t.Fatalf("%s was never seen to lead", id)
		}
	}
}

func TestALeadersHostDoesNotLeadEtcd(t *testing.T) {
	members := startThree(t)
	placeEtcdLeader(t, members, true)
	if err := members[0].StepAside(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := members[0].etcd.Server; s.Leader() == s.MemberID() {
		t.Error("it leads etcd still")
	}
	single := start(t, EmbeddedConfig{})
	if err := single.StepAside(t.Context()); err != nil {
		t.Errorf("a member alone: %v", err)
	}
}

func TestALargeCommitIsDoneInOrder(t *testing.T) {
	client := start(t, EmbeddedConfig{}).Client()
	term := campaign(t, client, candidate("a"))
	var writes []master.RegistryWrite
	for i := range 3*embeddedTxnOps + 5 {
		writes = append(writes, admit(t, fmt.Sprintf("a-S%06d", i)))
	}
	// The term ends between the first part and the rest, as if at a crash.
	const part = embeddedTxnOps - 1 // one operation is the store's own
	txns := split(writes, part)
	if len(txns) != 4 {
		t.Fatalf("%d transactions", len(txns))
	}
	late := newStore(&Term{client: client, revision: term.revision, candidate: term.candidate, ctx: context.Background()})
	if err := late.write(txns[:1]); err != nil {
		t.Fatal(err)
	}
	if err := client.Depose(within(t, time.Second), term.Revision()); err != nil {
		t.Fatal(err)
	}
	if err := late.write(txns[1:]); !errors.Is(err, ErrFenced) {
		t.Fatalf("the rest: %v", err)
	}
	got := admitted(t, campaign(t, client, candidate("b")).Store())
	if len(got) != part || got[0] != "a-S000000" || got[len(got)-1] != fmt.Sprintf("a-S%06d", part-1) {
		t.Errorf("the registry holds %d agents, from %s to %s: no beginning of what was written", len(got), got[0], got[len(got)-1])
	}
}

func TestAWriteThatCannotBeMadeInTimeEndsTheTerm(t *testing.T) {
	// covers: RegistrarTest.StoreTimeout
	// covers: RegistrarTest.Abort
	members := startThree(t)
	c := candidate("a")
	c.StoreTimeout = 300 * time.Millisecond
	term := campaign(t, members[0].Client(), c)
	if err := term.Store().Commit(within(t, 10*time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
		t.Fatal(err)
	}
	isolate(members, 0, false)
	err := term.Store().Commit(within(t, 10*time.Second), []master.RegistryWrite{admit(t, "a-S1")})
	if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "transaction of 1 writes") {
		t.Errorf("without a majority: %v", err)
	}
	if over(t, term) == nil {
		t.Error("the term goes on")
	}
	if err := term.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, "a-S2")}); err == nil {
		t.Error("a write after one that failed is made")
	}
}

func TestARegistryThatCannotBeReadInTimeIsAnError(t *testing.T) {
	// covers: RegistrarTest.FetchTimeout
	members := startThree(t)
	term := campaign(t, members[0].Client(), candidate("a"))
	isolate(members, 0, false)
	if _, err := term.Store().Load(within(t, 300*time.Millisecond)); mesos.KindOf(err) != mesos.Unavailable || errors.Is(err, ErrUnreadable) {
		t.Errorf("loaded without a majority: %v", err)
	}
}

func TestAnAgentsDescriptionIsReplaced(t *testing.T) {
	// covers: RegistrarTest.UpdateSlave
	// covers: RegistrarTest.Recover
	dir := t.TempDir()
	for life, want := range []string{"", "a-S0", "a-S0"} {
		member, err := StartEmbedded(within(t, 20*time.Second), EmbeddedConfig{Dir: dir, Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		term := campaign(t, member.Client(), candidate("a"))
		if got := strings.Join(admitted(t, term.Store()), ","); got != want {
			t.Errorf("life %d: the registry holds %q, not %q", life, got, want)
		}
		if err := term.Store().Commit(within(t, 10*time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
			t.Fatal(err)
		}
		if err := term.Resign(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		member.Close()
	}
}

func TestAFullMemberTakesWritesAgain(t *testing.T) {
	member := start(t, EmbeddedConfig{QuotaBytes: 4 << 20})
	client := member.Client()
	value := strings.Repeat("x", 512<<10)
	var err error
	for range 100 { // the same key: old revisions fill the file
		if _, err = client.etcd.Put(within(t, 5*time.Second), "/other", value); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("the quota was never reached")
	}
	full := member.Sizes()
	if err := member.Maintain(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if now := member.Sizes(); now.File >= full.File {
		t.Errorf("the file has %d bytes, and had %d", now.File, full.File)
	}
	if _, err := client.etcd.Put(within(t, 5*time.Second), "/other", value); err != nil {
		t.Errorf("after maintenance: %v", err)
	}
	alarms, err := client.etcd.AlarmList(within(t, time.Second))
	if err != nil || len(alarms.Alarms) != 0 {
		t.Errorf("alarms %v, %v", alarms, err)
	}
}
