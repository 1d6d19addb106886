package registry

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"sync"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/mesosctl/mesosctl/mesos"
)

// Sizes that keep the memory of a member small. The registry is a few hundred
// bytes an agent and its history is of no use.
const (
	quotaBytes      = 1 << 30 // of the database file
	snapshotEntries = 2000    // raft entries between snapshots, all held in memory
	catchUpEntries  = 500     // raft entries kept for a slow member
	keptRevisions   = "1000"
	requestBytes    = 2 * txnBytes
)

// noPeer is what a member without listeners advertises: etcd wants a URL.
const noPeer = "http://127.0.0.1:0"

// EmbeddedConfig is what an embedded etcd member is told.
type EmbeddedConfig struct {
	// Dir holds the member's data; made if missing.
	Dir string
	// Name is the member's name in InitialCluster; "mesosctl" if empty.
	Name string
	// ListenClient and ListenPeer are the URLs to listen on. A single member
	// needs none: Client reaches it in process.
	ListenClient, ListenPeer []string
	// InitialCluster is "name=peer-url,..." of all members; empty for a single one.
	InitialCluster string
	// Fast ticks ten times faster: a single member is ready, and members on one
	// machine elect, in a tenth of a second. Not for members across a network.
	Fast   bool
	Logger *slog.Logger
}

// Embedded is a running etcd member.
type Embedded struct {
	etcd   *embed.Etcd
	client *Client
	close  sync.Once
}

// StartEmbedded starts an etcd member and waits until it can serve, which for a
// member of several means until a majority of them is up. The error's kind is
// Invalid for a bad URL and Unavailable if ctx ends first.
func StartEmbedded(ctx context.Context, config EmbeddedConfig) (*Embedded, error) {
	cfg, err := config.etcd()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "start etcd: data directory: %w", err)
	}
	server, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "start etcd in %s: %w", config.Dir, err)
	}
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		server.Close()
		return nil, mesos.Errorf(mesos.Internal, "start etcd in %s: %w", config.Dir, err)
	case <-ctx.Done():
		server.Close()
		return nil, mesos.Errorf(mesos.Unavailable, "start etcd in %s: not ready: %w", config.Dir, ctx.Err())
	}
	return &Embedded{
		etcd: server,
		client: &Client{
			etcd:   v3client.New(server.Server),
			leases: adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(server.Server)),
			txnOps: embeddedTxnOps,
			ended:  server.Server.StopNotify(),
		},
	}, nil
}

// Client returns the member's client, which works in process.
func (e *Embedded) Client() *Client { return e.client }

// ClientURLs returns the URLs at which the member serves other processes.
func (e *Embedded) ClientURLs() []string {
	var urls []string
	for _, l := range e.etcd.Clients {
		scheme := "http://"
		if l.Addr().Network() == "unix" {
			scheme = "unix://"
		}
		urls = append(urls, scheme+l.Addr().String())
	}
	return urls
}

// Failed delivers the error that ended the member, if something other than
// Close did.
func (e *Embedded) Failed() <-chan error { return e.etcd.Err() }

// Close stops the member and its client, and ends the terms won through it. What
// was committed is on disk.
func (e *Embedded) Close() {
	e.close.Do(func() {
		e.client.Close() //nolint:errcheck // in process: nothing to fail
		e.etcd.Close()
	})
}

// etcd turns the configuration into etcd's own.
func (c EmbeddedConfig) etcd() (*embed.Config, error) {
	cfg := embed.NewConfig()
	cfg.Dir = c.Dir
	cfg.Name = c.Name
	if cfg.Name == "" {
		cfg.Name = "mesosctl"
	}
	var err error
	if cfg.ListenClientUrls, err = parseURLs(c.ListenClient); err != nil {
		return nil, err
	}
	if cfg.ListenPeerUrls, err = parseURLs(c.ListenPeer); err != nil {
		return nil, err
	}
	cfg.AdvertiseClientUrls = cfg.ListenClientUrls
	cfg.AdvertisePeerUrls = cfg.ListenPeerUrls
	if len(cfg.AdvertisePeerUrls) == 0 {
		cfg.AdvertisePeerUrls, _ = parseURLs([]string{noPeer})
	}
	cfg.InitialCluster = c.InitialCluster
	if cfg.InitialCluster == "" {
		cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	}
	if c.Fast {
		cfg.TickMs, cfg.ElectionMs = 10, 100
	}
	cfg.QuotaBackendBytes = quotaBytes
	cfg.SnapshotCount = snapshotEntries
	cfg.SnapshotCatchUpEntries = catchUpEntries
	cfg.AutoCompactionMode = embed.CompactorModeRevision
	cfg.AutoCompactionRetention = keptRevisions
	cfg.MaxTxnOps = embeddedTxnOps
	cfg.MaxRequestBytes = requestBytes
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newZapLogger(c.Logger))
	return cfg, nil
}

func parseURLs(urls []string) ([]url.URL, error) {
	parsed := make([]url.URL, 0, len(urls))
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" {
			return nil, mesos.Errorf(mesos.Invalid, "start etcd: %q is not a URL such as http://127.0.0.1:2379", s)
		}
		parsed = append(parsed, *u)
	}
	return parsed, nil
}
