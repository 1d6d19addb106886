package registry

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Leader is the leading master and its term.
type Leader struct {
	Info *mesospb.MasterInfo
	Term int64 // see Term.Revision
}

// Observe tells who leads: the current leader first, then every change, nil
// while there is none or etcd can't say. A reader that is slow sees only the
// latest. The channel is closed when ctx ends.
func (c *Client) Observe(ctx context.Context) <-chan *Leader {
	// One slot that holds the latest news, replaced while nobody takes it.
	news := make(chan *Leader, 1)
	publish := func(leader *Leader) {
		select {
		case <-news:
		default:
		}
		news <- leader
	}
	go func() {
		defer close(news)
		for ctx.Err() == nil {
			if err := c.observeOnce(ctx, publish); err != nil && ctx.Err() == nil {
				publish(nil)
			}
			wait(ctx, retryInterval)
		}
	}()
	return news
}

// observeOnce publishes the leader and its changes until something fails.
func (c *Client) observeOnce(ctx context.Context, publish func(*Leader)) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	current, err := c.etcd.Get(ctx, leaderKey)
	if err != nil {
		return err
	}
	var leader *Leader
	if len(current.Kvs) > 0 {
		if leader, err = leaderOf(current.Kvs[0]); err != nil {
			return err
		}
	}
	publish(leader)
	for answer := range c.etcd.Watch(ctx, leaderKey, clientv3.WithRev(current.Header.Revision+1)) {
		if err := answer.Err(); err != nil {
			return err
		}
		for _, event := range answer.Events {
			leader = nil
			if event.Type == clientv3.EventTypePut {
				if leader, err = leaderOf(event.Kv); err != nil {
					return err
				}
			}
			publish(leader)
		}
	}
	return errors.New("watch ended")
}

func leaderOf(kv *mvccpb.KeyValue) (*Leader, error) {
	info, err := decodeLeader(kv)
	if err != nil {
		return nil, err
	}
	return &Leader{Info: info, Term: kv.CreateRevision}, nil
}

// Depose ends the term of that number through the quorum, for a standby that
// knows the leader's process to be gone and need not wait for its lease. If it is
// wrong about that, the leader finds itself fenced and nothing is harmed. It does
// nothing if that term has ended already.
func (c *Client) Depose(ctx context.Context, term int64) error {
	current, err := c.etcd.Get(ctx, leaderKey)
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "depose leader: %w", err)
	}
	if len(current.Kvs) == 0 || current.Kvs[0].CreateRevision != term {
		return nil
	}
	_, err = c.etcd.Revoke(ctx, clientv3.LeaseID(current.Kvs[0].Lease))
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return mesos.Errorf(mesos.Unavailable, "depose leader: %w", err)
	}
	return nil
}
