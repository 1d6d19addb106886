package daemon

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/registry"
)

const (
	// attendRetryMin and attendRetryMax bound the pause between attempts to reach a
	// leader that doesn't answer. A process that dies refuses connections only some
	// milliseconds after it has closed those it had.
	attendRetryMin = 2 * time.Millisecond
	attendRetryMax = 200 * time.Millisecond
	// deposeTimeout bounds how long etcd may take to end a term.
	deposeTimeout = 10 * time.Second
	// recoveryPatience is for how long an agent that comes to a leader may wait for
	// its recovery.
	recoveryPatience = 10 * time.Second
)

// observe keeps who leads at hand, for redirects, and while it is another attends to it.
func (m *Master) observe(ctx context.Context) {
	stop := func() {}
	defer func() { stop() }()
	for leader := range m.client.Load().Observe(ctx) {
		stop()
		m.leader.Store(leader)
		m.tellNews()
		if leader == nil || m.isSelf(leader) {
			stop = func() {}
			continue
		}
		m.log.Debug("another master leads", "leader", leader.Info.GetId(), "term", leader.Term)
		attending, leave := context.WithCancel(ctx)
		stop = leave
		go m.attend(attending, leader)
	}
}

func (m *Master) isSelf(leader *registry.Leader) bool {
	return leader.Info.GetAddress().GetIp() == m.address.ip && int(leader.Info.GetPort()) == m.address.port
}

// attend holds a connection to the leader until the context ends. When it
// breaks, and the leader's process is gone (its port refuses connections, or a
// new process answers), this standby ends the leader's term through etcd's
// quorum instead of waiting for the lease. A leader that only can't be reached is
// left to its lease. Being wrong costs an election and nothing else: every write
// of a leader is fenced.
func (m *Master) attend(ctx context.Context, leader *registry.Leader) {
	address := net.JoinHostPort(leader.Info.GetAddress().GetIp(), strconv.Itoa(int(leader.Info.GetPort())))
	term := uint64(leader.Term)
	attached := false // it has answered as the leader of this term
	retry := attendRetryMin
	for ctx.Err() == nil {
		heard, left := false, false
		following, leave := context.WithCancel(ctx)
		err := link.Follow(following, address, func(news link.News) {
			heard = true
			switch {
			case news.Leading && news.Term == term:
				attached = true
			case attached:
				left = true
				leave()
			}
		})
		leave()
		if ctx.Err() != nil {
			return
		}
		if left || attached && errors.Is(err, syscall.ECONNREFUSED) {
			m.depose(ctx, leader, address)
		}
		if heard && !left {
			retry = attendRetryMin
		}
		pause(ctx, retry)
		retry = min(2*retry, attendRetryMax)
	}
}

func (m *Master) depose(ctx context.Context, leader *registry.Leader, address string) {
	m.log.Info("the leader is gone", "leader", leader.Info.GetId(), "address", address, "term", leader.Term)
	ctx, cancel := context.WithTimeout(ctx, deposeTimeout)
	defer cancel()
	if err := m.client.Load().Depose(ctx, leader.Term); err != nil {
		m.log.Debug("its term could not be ended", "error", err)
	}
}

// tellNews tells followers who leads. What etcd tells of this master's own terms
// may be old: only the term under way counts.
func (m *Master) tellNews() {
	var news link.News
	if t := m.term.Load(); t != nil {
		news = link.News{Leader: httpapi.Address(m.candidate.Load()), Term: t.number, Leading: true}
	} else if leader := m.leader.Load(); leader != nil && !m.isSelf(leader) {
		news = link.News{Leader: httpapi.Address(leader.Info), Term: uint64(leader.Term)}
	}
	m.herald.Set(news)
}

// recovered waits until this master, which leads, has recovered: nil if it stops
// leading, or does not recover in time.
func (m *Master) recovered(ctx context.Context) *term {
	if recovering := m.recovering.Load(); recovering != nil {
		ctx, cancel := context.WithTimeout(ctx, recoveryPatience)
		defer cancel()
		select {
		case <-*recovering:
		case <-ctx.Done():
		}
	}
	return m.term.Load()
}

// pause returns after d or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
