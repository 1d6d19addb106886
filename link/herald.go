package link

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// HeraldPath is where every master, standby or not, tells who leads.
const HeraldPath = "/mesosctl/leader"

const (
	heraldInterval = 10 * time.Second // between lines when there is no news
	heraldSilence  = 30 * time.Second // after which a herald is given up
	maxHeraldLine  = 4 << 10
)

// News is what a master knows of who leads.
type News struct {
	// Leader is the host:port of the leading master, "" while none is known, and
	// Term the number of its term: later terms have greater ones.
	Leader string `json:"leader"`
	Term   uint64 `json:"term"`
	// Leading tells that the master that says this is the leader.
	Leading bool `json:"leading"`
}

// Herald tells who leads: once to those who ask, and each change to those who
// follow. A follower costs about as much as an idle connection. Made by NewHerald.
type Herald struct {
	mu      sync.Mutex
	news    News
	changed chan struct{} // closed with the next change
	ended   bool
}

// NewHerald returns a herald that knows of no leader.
func NewHerald() *Herald { return &Herald{changed: make(chan struct{})} }

// Set is the news from now on.
func (h *Herald) Set(news News) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || h.news == news {
		return
	}
	h.news = news
	close(h.changed)
	h.changed = make(chan struct{})
}

// Close ends the connections of all followers.
func (h *Herald) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.ended {
		h.ended = true
		close(h.changed)
	}
}

func (h *Herald) current() (news News, changed <-chan struct{}, ended bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.news, h.changed, h.ended
}

// ServeHTTP answers GET with the news as a JSON object, and GET ?follow with one
// line for each change, the first at once, until the connection ends.
func (h *Herald) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, r.URL.Path+" takes GET, not "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	if !r.URL.Query().Has("follow") {
		news, _, _ := h.current()
		w.Header().Set("Content-Type", "application/json")
		w.Write(line(news)) //nolint:errcheck // the client is gone
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection can't be followed; use HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return
	}
	go h.tell(conn)
}

// tell writes the news until the follower is gone. The answer ends with the connection.
func (h *Herald) tell(conn net.Conn) {
	defer conn.Close() // it is over
	out := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
	timer := time.NewTimer(heraldInterval)
	defer timer.Stop()
	for {
		news, changed, ended := h.current()
		if ended {
			return
		}
		conn.SetDeadline(time.Now().Add(heraldInterval)) //nolint:errcheck // the write then fails
		if _, err := conn.Write(append(out, line(news)...)); err != nil {
			return
		}
		out = out[:0]
		timer.Reset(heraldInterval)
		select {
		case <-changed:
		case <-timer.C:
		}
	}
}

func line(news News) []byte {
	text, err := json.Marshal(news)
	if err != nil {
		panic("link: encode news: " + err.Error())
	}
	return append(text, '\n')
}

// Ask is what the herald of a master tells now.
func Ask(ctx context.Context, address string) (News, error) {
	var news *News
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	err := Follow(ctx, address, func(told News) {
		if news == nil {
			news = &told
		}
		leave()
	})
	if news == nil {
		return News{}, err
	}
	return *news, nil
}

// Follow tells what the herald of a master tells, until the connection breaks or
// ctx ends: the error is never nil. A master whose process is gone refuses the
// connection (syscall.ECONNREFUSED).
func Follow(ctx context.Context, address string, tell func(News)) error {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := new(net.Dialer).DialContext(dialing, "tcp", address)
	cancel()
	if err != nil {
		return mesos.Errorf(mesos.Unavailable, "follow master %s: %w", address, err)
	}
	defer conn.Close() // it is over
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := listen(conn, address, tell); err != nil && ctx.Err() == nil {
		return mesos.Errorf(mesos.Unavailable, "follow master %s: %w", address, err)
	}
	return mesos.Errorf(mesos.Unavailable, "follow master %s: %w", address, ctx.Err())
}

func listen(conn net.Conn, address string, tell func(News)) error {
	conn.SetDeadline(time.Now().Add(dialTimeout)) //nolint:errcheck // the connection then breaks
	_, err := fmt.Fprintf(conn, "GET %s?follow HTTP/1.1\r\nHost: %s\r\n\r\n", HeraldPath, address)
	if err != nil {
		return err
	}
	reader := bufio.NewReaderSize(conn, maxHeraldLine)
	answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodGet})
	if err != nil {
		return err
	}
	defer answer.Body.Close() // it is the connection
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(make([]byte, 0, 256), maxHeraldLine)
	for conn.SetDeadline(time.Now().Add(heraldSilence)); lines.Scan(); conn.SetDeadline(time.Now().Add(heraldSilence)) { //nolint:errcheck // as above
		var news News
		if err := json.Unmarshal(lines.Bytes(), &news); err != nil {
			return err
		}
		tell(news)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.EOF
}
