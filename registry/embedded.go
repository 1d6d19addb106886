package registry

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/mesosctl/mesosctl/mesos"
)

// Embedded is a running etcd member.
type Embedded struct {
	config EmbeddedConfig
	etcd   *embed.Etcd
	lock   *fileutil.LockedFile
	client *Client
	life   *life
	log    *slog.Logger
	close  sync.Once
}

// StartEmbedded is OpenEmbedded and Ready.
func StartEmbedded(ctx context.Context, config EmbeddedConfig) (*Embedded, error) {
	e, err := OpenEmbedded(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := e.Ready(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// OpenEmbedded starts an etcd member, which can serve once Ready has returned.
// The error's kind is Invalid for a bad URL, Conflict if another process uses
// the directory, Unsupported if a newer version wrote it, and Internal if it is
// damaged; the last two say what to do.
func OpenEmbedded(ctx context.Context, config EmbeddedConfig) (*Embedded, error) {
	zap, life := newZapLogger(config.Logger, config.Fast)
	cfg, err := config.etcd(zap)
	if err != nil {
		return nil, err
	}
	if err := checkDir(config.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, mesos.Errorf(mesos.Internal, "start etcd: data directory: %w", err)
	}
	lock, err := lockDir(ctx, config.Dir)
	if err != nil {
		return nil, err
	}
	server, err := startMember(cfg, life)
	if err != nil {
		lock.Close()
		return nil, err
	}
	log := config.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Embedded{
		config: config,
		etcd:   server,
		lock:   lock,
		life:   life,
		log:    log,
		client: &Client{
			etcd:     v3client.New(server.Server),
			leases:   adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(server.Server)),
			txnOps:   embeddedTxnOps,
			election: config.ticks().election,
			ended:    server.Server.StopNotify(),
		},
	}, nil
}

// HasData tells if a member has lived in a directory.
func HasData(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "member", "wal"))
	return err == nil
}

// checkDir refuses a directory that belongs to something else.
func checkDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return mesos.Errorf(mesos.Internal, "start etcd: data directory: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == "member" {
			return nil
		}
	}
	if len(entries) > 0 {
		return mesos.Errorf(mesos.Conflict, "start etcd: %s holds %q and no etcd data; name an empty directory, or move away what is there",
			dir, entries[0].Name())
	}
	return nil
}

// startMember starts a member. What etcd makes of a directory that it can't read
// is the end of the process; here it is an error, after which the process is not
// good for another try: a goroutine of etcd's may hold on to the directory.
func startMember(cfg *embed.Config, life *life) (*embed.Etcd, error) {
	defer life.started.Store(true)
	type outcome struct {
		server *embed.Etcd
		err    any
	}
	ended := make(chan outcome, 1)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				ended <- outcome{err: cause}
			}
		}()
		server, err := embed.StartEtcd(cfg)
		if err != nil {
			ended <- outcome{err: err}
			return
		}
		ended <- outcome{server: server}
	}()
	select {
	case o := <-ended:
		if o.err != nil {
			return nil, refused(cfg.Dir, o.err)
		}
		return o.server, nil
	case err := <-life.gaveUp:
		return nil, refused(cfg.Dir, err)
	}
}

// UpToDate reports whether the member has joined the others and knows what they
// know: it serves.
func (e *Embedded) UpToDate() bool {
	select {
	case <-e.etcd.Server.ReadyNotify():
		return !e.hasEnded()
	default:
		return false
	}
}

// Ready waits until the member can serve: for one of several, until a majority
// of them is up. A member that was added to a running cluster then becomes a
// voter, and one whose own address has changed tells the others. The error's kind
// is Unavailable if ctx ends first.
func (e *Embedded) Ready(ctx context.Context) error {
	select {
	case <-e.etcd.Server.ReadyNotify():
	case <-e.Ended():
		return e.Err()
	case err := <-e.etcd.Err():
		return mesos.Errorf(mesos.Internal, "start etcd in %s: %w", e.config.Dir, err)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && !othersVote(e.etcd.Server) {
			return mesos.Errorf(mesos.Unavailable, "start etcd in %s: not ready in time: either this machine is too slow, or the data is damaged: then %s",
				e.config.Dir, afresh)
		}
		return mesos.Errorf(mesos.Unavailable, "start etcd in %s: not ready: %w", e.config.Dir, ctx.Err())
	}
	if err := e.settle(ctx); err != nil {
		return mesos.Errorf(mesos.Unavailable, "start etcd in %s: %w", e.config.Dir, err)
	}
	return nil
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

// Failed delivers the error of a listener that ended.
func (e *Embedded) Failed() <-chan error { return e.etcd.Err() }

// Ended is closed when the member has ended; Err says why.
func (e *Embedded) Ended() <-chan struct{} { return e.etcd.Server.StopNotify() }

// Err is why the member ended. Its kind is Gone if the cluster removed it.
func (e *Embedded) Err() error {
	if e.life.removed.Load() || e.etcd.Server.IsIDRemoved(uint64(e.etcd.Server.MemberID())) {
		return mesos.Errorf(mesos.Gone, "etcd: this member was removed from its cluster; "+
			"to bring it back, add it again (mesosctl master member add) and start it without %s", e.config.Dir)
	}
	return mesos.Errorf(mesos.Unavailable, "etcd: the member in %s has ended", e.config.Dir)
}

// Close stops the member and its client, and ends the terms won through it. What
// was committed is on disk.
func (e *Embedded) Close() {
	e.close.Do(func() {
		e.client.Close() //nolint:errcheck // in process: nothing to fail
		e.etcd.Close()
		e.lock.Close()
	})
}
