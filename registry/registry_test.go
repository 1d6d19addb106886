package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/registrypb"
)

// start runs a single fast member for the test.
func start(t testing.TB, config EmbeddedConfig) *Embedded {
	t.Helper()
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	config.Fast = true
	member, err := StartEmbedded(within(t, 20*time.Second), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(member.Close)
	return member
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// candidate is one whose lease a busy machine can't miss.
func candidate(id string) Candidate {
	return Candidate{
		Info: &mesospb.MasterInfo{Id: proto.String(id), Ip: proto.Uint32(0), Port: proto.Uint32(5050)},
		TTL:  time.Hour,
	}
}

// mortal is a candidate whose lease ends soon after it can't be renewed.
func mortal(id string) Candidate {
	c := candidate(id)
	c.TTL = time.Second
	return c
}

func campaign(t testing.TB, client *Client, c Candidate) *Term {
	t.Helper()
	term, err := Campaign(within(t, 20*time.Second), client, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { term.Resign(within(t, 100*time.Millisecond)) }) // etcd may be gone
	return term
}

// over waits for the end of a term.
func over(t *testing.T, term *Term) error {
	t.Helper()
	select {
	case <-term.Done():
		return term.Err()
	case <-time.After(20 * time.Second):
		t.Fatal("the term did not end")
		return nil
	}
}

func admit(t *testing.T, id string) master.RegistryWrite {
	t.Helper()
	value, err := (&registrypb.AdmittedAgent{Info: &mesospb.AgentInfo{
		Hostname: proto.String(id + ".example"),
		Id:       &mesospb.AgentID{Value: proto.String(id)},
	}}).MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	return master.RegistryWrite{Key: master.AdmittedKey(mesos.AgentID(id)), Value: value}
}

func admitted(t *testing.T, store *Store) []string {
	t.Helper()
	recovered, err := store.Load(within(t, 20*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, agent := range recovered.Admitted {
		ids = append(ids, agent.GetInfo().GetId().GetValue())
	}
	return ids
}

func TestASingleMasterElectsItselfAtOnce(t *testing.T) {
	began := time.Now()
	member := start(t, EmbeddedConfig{})
	started := time.Since(began)
	term := campaign(t, member.Client(), candidate("a"))
	elected := time.Since(began)
	if err := term.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
		t.Fatal(err)
	}
	t.Logf("member started after %v, leader after %v, first write after %v", started, elected, time.Since(began))
	if term.Revision() == 0 || term.Err() != nil {
		t.Errorf("revision %d, err %v", term.Revision(), term.Err())
	}
	if urls := member.ClientURLs(); len(urls) != 0 {
		t.Errorf("a single member listens on %v", urls)
	}
}

func TestASecondCandidateWaitsForTheFirstToResign(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	first := campaign(t, member.Client(), candidate("a"))

	won := make(chan *Term)
	go func() {
		term, err := Campaign(within(t, 20*time.Second), member.Client(), candidate("b"))
		if err != nil {
			t.Error(err)
		}
		won <- term
	}()
	impatient := within(t, 300*time.Millisecond)
	if _, err := Campaign(impatient, member.Client(), candidate("c")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a candidate beside a leader: %v", err)
	}

	began := time.Now()
	if err := first.Resign(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	second := <-won
	t.Logf("the next term began %v after the resignation", time.Since(began))
	if !errors.Is(first.Err(), ErrResigned) {
		t.Errorf("the first term ended with %v", first.Err())
	}
	if second.Revision() <= first.Revision() {
		t.Errorf("terms %d, then %d", first.Revision(), second.Revision())
	}
	if err := second.Resign(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestADeposedLeaderIsToldAndCanWriteNothing(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	old := campaign(t, member.Client(), candidate("a"))
	if err := old.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, "a-S0")}); err != nil {
		t.Fatal(err)
	}
	// A write as a leader makes it that has not noticed anything yet.
	late := &Store{next: math.MaxInt64, term: &Term{client: member.Client(), revision: old.revision, candidate: old.candidate, ctx: context.Background()}}
	ops, _ := gather([]commit{{writes: []master.RegistryWrite{admit(t, "a-S1")}}}, embeddedTxnOps)

	if _, err := member.Client().etcd.Revoke(within(t, time.Second), old.lease); err != nil {
		t.Fatal(err)
	}
	if err := over(t, old); !errors.Is(err, ErrFenced) {
		t.Errorf("the old term ended with %v", err)
	}
	if err := late.write(ops); !errors.Is(err, ErrFenced) {
		t.Errorf("a late write with no leader: %v", err)
	}
	next := campaign(t, member.Client(), candidate("b"))
	if err := late.write(ops); !errors.Is(err, ErrFenced) {
		t.Errorf("a late write under another leader: %v", err)
	}
	err := old.Store().Commit(within(t, time.Second), []master.RegistryWrite{admit(t, "a-S2")})
	if !errors.Is(err, ErrFenced) || mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("a write after the term: %v", err)
	}
	if got := admitted(t, next.Store()); len(got) != 1 || got[0] != "a-S0" {
		t.Errorf("the registry holds %v", got)
	}
}

func TestALeaderThatCannotRenewStopsBeforeItsLeaseEnds(t *testing.T) {
	member := start(t, EmbeddedConfig{ListenClient: []string{"http://127.0.0.1:0"}})
	remote, err := Dial(within(t, 5*time.Second), member.ClientURLs())
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	term := campaign(t, remote, mortal("a"))
	// The leader's side of the connection goes dark; etcd itself lives on.
	remote.etcd.ActiveConnection().Close()

	if err := over(t, term); !errors.Is(err, ErrExpired) {
		t.Fatalf("the term ended with %v", err)
	}
	held, err := member.Client().etcd.Get(within(t, time.Second), leaderKey)
	if err != nil || len(held.Kvs) != 1 {
		t.Errorf("the lease ended before its holder knew: %v, %v", held, err)
	}
}

func TestAnEarlierLifeIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	member := start(t, EmbeddedConfig{Dir: dir})
	dead := campaign(t, member.Client(), candidate("a"))
	dead.end(errors.New("killed"))
	dead.done.Wait()

	began := time.Now()
	again := candidate("a2")
	again.Sole = true
	next := campaign(t, member.Client(), again)
	t.Logf("leads again after %v", time.Since(began))
	if next.Revision() <= dead.Revision() {
		t.Errorf("terms %d, then %d", dead.Revision(), next.Revision())
	}
}

func TestTheCandidatesOwnAddressMarksAnEarlierLife(t *testing.T) {
	at := func(ip string, port int32) *mesospb.MasterInfo {
		return &mesospb.MasterInfo{
			Id: proto.String("x"), Ip: proto.Uint32(0), Port: proto.Uint32(uint32(port)),
			Address: &mesospb.Address{Ip: &ip, Port: &port},
		}
	}
	for _, test := range []struct {
		name         string
		mine, leader *mesospb.MasterInfo
		want         bool
	}{
		{"same address", at("10.0.0.1", 5050), at("10.0.0.1", 5050), true},
		{"other port", at("10.0.0.1", 5051), at("10.0.0.1", 5050), false},
		{"other host", at("10.0.0.2", 5050), at("10.0.0.1", 5050), false},
		{"no address", candidate("a").Info, candidate("b").Info, false},
	} {
		value, err := test.leader.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		if got := (Candidate{Info: test.mine}).was(&mvccpb.KeyValue{Value: value}); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestARestartKeepsTheRegistry(t *testing.T) {
	dir := t.TempDir()
	member, err := StartEmbedded(within(t, 20*time.Second), EmbeddedConfig{Dir: dir, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	term := campaign(t, member.Client(), candidate("a"))
	var writes []master.RegistryWrite
	for i := range 2500 { // more than a page, and than a transaction
		writes = append(writes, admit(t, fmt.Sprintf("a-S%d", i)))
	}
	writes = append(writes, master.RegistryWrite{Key: master.AdmittedKey("a-S7")})
	if err := term.Store().Commit(within(t, 10*time.Second), writes); err != nil {
		t.Fatal(err)
	}
	if err := term.Resign(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	member.Close()
	t.Logf("closed in %v", time.Since(began))

	again := start(t, EmbeddedConfig{Dir: dir})
	next := campaign(t, again.Client(), candidate("b"))
	if got := admitted(t, next.Store()); len(got) != 2499 {
		t.Errorf("%d agents after the restart", len(got))
	}
	if next.Revision() <= term.Revision() {
		t.Errorf("terms %d, then %d", term.Revision(), next.Revision())
	}
}

func TestAValueThatCannotBeReadIsNamed(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	term := campaign(t, member.Client(), candidate("a"))
	broken := []master.RegistryWrite{{Key: "agents/a-S3", Value: []byte{0xff, 0xff}}}
	if err := term.Store().Commit(within(t, time.Second), broken); err != nil {
		t.Fatal(err)
	}
	_, err := term.Store().Load(within(t, time.Second))
	if err == nil || !strings.Contains(err.Error(), "agents/a-S3") {
		t.Errorf("the error does not name the key: %v", err)
	}
}

func TestWritesKeepTheirOrder(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	term := campaign(t, member.Client(), candidate("a"))
	const n = 500
	var outcomes []int
	finished := make(chan struct{})
	for i := range n { // each admits one agent and removes the one before
		writes := []master.RegistryWrite{admit(t, fmt.Sprintf("a-S%d", i))}
		if i > 0 {
			writes = append(writes, master.RegistryWrite{Key: master.AdmittedKey(mesos.AgentID(fmt.Sprintf("a-S%d", i-1)))})
		}
		term.Store().Submit(writes, func(err error) {
			if err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			if outcomes = append(outcomes, i); len(outcomes) == n {
				close(finished)
			}
		})
	}
	select {
	case <-finished:
	case <-time.After(20 * time.Second):
		t.Fatal("the writes did not finish")
	}
	for i, got := range outcomes {
		if i != got {
			t.Fatalf("outcome %d is of write %d", i, got)
		}
	}
	if got := admitted(t, term.Store()); len(got) != 1 || got[0] != fmt.Sprintf("a-S%d", n-1) {
		t.Errorf("the registry holds %v", got)
	}
}

func TestAnAttemptThatComesLateUndoesNothing(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	term := campaign(t, member.Client(), candidate("a"))
	store := term.Store()
	before := store.next
	add := operation(admit(t, "a-S1"))
	remove := operation(master.RegistryWrite{Key: master.AdmittedKey("a-S1")})

	for range 2 { // no answer to the first attempt came
		store.next = before
		if err := store.attempt(within(t, time.Second), []clientv3.Op{add}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.attempt(within(t, time.Second), []clientv3.Op{remove}); err != nil {
		t.Fatal(err)
	}
	after := store.next
	store.next = before // the first attempt once more, as somebody had kept it
	if err := store.attempt(within(t, time.Second), []clientv3.Op{add}); err != nil {
		t.Fatal(err)
	}
	if store.next != after {
		t.Errorf("the next transaction is at %d, then at %d", after, store.next)
	}
	if got := admitted(t, store); len(got) != 0 {
		t.Errorf("what was removed is there again: %v", got)
	}
}

func TestObserveTellsWhoLeads(t *testing.T) {
	member := start(t, EmbeddedConfig{})
	ctx, cancel := context.WithCancel(within(t, 20*time.Second))
	leaders := member.Client().Observe(ctx)
	expect := func(want string) {
		t.Helper()
		for {
			select {
			case info, ok := <-leaders:
				if !ok {
					t.Fatalf("closed while waiting for %q", want)
				}
				id := ""
				if info != nil {
					id = info.Info.GetId()
				}
				if id == want {
					return
				}
			case <-ctx.Done():
				t.Fatalf("%q was never seen", want)
			}
		}
	}
	expect("")
	term := campaign(t, member.Client(), candidate("a"))
	expect("a")
	if err := term.Resign(ctx); err != nil {
		t.Fatal(err)
	}
	expect("")
	cancel()
	for range leaders { //nolint:revive // until closed
	}
}

func TestAHealthyLifeLogsNothingAndLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	var log bytes.Buffer
	member, err := StartEmbedded(within(t, 20*time.Second), EmbeddedConfig{
		Dir: filepath.Join(t.TempDir(), "etcd"), Fast: true,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	term, err := Campaign(within(t, 20*time.Second), member.Client(), candidate("a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := term.Resign(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	member.Close()
	goleak.VerifyNone(t, before)
	if log.Len() > 0 {
		t.Errorf("logged:\n%s", log.String())
	}
}

func TestABadURLIsRefused(t *testing.T) {
	_, err := StartEmbedded(within(t, time.Second), EmbeddedConfig{Dir: t.TempDir(), ListenClient: []string{"nonsense"}})
	if mesos.KindOf(err) != mesos.Invalid || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

func TestADirectoryInUseIsRefused(t *testing.T) {
	config := EmbeddedConfig{Dir: t.TempDir() + "/etcd", Fast: true}
	first := start(t, config)
	if _, err := StartEmbedded(within(t, 10*time.Second), config); mesos.KindOf(err) != mesos.Conflict || !strings.Contains(err.Error(), config.Dir) {
		t.Errorf("while it is in use: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := StartEmbedded(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: %v", err)
	}
	first.Close()
	start(t, config)
}
