package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/mesosctl/mesosctl/authn"
	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/link"
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
	etcd    atomic.Pointer[registry.Embedded] // nil with an external cluster
	client  atomic.Pointer[registry.Client]   // set once it is there
	// whitelist belongs to the goroutines of the term, one after the other.
	whitelist *whitelist
	ballast   ballast

	realms   authn.Realms
	view     *httpapi.MasterView
	metering metering
	leading  atomic.Bool
	term     atomic.Pointer[term]            // nil until this leader has recovered
	led      chan struct{}                   // closed once it has, for the first time
	leader   atomic.Pointer[registry.Leader] // nil while nobody leads
	herald   *link.Herald
	// recovering is closed once the term that has begun can decide, or is over.
	recovering atomic.Pointer[chan struct{}]
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
	m := &Master{
		cfg: cfg, log: cfg.Log.With("daemon", "master"), started: time.Now(),
		view: httpapi.NewMasterView(), led: make(chan struct{}), herald: link.NewHerald(),
	}
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
	m.server = newServer(m.handler(), m.log)

	m.wait = sync.OnceValue(m.await)
	running, stop := context.WithCancel(ctx)
	m.stop = stop
	m.group, m.running = errgroup.WithContext(running)
	m.group.Go(func() error { return serve(m.running, m.server, m.address.listener) })
	if err := m.connectRegistry(ctx); err != nil {
		return nil, fmt.Errorf("start master: %w", errors.Join(err, m.Close()))
	}
	m.group.Go(func() error { return m.take(m.running) })
	m.log.Info("master started", "address", m.address.String())
	return m, nil
}

// Address is the host:port at which others reach the master.
func (m *Master) Address() string { return m.address.String() }

// Serve serves on a listener beside the master's own, until the master ends.
func (m *Master) Serve(listener net.Listener) error { return serve(m.running, m.server, listener) }

// Ended is closed when the master ends, whether it was asked to or failed.
func (m *Master) Ended() <-chan struct{} { return m.running.Done() }

// Led is closed once this master has led and could decide.
func (m *Master) Led() <-chan struct{} { return m.led }

// Wait returns when the master has ended: nil if it was asked to.
func (m *Master) Wait() error { return m.wait() }

func (m *Master) await() error {
	err := m.group.Wait()
	m.herald.Close()
	if etcd := m.etcd.Load(); etcd != nil {
		etcd.Close()
	} else if client := m.client.Load(); client != nil {
		err = errors.Join(err, client.Close())
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

// connectRegistry opens this master's etcd member, or the connection to an
// external cluster. A master alone is then ready; one of several is once a
// majority of them is up, see take.
func (m *Master) connectRegistry(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.RegistryFetchTimeout)
	defer cancel()
	if len(m.cfg.Etcd) > 0 {
		client, err := registry.Dial(ctx, m.cfg.Etcd)
		if err == nil {
			m.client.Store(client)
		}
		return err
	}
	formation, err := m.form(ctx)
	if err != nil {
		return err
	}
	config, err := m.memberConfig(&formation)
	if err != nil {
		return err
	}
	etcd, err := registry.OpenEmbedded(ctx, config)
	if err != nil {
		return err
	}
	m.etcd.Store(etcd)
	m.client.Store(etcd.Client())
	if err := formation.check(etcd.Membership()); err != nil {
		return err
	}
	if len(formation.masters) == 0 {
		return etcd.Ready(ctx)
	}
	return nil
}

// take waits for the other masters, if there are any, and then takes part: it
// observes who leads and is a candidate, until the context ends.
func (m *Master) take(ctx context.Context) error {
	if etcd := m.etcd.Load(); etcd != nil {
		m.group.Go(func() error { return watchEtcd(ctx, etcd) })
		if err := m.awaitMajority(ctx, etcd); err != nil {
			return err
		}
		m.group.Go(func() error { m.maintain(ctx, etcd); return nil })
	}
	m.group.Go(func() error { m.observe(ctx); return nil })
	return m.campaign(ctx)
}

// maintainInterval is how often a master looks after its etcd member's database.
const maintainInterval = time.Minute

func (m *Master) maintain(ctx context.Context, etcd *registry.Embedded) {
	for {
		pause(ctx, maintainInterval)
		if ctx.Err() != nil {
			return
		}
		if err := etcd.Maintain(ctx); err != nil && ctx.Err() == nil {
			m.log.Warn("etcd could not be maintained", "error", err)
		}
	}
}

// reportInterval is between reports that a master still waits for others.
const reportInterval = 10 * time.Second

// awaitMajority waits until the etcd member can serve.
func (m *Master) awaitMajority(ctx context.Context, etcd *registry.Embedded) error {
	ready := make(chan error, 1)
	go func() { ready <- etcd.Ready(ctx) }()
	report := time.NewTicker(reportInterval)
	defer report.Stop()
	for {
		select {
		case err := <-ready:
			return err
		case <-report.C:
			m.log.Info("waiting until a majority of the masters is up", "masters", addresses(m.cfg.Masters))
		}
	}
}

// watchEtcd ends the master when its etcd member fails, or is removed.
func watchEtcd(ctx context.Context, etcd *registry.Embedded) error {
	select {
	case err := <-etcd.Failed():
		return fmt.Errorf("embedded etcd: %w", err)
	case <-etcd.Ended():
		if ctx.Err() != nil {
			return nil
		}
		return etcd.Err()
	case <-ctx.Done():
		return nil
	}
}

// campaign leads whenever it is elected, until the context ends.
func (m *Master) campaign(ctx context.Context) error {
	for {
		info := m.info()
		m.candidate.Store(info)
		elected, err := registry.Campaign(ctx, m.client.Load(), registry.Candidate{
			Info: info, Sole: m.alone(), TTL: m.cfg.LeaderTimeout, StoreTimeout: m.cfg.RegistryStoreTimeout,
		})
		if err != nil {
			return ctx.Err()
		}
		err = m.lead(ctx, elected, info)
		m.resign(ctx, elected)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, registry.ErrUnreadable) || errors.Is(err, errGaveUp) {
			return err
		}
		m.log.Warn("leadership lost", "error", err)
	}
}

// resignTimeout bounds how long a master waits for etcd when it gives its
// leadership back; there may be no majority any more.
const resignTimeout = time.Second

func (m *Master) resign(ctx context.Context, elected *registry.Term) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignTimeout)
	defer cancel()
	if err := elected.Resign(ctx); err != nil {
		m.log.Debug("the leadership could not be given back", "error", err)
	}
}

// alone tells that no other master can be a candidate.
func (m *Master) alone() bool {
	etcd := m.etcd.Load()
	return etcd != nil && len(etcd.Membership().Members) == 1
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
		Capabilities: master.Capabilities(),
	}
}

// lead serves one term and returns why it ended.
func (m *Master) lead(ctx context.Context, elected *registry.Term, info *mesospb.MasterInfo) error {
	recovering := make(chan struct{})
	recovered := sync.OnceFunc(func() { close(recovering) })
	m.recovering.Store(&recovering)
	m.leading.Store(true)
	m.leader.Store(&registry.Leader{Info: info, Term: elected.Revision()})
	defer m.tellNews()
	defer recovered()
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

	began := time.Now()
	loadCtx, loaded := context.WithTimeout(ctx, m.cfg.RegistryFetchTimeout)
	registered, err := elected.Store().Load(loadCtx)
	loaded()
	if err != nil {
		return err
	}
	fetched := time.Now()
	defer m.ballast.learn(len(registered.Admitted))()
	core := master.New(m.cfg.core(info, uint64(elected.Revision()), m.whitelist.read()), registered)
	t := newTerm(m.log, core, elected, m.view)
	t.whitelist = m.whitelist
	t.storing.loaded(fetched, fetched.Sub(began))
	if t.alloc, err = m.newAllocating(info, t.allocatingEvents()); err != nil {
		return err
	}
	m.term.Store(t)
	recovered()
	m.tellNews()
	m.firstTerm.Do(func() { close(m.led) })
	defer m.view.Reset()
	defer m.term.Store(nil)
	m.log.Info("leading", "master", info.GetId(), "term", elected.Revision(), "admitted_agents", len(registered.Admitted))
	go m.stepAside(ctx)
	err = t.run(ctx)
	return errors.Join(err, context.Cause(ctx))
}

// asideInterval is how often a leader sees to it that another member leads etcd.
const asideInterval = 5 * time.Second

// stepAside keeps the leadership of etcd away from the leading master's member:
// the loss of this host then needs one election, not two in a row.
func (m *Master) stepAside(ctx context.Context) {
	etcd := m.etcd.Load()
	for etcd != nil && ctx.Err() == nil {
		if err := etcd.StepAside(ctx); err != nil {
			m.log.Debug("etcd is still led from here", "error", err)
		}
		pause(ctx, asideInterval)
	}
}
