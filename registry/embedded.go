package registry

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
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
	lock   *fileutil.LockedFile
	client *Client
	close  sync.Once
}

// StartEmbedded starts an etcd member and waits until it can serve, which for a
// member of several means until a majority of them is up. The error's kind is
// Invalid for a bad URL, Conflict if another process uses the directory, and
// Unavailable if ctx ends first.
func StartEmbedded(ctx context.Context, config EmbeddedConfig) (*Embedded, error) {
	cfg, err := config.etcd()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "start etcd: data directory: %w", err)
	}
	lock, err := lockDir(ctx, config.Dir)
	if err != nil {
		return nil, err
	}
	server, err := startMember(ctx, cfg)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return &Embedded{
		etcd: server,
		lock: lock,
		client: &Client{
			etcd:   v3client.New(server.Server),
			leases: adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(server.Server)),
			txnOps: embeddedTxnOps,
			ended:  server.Server.StopNotify(),
		},
	}, nil
}

// startMember starts a member and waits until it can serve.
func startMember(ctx context.Context, cfg *embed.Config) (*embed.Etcd, error) {
	server, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, mesos.Errorf(mesos.Internal, "start etcd in %s: %w", cfg.Dir, err)
	}
	select {
	case <-server.Server.ReadyNotify():
		return server, nil
	case err := <-server.Err():
		server.Close()
		return nil, mesos.Errorf(mesos.Internal, "start etcd in %s: %w", cfg.Dir, err)
	case <-ctx.Done():
		server.Close()
		return nil, mesos.Errorf(mesos.Unavailable, "start etcd in %s: not ready: %w", cfg.Dir, ctx.Err())
	}
}

// lockPatience is for how long a process that is about to end may still hold a
// member's directory.
const lockPatience = 2 * time.Second

// lockDir makes sure that no other process uses a member's directory: etcd by
// itself would wait for that one to end, deaf to everything.
func lockDir(ctx context.Context, dir string) (*fileutil.LockedFile, error) {
	for end := time.Now().Add(lockPatience); ; {
		lock, err := fileutil.TryLockFile(dir+".lock", os.O_RDWR|os.O_CREATE, 0o600)
		switch {
		case err == nil:
			return lock, nil
		case !errors.Is(err, fileutil.ErrLocked):
			return nil, mesos.Errorf(mesos.Internal, "start etcd: lock data directory: %w", err)
		case ctx.Err() != nil:
			return nil, mesos.Errorf(mesos.Unavailable, "start etcd in %s: %w", dir, ctx.Err())
		case !time.Now().Before(end):
			return nil, mesos.Errorf(mesos.Conflict, "start etcd: another process uses %s", dir)
		}
		wait(ctx, retryInterval/4)
	}
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
		e.lock.Close()
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
