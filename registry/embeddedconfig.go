package registry

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/mesosctl/mesosctl/mesos"
)

// Sizes that keep the memory of a member small. The registry is a few hundred
// bytes an agent and its history is of no use.
const (
	snapshotEntries = 2000 // raft entries between snapshots, all held in memory
	catchUpEntries  = 500  // raft entries kept for a slow member
	keptRevisions   = "1000"
	requestBytes    = 2 * txnBytes
)

// DefaultQuotaBytes is how large a member's database file may become.
const DefaultQuotaBytes = 1 << 30

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
	// AdvertisePeer is the URL at which the other members reach this one; ListenPeer
	// if empty.
	AdvertisePeer string
	// AdvertiseClient is a URL that the list of members shows of this one;
	// ListenClient if empty. It also tells a member that has started once from one
	// that hasn't.
	AdvertiseClient string
	// InitialCluster is "name=peer-url,..." of all members; empty for a single one.
	// A directory that holds a member's data already knows better.
	InitialCluster string
	// Join tells that the cluster exists and that this member was added to it.
	Join bool
	// Fast ticks ten times faster: a single member is ready, and members on one
	// machine elect, in a tenth of a second. Not for members across a network.
	Fast bool
	// QuotaBytes is how large the database file may become; DefaultQuotaBytes if 0.
	QuotaBytes int64
	Logger     *slog.Logger
}

// ticks are the times by which members find out about each other.
type ticks struct{ heartbeat, election time.Duration }

func (c EmbeddedConfig) ticks() ticks {
	if c.Fast {
		return ticks{10 * time.Millisecond, 100 * time.Millisecond}
	}
	return ticks{100 * time.Millisecond, time.Second}
}

func (c EmbeddedConfig) quota() int64 {
	if c.QuotaBytes == 0 {
		return DefaultQuotaBytes
	}
	return c.QuotaBytes
}

// etcd turns the configuration into etcd's own.
func (c EmbeddedConfig) etcd(logger *zap.Logger) (*embed.Config, error) {
	cfg := embed.NewConfig()
	cfg.Dir = c.Dir
	cfg.Name = c.Name
	if cfg.Name == "" {
		cfg.Name = "mesosctl"
	}
	if err := c.urls(cfg); err != nil {
		return nil, err
	}
	cfg.InitialCluster = c.InitialCluster
	if cfg.InitialCluster == "" {
		cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	}
	if c.Join {
		cfg.ClusterState = embed.ClusterStateFlagExisting
	}
	cfg.TickMs = uint(c.ticks().heartbeat.Milliseconds())
	cfg.ElectionMs = uint(c.ticks().election.Milliseconds())
	cfg.QuotaBackendBytes = c.quota()
	cfg.SnapshotCount = snapshotEntries
	cfg.SnapshotCatchUpEntries = catchUpEntries
	cfg.AutoCompactionMode = embed.CompactorModeRevision
	cfg.AutoCompactionRetention = keptRevisions
	cfg.MaxTxnOps = embeddedTxnOps
	cfg.MaxRequestBytes = requestBytes
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger)
	return cfg, nil
}

// urls sets where the member listens and what it tells of itself.
func (c EmbeddedConfig) urls(cfg *embed.Config) (err error) {
	if cfg.ListenClientUrls, err = parseURLs(c.ListenClient); err != nil {
		return err
	}
	if cfg.ListenPeerUrls, err = parseURLs(c.ListenPeer); err != nil {
		return err
	}
	cfg.AdvertiseClientUrls, cfg.AdvertisePeerUrls = cfg.ListenClientUrls, cfg.ListenPeerUrls
	if c.AdvertiseClient != "" {
		if cfg.AdvertiseClientUrls, err = parseURLs([]string{c.AdvertiseClient}); err != nil {
			return err
		}
	}
	if c.AdvertisePeer != "" || len(c.ListenPeer) == 0 {
		if cfg.AdvertisePeerUrls, err = parseURLs([]string{c.peerURL()}); err != nil {
			return err
		}
	}
	return nil
}

// peerURL is where others are told to reach the member.
func (c EmbeddedConfig) peerURL() string {
	switch {
	case c.AdvertisePeer != "":
		return c.AdvertisePeer
	case len(c.ListenPeer) > 0:
		return strings.Join(c.ListenPeer, ",")
	default:
		return noPeer
	}
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
