package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/registry"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Master is a running master: the leader or a standby.
type Master struct {
	cfg     MasterConfig
	log     *slog.Logger
	started time.Time
	address address
	server  *http.Server
	etcd    *registry.Embedded // nil with an external cluster
	client  *registry.Client
	// whitelist belongs to the goroutines of the term, one after the other.
	whitelist *whitelist

	realms  authn.Realms
	view    *httpapi.MasterView
	leading atomic.Bool
	term    atomic.Pointer[term]               // nil until this leader has recovered
	led     chan struct{}                      // closed once it has, for the first time
	leader  atomic.Pointer[mesospb.MasterInfo] // nil while nobody leads
	// candidate is this master in its current candidacy, and in the term that
	// comes of it.
	candidate atomic.Pointer[mesospb.MasterInfo]

	firstTerm sync.Once

	running context.Context // ends when the master does
	stop    context.CancelFunc
	group   *errgroup.Group
	wait    func() error // await, once
}

// RunMaster runs a master until the context ends, and then stops it cleanly.
func RunMaster(ctx context.Context, cfg MasterConfig) error {
	m, err := StartMaster(ctx, cfg)
	if err != nil {
		return err
	}
	return m.Wait()
}

// StartMaster starts a master that runs until the context ends or Close is
// called. It returns once the master answers requests; it may not lead yet.
func StartMaster(ctx context.Context, cfg MasterConfig) (*Master, error) {
	m := &Master{cfg: cfg, log: cfg.Log.With("daemon", "master"), started: time.Now(), view: httpapi.NewMasterView(), led: make(chan struct{})}
	if _, err := cfg.hierarchical(allocation.Domain{}); err != nil {
		return nil, fmt.Errorf("start master: %w", err)
	}
	m.whitelist = &whitelist{path: cfg.Whitelist, log: m.log}
	var err error
	if m.whitelist.hostnames, err = ReadWhitelist(cfg.Whitelist); err != nil {
		return nil, fmt.Errorf("start master: %w", err)
	}
	if m.realms, err = m.cfg.realms(); err != nil {
		return nil, fmt.Errorf("start master: %w", err)
	}
	if m.address, err = cfg.listen(); err != nil {
		return nil, fmt.Errorf("start master: %w", err)
	}
	if err := m.connectRegistry(ctx); err != nil {
		m.address.listener.Close() //nolint:errcheck // the start's error matters
		return nil, fmt.Errorf("start master: %w", err)
	}
	m.server = newServer(m.handler(), m.log)

	m.wait = sync.OnceValue(m.await)
	ctx, m.stop = context.WithCancel(ctx)
	m.group, ctx = errgroup.WithContext(ctx)
	m.running = ctx
	m.group.Go(func() error { return serve(ctx, m.server, m.address.listener) })
	m.group.Go(func() error { m.observe(ctx); return nil })
	m.group.Go(func() error { return m.campaign(ctx) })
	if m.etcd != nil {
		m.group.Go(func() error { return m.watchEtcd(ctx) })
	}
	m.log.Info("master started", "address", m.address.String())
	return m, nil
}

// Address is the host:port at which others reach the master.
func (m *Master) Address() string { return m.address.String() }

// Ended is closed when the master ends, whether it was asked to or failed.
func (m *Master) Ended() <-chan struct{} { return m.running.Done() }

// Led is closed once this master has led and could decide.
func (m *Master) Led() <-chan struct{} { return m.led }

// Wait returns when the master has ended: nil if it was asked to.
func (m *Master) Wait() error { return m.wait() }

func (m *Master) await() error {
	err := m.group.Wait()
	if m.etcd != nil {
		m.etcd.Close()
	} else {
		err = errors.Join(err, m.client.Close())
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Close stops the master and waits until it has ended.
func (m *Master) Close() error {
	m.stop()
	return m.Wait()
}

func (m *Master) connectRegistry(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.RegistryFetchTimeout)
	defer cancel()
	if len(m.cfg.Etcd) > 0 {
		client, err := registry.Dial(ctx, m.cfg.Etcd)
		if err != nil {
			return err
		}
		m.client = client
		return nil
	}
	etcd, err := registry.StartEmbedded(ctx, registry.EmbeddedConfig{
		Dir: filepath.Join(m.cfg.WorkDir, "etcd"), Fast: m.cfg.EtcdFast, Logger: m.log,
	})
	if err != nil {
		return err
	}
	m.etcd, m.client = etcd, etcd.Client()
	return nil
}

// watchEtcd ends the master when its etcd member fails.
func (m *Master) watchEtcd(ctx context.Context) error {
	select {
	case err := <-m.etcd.Failed():
		return fmt.Errorf("embedded etcd: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// observe keeps who leads at hand, for redirects.
func (m *Master) observe(ctx context.Context) {
	for leader := range m.client.Observe(ctx) {
		m.leader.Store(leader)
		m.log.Debug("leader changed", "leader", leader.GetId())
	}
}

// campaign leads whenever it is elected, until the context ends.
func (m *Master) campaign(ctx context.Context) error {
	for {
		info := m.info()
		m.candidate.Store(info)
		elected, err := registry.Campaign(ctx, m.client, registry.Candidate{
			Info: info, Sole: m.etcd != nil, StoreTimeout: m.cfg.RegistryStoreTimeout,
		})
		if err != nil {
			return ctx.Err()
		}
		err = m.lead(ctx, elected, info)
		if resigned := elected.Resign(context.WithoutCancel(ctx)); resigned != nil {
			m.log.Debug("the leadership could not be given back", "error", resigned)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		m.log.Warn("leadership lost", "error", err)
	}
}

// info describes this master for one candidacy: the ID is fresh each time,
// because the IDs that a term assigns begin with it.
func (m *Master) info() *mesospb.MasterInfo {
	return &mesospb.MasterInfo{
		Id:           proto.String(uuid.NewString()),
		Ip:           proto.Uint32(m.address.packed()),
		Port:         proto.Uint32(uint32(m.address.port)),
		Pid:          proto.String("master@" + m.address.String()),
		Hostname:     proto.String(m.address.hostname),
		Version:      proto.String(MesosVersion),
		Address:      m.address.wire(),
		Domain:       m.cfg.Domain.wire(),
		Capabilities: []*mesospb.MasterInfo_Capability{{Type: mesospb.MasterInfo_Capability_AGENT_UPDATE.Enum()}},
	}
}

// lead serves one term and returns why it ended.
func (m *Master) lead(ctx context.Context, elected *registry.Term, info *mesospb.MasterInfo) error {
	m.leading.Store(true)
	m.leader.Store(info)
	defer m.leading.Store(false)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-elected.Done():
			cancel(elected.Err())
		case <-ctx.Done():
		}
	}()

	loadCtx, loaded := context.WithTimeout(ctx, m.cfg.RegistryFetchTimeout)
	recovered, err := elected.Store().Load(loadCtx)
	loaded()
	if err != nil {
		return err
	}
	core := master.New(m.cfg.core(info, uint64(elected.Revision()), m.whitelist.read()), recovered)
	t := newTerm(m.log, core, elected.Store(), m.view)
	t.whitelist = m.whitelist
	if t.alloc, err = m.newAllocating(info, t.allocatingEvents()); err != nil {
		return err
	}
	m.term.Store(t)
	m.firstTerm.Do(func() { close(m.led) })
	defer m.view.Reset()
	defer m.term.Store(nil)
	m.log.Info("leading", "master", info.GetId(), "term", elected.Revision(), "admitted_agents", len(recovered.Admitted))
	err = t.run(ctx)
	return errors.Join(err, context.Cause(ctx))
}
