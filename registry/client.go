package registry

import (
	"context"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/mesosctl/mesosctl/mesos"
)

// Limits of one etcd transaction. An external cluster is taken to have etcd's
// defaults (--max-txn-ops 128, --max-request-bytes 1.5 MiB); an embedded member
// is configured for more operations.
const (
	externalTxnOps = 128
	embeddedTxnOps = 1024
	txnBytes       = 1 << 20
)

const dialTimeout = 5 * time.Second

// Client speaks to an etcd cluster: the embedded member or an external one.
type Client struct {
	etcd   *clientv3.Client
	leases etcdserverpb.LeaseClient // to renew with one request at a time
	txnOps int
	// election is how long the cluster takes to notice that its own leader is gone.
	election time.Duration
	ended    <-chan struct{} // closed when the client or its member has stopped
}

// Dial connects to an external etcd cluster by its client URLs and waits until
// one of them answers. A URL is http://host:port, https://host:port,
// unix:///path or host:port. The error's kind is Invalid for a bad URL and
// Unavailable if nobody answers before ctx ends or five seconds passed.
func Dial(ctx context.Context, urls []string) (*Client, error) {
	if len(urls) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "dial etcd: no URLs")
	}
	etcd, err := clientv3.New(clientv3.Config{
		Endpoints:            urls,
		DialTimeout:          dialTimeout,
		DialKeepAliveTime:    2 * time.Second,
		DialKeepAliveTimeout: 2 * time.Second,
		Logger:               zap.NewNop(),
	})
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "dial etcd: %s: %w", strings.Join(urls, ","), err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if _, err := etcd.Get(ctx, leaderKey, clientv3.WithKeysOnly()); err != nil {
		etcd.Close() //nolint:errcheck // the connection never came about
		return nil, mesos.Errorf(mesos.Unavailable, "dial etcd: %s: %w", strings.Join(urls, ","), err)
	}
	return &Client{
		etcd:   etcd,
		leases: clientv3.RetryLeaseClient(etcd),
		txnOps: externalTxnOps,
		// etcd's default --election-timeout.
		election: time.Second,
		ended:    etcd.Ctx().Done(),
	}, nil
}

// Close drops the connection. The client of an embedded member is closed with it.
func (c *Client) Close() error { return c.etcd.Close() }
