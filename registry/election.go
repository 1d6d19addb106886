package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// leaderKey holds the leading master's MasterInfo, bound to that master's lease.
const leaderKey = "/mesosctl/leader"

// DefaultTTL is for how long a leader that nobody can reach stays leader. At
// etcd's default ticks a shorter one loses sessions on a busy machine.
const DefaultTTL = 5 * time.Second

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

// Candidate is a master that wants to lead.
type Candidate struct {
	// Info is what standbys, agents and frameworks see of the leader.
	Info *mesospb.MasterInfo
	// TTL of the lease in whole seconds; DefaultTTL if zero. etcd lengthens one
	// that is shorter than its own elections.
	TTL time.Duration
	// Sole tells that no other master can be a candidate (the only user of an
	// embedded member): a leader found was an earlier life of this one, and its
	// lease is revoked instead of waited for. A leader that has the candidate's
	// own address is treated so in any case.
	Sole bool
	// StoreTimeout is for how long a registry write is retried before the term
	// is given up; Mesos's --registry_store_timeout. 20 seconds if zero.
	StoreTimeout time.Duration
}

// Term is one term of leadership. Resign ends it and must be called, whatever
// ended it.
type Term struct {
	client    *Client
	revision  int64
	candidate Candidate
	lease     clientv3.LeaseID
	store     *Store

	ctx  context.Context // ends with the term
	end  context.CancelCauseFunc
	done sync.WaitGroup
}

// Campaign waits until the candidate leads or ctx ends. Trouble with etcd is
// waited out.
func Campaign(ctx context.Context, client *Client, candidate Candidate) (*Term, error) {
	if candidate.TTL == 0 {
		candidate.TTL = DefaultTTL
	}
	if candidate.StoreTimeout == 0 {
		candidate.StoreTimeout = 20 * time.Second
	}
	value, err := candidate.Info.MarshalVT()
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "campaign: encode master info: %w", err)
	}
	for {
		term, err := client.campaignOnce(ctx, candidate, string(value))
		switch {
		case term != nil:
			return term, nil
		case ctx.Err() != nil:
			return nil, mesos.Errorf(mesos.Unavailable, "campaign: %w", errors.Join(ctx.Err(), err))
		case err != nil:
			wait(ctx, retryInterval)
		}
	}
}

// retryInterval is between attempts while etcd can't answer.
const retryInterval = 200 * time.Millisecond

// campaignOnce returns a term if the leader key could be created. Otherwise it
// returns when the current leader is gone, or with the trouble met.
func (c *Client) campaignOnce(ctx context.Context, candidate Candidate, value string) (*Term, error) {
	current, err := c.etcd.Get(ctx, leaderKey)
	if err != nil {
		return nil, err
	}
	if len(current.Kvs) > 0 {
		kv := current.Kvs[0]
		if candidate.was(kv) {
			_, err := c.etcd.Revoke(ctx, clientv3.LeaseID(kv.Lease))
			return nil, err
		}
		return nil, c.awaitRemoval(ctx, current.Header.Revision+1)
	}

	asked := time.Now()
	lease, err := c.etcd.Grant(ctx, int64(candidate.TTL.Round(time.Second)/time.Second))
	if err != nil {
		return nil, err
	}
	won, err := c.etcd.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", 0)).
		Then(clientv3.OpPut(leaderKey, value, clientv3.WithLease(lease.ID))).
		Commit()
	if err != nil || !won.Succeeded {
		c.revoke(ctx, lease.ID)
		return nil, err
	}
	return c.newTerm(candidate, lease.ID, won.Header.Revision, asked.Add(leaseTime(lease.TTL))), nil
}

// was tells if the leader found in etcd can only be an earlier life of the candidate.
func (c Candidate) was(leader *mvccpb.KeyValue) bool {
	if c.Sole {
		return true
	}
	info, err := decodeLeader(leader)
	return err == nil && info.GetAddress().GetPort() != 0 &&
		info.GetAddress().GetPort() == c.Info.GetAddress().GetPort() &&
		info.GetAddress().GetIp() == c.Info.GetAddress().GetIp()
}

func decodeLeader(kv *mvccpb.KeyValue) (*mesospb.MasterInfo, error) {
	info := new(mesospb.MasterInfo)
	if err := info.UnmarshalVT(kv.Value); err != nil {
		return nil, fmt.Errorf("decode %s: %w", leaderKey, err)
	}
	return info, nil
}

// awaitRemoval returns nil once the leader key is removed at a revision or later.
func (c *Client) awaitRemoval(ctx context.Context, revision int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := c.etcd.Watch(clientv3.WithRequireLeader(ctx), leaderKey, clientv3.WithRev(revision), clientv3.WithFilterPut())
	for answer := range watch {
		if err := answer.Err(); err != nil {
			return err
		}
		if len(answer.Events) > 0 {
			return nil
		}
	}
	return errors.New("watch ended")
}

// revoke gives a lease back; if that fails it expires by itself.
func (c *Client) revoke(ctx context.Context, lease clientv3.LeaseID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	c.etcd.Revoke(ctx, lease) //nolint:errcheck // it expires
}

// leaseTime is for how long a holder may count on a lease that etcd granted for
// ttl seconds from its own receipt of the request. The margin is for a holder
// that is slow to act.
func leaseTime(ttlSeconds int64) time.Duration {
	return time.Duration(ttlSeconds) * time.Second * 9 / 10
}

func (c *Client) newTerm(candidate Candidate, lease clientv3.LeaseID, revision int64, until time.Time) *Term {
	t := &Term{client: c, revision: revision, candidate: candidate, lease: lease}
	t.ctx, t.end = context.WithCancelCause(context.Background())
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

// keepAlive renews the lease three times in its life and ends the term when it
// may have expired, by this machine's clock counted from before the request
// that last renewed it: always earlier than etcd gives the lease up.
func (t *Term) keepAlive(until time.Time) {
	interval := time.Until(until) / 3
	for {
		wait(t.ctx, interval)
		asked := time.Now()
		ctx, cancel := context.WithDeadline(t.ctx, until)
		ttl, err := t.renew(ctx)
		cancel()
		switch {
		case t.ctx.Err() != nil:
			return
		case err == nil && ttl > 0:
			until = asked.Add(leaseTime(ttl))
			interval = leaseTime(ttl) / 3
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

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
