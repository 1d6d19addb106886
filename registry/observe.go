package registry

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Observe tells who leads: the current leader first, then every change, nil
// while there is none or etcd can't say. A reader that is slow sees only the
// latest. The channel is closed when ctx ends.
func (c *Client) Observe(ctx context.Context) <-chan *mesospb.MasterInfo {
	// One slot that holds the latest news, replaced while nobody takes it.
	news := make(chan *mesospb.MasterInfo, 1)
	publish := func(info *mesospb.MasterInfo) {
		select {
		case <-news:
		default:
		}
		news <- info
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
func (c *Client) observeOnce(ctx context.Context, publish func(*mesospb.MasterInfo)) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	current, err := c.etcd.Get(ctx, leaderKey)
	if err != nil {
		return err
	}
	var leader *mesospb.MasterInfo
	if len(current.Kvs) > 0 {
		if leader, err = decodeLeader(current.Kvs[0]); err != nil {
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
				if leader, err = decodeLeader(event.Kv); err != nil {
					return err
				}
			}
			publish(leader)
		}
	}
	return errors.New("watch ended")
}
