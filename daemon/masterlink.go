//go:build !windows

package daemon

import (
	"context"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent"
	"github.com/mesosctl/mesosctl/internal/drive"
	"github.com/mesosctl/mesosctl/link"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/linkpb"
)

// farewell is for how long a link that is closed at the end may take to deliver
// what was sent on it.
const farewell = time.Second

// followRetry is about how long an agent waits before it listens to another master.
const followRetry = 200 * time.Millisecond

// masterLink is an agent's connection to whichever master leads. The core says
// when to connect; at most one attempt or connection is there at a time.
type masterLink struct {
	masters []string
	user    *url.Userinfo // who the agent is; nil if it does not say
	log     *slog.Logger
	inbox   *drive.Inbox[agent.Input]

	ctx    context.Context // of attempts to connect
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	leader string // who leads, as masters have told
	first  int    // the master to try first if that one can't be reached
	last   agent.LinkID
	conn   *link.Conn // of the link last
}

func newMasterLink(masters []string, user *url.Userinfo, log *slog.Logger, inbox *drive.Inbox[agent.Input]) *masterLink {
	l := &masterLink{masters: masters, user: user, log: log, inbox: inbox}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if len(masters) > 1 {
		l.done.Go(l.follow)
	}
	return l
}

// follow listens to one of the masters for news of who leads, by choice to one
// that doesn't: it will know when the leader is lost.
func (l *masterLink) follow() {
	at := mathrand.IntN(len(l.masters))
	for ; l.ctx.Err() == nil; at = (at + 1) % len(l.masters) {
		ctx, leave := context.WithCancel(l.ctx)
		err := link.Follow(ctx, l.masters[at], func(news link.News) {
			if news.Leader != "" {
				l.mu.Lock()
				l.leader = news.Leader
				l.mu.Unlock()
				l.inbox.Put(agent.LeaderKnown{Master: news.Leader, Term: news.Term})
			}
			if news.Leading {
				leave()
			}
		})
		leave()
		l.log.Debug("listening to another master", "error", err)
		pause(l.ctx, time.Duration((0.5+mathrand.Float64())*float64(followRetry)))
	}
}

// connect looks for the leading master and then brings its messages to the core.
func (l *masterLink) connect() {
	l.done.Go(func() {
		conn, leader, err := l.dial()
		if err != nil {
			l.inbox.Put(agent.ConnectFailed{Err: err})
			return
		}
		l.mu.Lock()
		l.last++
		id := l.last
		l.conn = conn
		l.mu.Unlock()
		l.inbox.Put(agent.Connected{Link: id, Master: leader})
		l.receive(id, conn)
	})
}

// dial tries the one that is said to lead, then the masters in turn, the one
// that last worked first.
func (l *masterLink) dial() (*link.Conn, string, error) {
	l.mu.Lock()
	leader := l.leader
	l.mu.Unlock()
	if leader != "" {
		conn, _, err := link.Dial(l.ctx, leader, l.user)
		if err == nil || mesos.KindOf(err) == mesos.Unauthenticated {
			return conn, leader, err
		}
	}
	err := mesos.Errorf(mesos.Invalid, "connect: no master is named")
	for range l.masters {
		l.mu.Lock()
		address := l.masters[l.first]
		l.mu.Unlock()
		conn, leader, dialErr := link.Dial(l.ctx, address, l.user)
		if dialErr == nil {
			return conn, leader, nil
		}
		err = dialErr
		if mesos.KindOf(err) == mesos.Unauthenticated {
			break // others know no more
		}
		l.mu.Lock()
		l.first = (l.first + 1) % len(l.masters)
		l.mu.Unlock()
	}
	return nil, "", err
}

func (l *masterLink) receive(id agent.LinkID, conn *link.Conn) {
	for {
		message := new(linkpb.ToAgent)
		if err := conn.Receive(message); err != nil {
			l.log.Debug("connection to the master ended", "error", err)
			break
		}
		if !l.inbox.PutWait(agent.MasterMessage{Link: id, Message: message}) {
			break
		}
	}
	if l.forget(id) != nil {
		conn.Close()
		l.inbox.Put(agent.LinkClosed{Link: id})
	}
}

// send sends a message on a link, if that is still there.
func (l *masterLink) send(id agent.LinkID, message *linkpb.ToMaster) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == l.last && l.conn != nil {
		l.conn.Send(message)
	}
}

// drop closes a link after what was sent on it.
func (l *masterLink) drop(id agent.LinkID) {
	if conn := l.forget(id); conn != nil {
		conn.Close()
	}
}

func (l *masterLink) forget(id agent.LinkID) *link.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id != l.last {
		return nil
	}
	conn := l.conn
	l.conn = nil
	return conn
}

// close ends the link and waits a moment for the master to take the last messages.
func (l *masterLink) close() {
	l.cancel()
	l.mu.Lock()
	id := l.last
	l.mu.Unlock()
	l.drop(id)
	ended := make(chan struct{})
	go func() {
		l.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(farewell):
	}
}
