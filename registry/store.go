package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// prefix is before every key that master names.
const prefix = "/mesosctl/registry/"

// writtenKey is put by every transaction of a Store, so that its revision is that of
// the last one.
const writtenKey = "/mesosctl/written"

// pageKeys is how many keys Load asks for at a time.
const pageKeys = 1000

// Store is the registry as one term of leadership reads and writes it.
//
// Writes take effect in the order in which they were handed over. While one
// transaction is under way the next gathers, so that a flood costs few syncs.
// A write that fails has ended the term, and all after it fail too.
type Store struct {
	term *Term
	next int64 // no transaction of this term was done at this revision or later; run's

	mu      sync.Mutex
	pending []commit
	wake    chan struct{} // one slot: pending is not empty
	ended   bool
}

// commit is what one Submit asked for.
type commit struct {
	writes []master.RegistryWrite
	done   func(error)
}

func newStore(term *Term) *Store {
	return &Store{term: term, next: term.revision, wake: make(chan struct{}, 1)}
}

// Load reads what the registry holds. Because writes are fenced, nothing that
// an earlier term wrote can appear after Load has returned. The error wraps
// ErrUnreadable, and says what to do, if the registry is of another version or
// damaged.
func (s *Store) Load(ctx context.Context) (master.Recovered, error) {
	keys, _, err := s.term.client.readAll(ctx)
	if err != nil {
		return master.Recovered{}, mesos.Errorf(mesos.Unavailable, "load registry: %w", err)
	}
	if _, err := versionOf(keys); err != nil {
		return master.Recovered{}, err
	}
	if _, versioned := keys[versionKey]; !versioned {
		version := master.RegistryWrite{Key: versionKey, Value: []byte(versionValue(registryVersion))}
		if err := s.Commit(ctx, []master.RegistryWrite{version}); err != nil {
			return master.Recovered{}, err
		}
	}
	return decode(keys)
}

// readAll is the whole registry as of one revision of etcd. Keys are without prefix.
func (c *Client) readAll(ctx context.Context) (keys map[string][]byte, revision int64, err error) {
	keys = make(map[string][]byte)
	from, end := prefix, clientv3.GetPrefixRangeEnd(prefix)
	options := []clientv3.OpOption{clientv3.WithRange(end), clientv3.WithLimit(pageKeys)}
	for {
		page, err := c.etcd.Get(ctx, from, append(options, clientv3.WithRev(revision))...)
		if err != nil {
			return nil, 0, err
		}
		for _, kv := range page.Kvs {
			keys[string(kv.Key[len(prefix):])] = kv.Value
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		if !page.More {
			return keys, revision, nil
		}
		from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

// Commit makes writes durable: all or none, if they fit in one etcd transaction
// (1,023 writes and 1 MiB on an embedded member, 127 writes on an external
// cluster); else in several, in order, of which a crash may leave the first ones.
// The error wraps ErrFenced if another master leads. If ctx ends first the outcome
// is unknown.
func (s *Store) Commit(ctx context.Context, writes []master.RegistryWrite) error {
	done := make(chan error, 1)
	s.Submit(writes, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return mesos.Errorf(mesos.TimedOut, "write registry: %w", ctx.Err())
	}
}

// Submit is Commit for a caller that doesn't wait: done is called with the
// outcome, in the order of the Submits, and must not block.
func (s *Store) Submit(writes []master.RegistryWrite, done func(error)) {
	s.mu.Lock()
	ended := s.ended
	if !ended {
		s.pending = append(s.pending, commit{writes, done})
	}
	s.mu.Unlock()
	if ended {
		done(s.failure())
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run commits what is pending until the term ends.
func (s *Store) run() {
	for {
		select {
		case <-s.wake:
		case <-s.term.ctx.Done():
			s.fail(nil)
			return
		}
		commits := s.take()
		for len(commits) > 0 {
			group, n := gather(commits, s.term.client.txnOps-1) // and one for writtenKey
			if err := s.write(group); err != nil {
				s.term.end(err)
				s.fail(commits)
				return
			}
			for _, c := range commits[:n] {
				c.done(nil)
			}
			commits = commits[n:]
		}
	}
}

func (s *Store) take() []commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	commits := s.pending
	s.pending = nil
	return commits
}

// fail refuses commits, those pending and all to come.
func (s *Store) fail(commits []commit) {
	s.mu.Lock()
	s.ended = true
	commits = append(commits, s.pending...)
	s.pending = nil
	s.mu.Unlock()
	for _, c := range commits {
		c.done(s.failure())
	}
}

func (s *Store) failure() error {
	return mesos.Errorf(mesos.Unavailable, "write registry: %w", s.term.Err())
}

// gather merges the first n commits into transactions: as many as fit into one,
// or a single one that needs several. Within a transaction the last write of a
// key wins, as etcd takes each key only once.
func gather(commits []commit, maxOps int) (txns [][]clientv3.Op, n int) {
	var ops []clientv3.Op
	at := make(map[string]int)
	bytes := 0
	for i, c := range commits {
		size := 0
		for _, w := range c.writes {
			size += len(prefix) + len(w.Key) + len(w.Value)
		}
		if i > 0 && (len(ops)+len(c.writes) > maxOps || bytes+size > txnBytes) {
			return [][]clientv3.Op{ops}, i
		}
		if i == 0 && (len(c.writes) > maxOps || size > txnBytes) {
			return split(c.writes, maxOps), 1
		}
		for _, w := range c.writes {
			if old, ok := at[w.Key]; ok {
				ops[old] = operation(w)
				continue
			}
			at[w.Key] = len(ops)
			ops = append(ops, operation(w))
		}
		bytes += size
	}
	return [][]clientv3.Op{ops}, len(commits)
}

// split cuts the writes of a commit that is too large into transactions.
func split(writes []master.RegistryWrite, maxOps int) (txns [][]clientv3.Op) {
	start, bytes := 0, 0
	seen := make(map[string]bool)
	cut := func(end int) {
		ops := make([]clientv3.Op, 0, end-start)
		for _, w := range writes[start:end] {
			ops = append(ops, operation(w))
		}
		txns = append(txns, ops)
		start, bytes = end, 0
		clear(seen)
	}
	for i, w := range writes {
		size := len(prefix) + len(w.Key) + len(w.Value)
		if i > start && (i-start == maxOps || bytes+size > txnBytes || seen[w.Key]) {
			cut(i)
		}
		seen[w.Key] = true
		bytes += size
	}
	cut(len(writes))
	return txns
}

func operation(w master.RegistryWrite) clientv3.Op {
	if w.Value == nil {
		return clientv3.OpDelete(prefix + w.Key)
	}
	return clientv3.OpPut(prefix+w.Key, string(w.Value))
}

// write commits transactions in order, each only if this term still leads, and
// again if no answer came.
func (s *Store) write(txns [][]clientv3.Op) error {
	ctx, cancel := context.WithTimeout(s.term.ctx, s.term.candidate.StoreTimeout)
	defer cancel()
	for _, ops := range txns {
		for {
			err := s.attempt(ctx, ops)
			if err == nil {
				break
			}
			if errors.Is(err, ErrFenced) {
				return err
			}
			if s.term.ctx.Err() != nil {
				return s.term.Err()
			}
			if ctx.Err() != nil || permanent(err) {
				return fmt.Errorf("transaction of %d writes: %w", len(ops), err)
			}
			wait(ctx, 50*time.Millisecond)
		}
	}
	return nil
}

// attempt commits one transaction, unless an earlier attempt did. One that seemed
// to fail may be done much later, by a member that had lost touch: it must not undo
// what was written since, so that each transaction counts on being the next.
func (s *Store) attempt(ctx context.Context, ops []clientv3.Op) error {
	leads := clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", s.term.revision)
	isNext := clientv3.Compare(clientv3.ModRevision(writtenKey), "<", s.next)
	answer, err := s.term.client.etcd.Txn(ctx).
		If(leads, isNext).
		Then(append(slices.Clip(ops), clientv3.OpPut(writtenKey, ""))...).
		Else(clientv3.OpGet(leaderKey), clientv3.OpGet(writtenKey)).
		Commit()
	if err != nil {
		return err
	}
	if answer.Succeeded {
		s.next = answer.Header.Revision + 1
		return nil
	}
	leader, written := answer.Responses[0].GetResponseRange().Kvs, answer.Responses[1].GetResponseRange().Kvs
	if len(leader) == 0 || leader[0].CreateRevision != s.term.revision {
		return ErrFenced
	}
	s.next = written[0].ModRevision + 1 // by an earlier attempt
	return nil
}

// permanent tells if etcd refused the request itself, so that asking again is
// of no use.
func permanent(err error) bool {
	var refused rpctypes.EtcdError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code() {
	case codes.InvalidArgument, codes.PermissionDenied:
		return true
	default:
		return errors.Is(err, rpctypes.ErrNoSpace)
	}
}
