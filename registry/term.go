package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/mesos"
)

// The reasons for which a term ends.
var (
	// ErrFenced: another master leads, or the leader key was removed.
	ErrFenced = errors.New("another master has taken over the leadership")
	// ErrExpired: the lease could not be renewed in time.
	ErrExpired = errors.New("the leader's lease was not renewed in time")
	// ErrStopped: the embedded member, or the client, has stopped. A member that
	// has stopped can't be asked: it would renew its leases for ever.
	ErrStopped = errors.New("the connection to etcd has ended")
	// ErrResigned: Resign was called.
	ErrResigned = errors.New("resigned")
)

// Term is one term of leadership. Resign ends it and must be called, whatever
// ended it.
type Term struct {
	client    *Client
	revision  int64
	candidate Candidate
	lease     clientv3.LeaseID
	store     *Store

	until atomic.Int64 // when the lease may have expired, after epoch

	ctx  context.Context // ends with the term
	end  context.CancelCauseFunc
	done sync.WaitGroup
}

// leaseTime is for how long a holder may count on a lease that etcd granted for
// ttl seconds from its own receipt of the request. A member that was cut off
// renews leases until it notices, which takes up to two elections, while the
// others may have counted anew since the end of the first: so one election less.
// The rest of the margin is for a holder that is slow to act.
func (c *Client) leaseTime(ttlSeconds int64) time.Duration {
	ttl := time.Duration(ttlSeconds) * time.Second
	return max(ttl-c.election-ttl/20, ttl/2)
}

func (c *Client) newTerm(candidate Candidate, lease clientv3.LeaseID, revision int64, until time.Time) *Term {
	t := &Term{client: c, revision: revision, candidate: candidate, lease: lease}
	t.ctx, t.end = context.WithCancelCause(context.Background())
	t.hold(until)
	t.store = newStore(t)
	t.done.Go(func() { t.keepAlive(until) })
	t.done.Go(t.watch)
	t.done.Go(func() {
		select {
		case <-c.ended:
			t.end(ErrStopped)
		case <-t.ctx.Done():
		}
	})
	t.done.Go(t.store.run)
	return t
}

// Revision is the term's number: the create revision of the leader key. Later
// terms have greater ones.
func (t *Term) Revision() int64 { return t.revision }

// Done is closed when the term is over; Err says why.
func (t *Term) Done() <-chan struct{} { return t.ctx.Done() }

// Err is nil during the term and afterwards why it ended: it wraps ErrFenced,
// ErrExpired, ErrStopped or ErrResigned, or is the failure of a registry write.
func (t *Term) Err() error { return context.Cause(t.ctx) }

// epoch is what points in time are counted from, on the clock that only ticks.
var epoch = time.Now()

func (t *Term) hold(until time.Time) { t.until.Store(int64(until.Sub(epoch))) }

// Holds tells if the lease can't have expired yet, by this machine's clock. A
// leader that was stopped for a while asks before it acts: it may be late to learn
// that its term is over. Once it is false the term ends.
func (t *Term) Holds() bool {
	if time.Since(epoch) < time.Duration(t.until.Load()) {
		return t.ctx.Err() == nil
	}
	t.end(ErrExpired)
	return false
}

// Store returns the registry as this term may write it.
func (t *Term) Store() *Store { return t.store }

// Resign ends the term and lets another master lead at once. Writes that are
// still pending fail. If etcd does not answer before ctx ends the lease is left
// to expire.
func (t *Term) Resign(ctx context.Context) error {
	t.end(ErrResigned)
	t.done.Wait()
	if _, err := t.client.etcd.Revoke(ctx, t.lease); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return mesos.Errorf(mesos.Unavailable, "resign: revoke lease: %w", err)
	}
	return nil
}

// watch ends the term when the leader key is no longer this term's.
func (t *Term) watch() {
	from := t.revision + 1
	for t.ctx.Err() == nil {
		if err := t.client.awaitRemoval(t.ctx, from); err == nil {
			t.end(ErrFenced)
			return
		}
		// The watch broke, or its revision was compacted: look at the key.
		current, err := t.client.etcd.Get(t.ctx, leaderKey)
		if err == nil {
			if len(current.Kvs) == 0 || current.Kvs[0].CreateRevision != t.revision {
				t.end(ErrFenced)
				return
			}
			from = current.Header.Revision + 1
		}
		wait(t.ctx, retryInterval)
	}
}

// renewals is how often a lease is renewed in the time for which it can be
// counted on, so that several may fail while etcd's members elect.
const renewals = 6

// keepAlive renews the lease and ends the term when it may have expired, by this
// machine's clock counted from before the request that last renewed it: always
// earlier than etcd gives the lease up.
func (t *Term) keepAlive(until time.Time) {
	interval := time.Until(until) / renewals
	for {
		wait(t.ctx, interval)
		asked := time.Now()
		// One attempt may wait for a member that is gone, so it is not given all the time.
		ctx, cancel := context.WithDeadline(t.ctx, earlier(until, asked.Add(t.client.leaseTime(int64(t.candidate.TTL/time.Second))/4)))
		ttl, err := t.renew(ctx)
		cancel()
		switch {
		case t.ctx.Err() != nil:
			return
		case err == nil && ttl > 0:
			until = asked.Add(t.client.leaseTime(ttl))
			t.hold(until)
			interval = t.client.leaseTime(ttl) / renewals
		case err == nil:
			t.end(ErrFenced) // the lease was revoked or has expired
			return
		default:
			interval = retryInterval
		}
		if !time.Now().Before(until) {
			t.end(fmt.Errorf("%w: %w", ErrExpired, err))
			return
		}
		interval = min(interval, time.Until(until))
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// renew asks once to renew the lease; 0 seconds mean that there is none.
func (t *Term) renew(ctx context.Context) (ttlSeconds int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := t.client.leases.LeaseKeepAlive(ctx)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(&etcdserverpb.LeaseKeepAliveRequest{ID: int64(t.lease)}); err != nil {
		return 0, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return 0, err
	}
	return answer.TTL, stream.CloseSend()
}
