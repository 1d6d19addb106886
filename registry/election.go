package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// leaderKey holds the leading master's MasterInfo, bound to that master's lease.
const leaderKey = "/mesosctl/leader"

// DefaultTTL is for how long a leader that nobody can reach stays leader. At
// etcd's default ticks a shorter one loses sessions on a busy machine.
const DefaultTTL = 5 * time.Second

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
	return c.newTerm(candidate, lease.ID, won.Header.Revision, asked.Add(c.leaseTime(lease.TTL))), nil
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

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
