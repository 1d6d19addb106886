// Package client is the Go client of every Mesos v1 API: scheduler, executor,
// operator (of masters and agents) and files. It works against this project's
// daemons and against Apache Mesos 1.5 and later.
//
// Every call takes a context and gives up when it ends. Errors carry the kinds
// of package mesos, mapped from the HTTP status in one place (errors.go); a host
// that can't be reached is mesos.Unavailable.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// Limits on what is taken from a server.
const (
	// MaxEventBytes is the size of the largest event of a stream.
	MaxEventBytes = 64 << 20
	// MaxStateBytes is the size of the largest event of an operator's stream, whose
	// first is the state of a whole cluster.
	MaxStateBytes = 1 << 30
	// MaxBodyBytes is the size of the largest answer: the state of a large cluster.
	MaxBodyBytes = 2 << 30
	// maxErrorBytes is how much of an error's body is read.
	maxErrorBytes = 8 << 10
	// maxRedirects is how many hops to the leader are followed.
	maxRedirects = 5
)

// Config says whom to talk to and how.
type Config struct {
	// Masters are "host:port" addresses of masters; any of them may lead. See
	// ParseMasters.
	Masters []string
	// MediaType is the encoding of calls and events. wire.Protobuf is the faster one.
	MediaType wire.MediaType
	// Principal and Secret are for HTTP basic authentication; an empty principal sends none.
	Principal, Secret string
	// Token is a bearer token, sent instead of a principal if not empty.
	Token string
	// Patience is how long a call waits for a leading master to be found, through
	// refused connections and 503s. Zero asks every master once.
	Patience time.Duration
	// TLS is how to connect, to masters and agents alike; nil: without TLS. See TLSFiles.
	TLS *tls.Config
	// ReadOnly, if it is not empty, refuses every call that changes something, with
	// this as the reason.
	ReadOnly string
	// Suspicious has a host that answered as a master does asked whether it is an agent,
	// once: many answers of agents can be taken for those of masters.
	Suspicious bool
	// Transport sends the requests; nil means one with keep-alive of its own.
	Transport http.RoundTripper
}

// Client talks to the leading master among several: it follows redirects to the
// leader, remembers it, and goes on to the next master when one can't be reached.
// It is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client

	mu     sync.Mutex
	target int    // index of the master to ask when no leader is known
	leader string // host:port the last redirect named, or that answered last
	proven string // host:port that is no agent
}

// New makes a client of a cluster. It opens no connection.
func New(config Config) (*Client, error) {
	if len(config.Masters) == 0 {
		return nil, mesos.Errorf(mesos.Invalid, "client: no master is given")
	}
	return &Client{config: config, http: config.httpClient()}, nil
}

func (c Config) httpClient() *http.Client {
	transport := c.Transport
	if transport == nil {
		own := NewTransport()
		own.TLSClientConfig = c.TLS // without HTTP/2: event streams and input are connections of their own
		transport = own
	}
	return &http.Client{
		Transport: transport,
		// Redirects are followed here, where it is known which are to a leader.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewTransport returns the transport that a Config without one uses. Clients of
// one cluster may share it, and CloseIdleConnections ends what it keeps open.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
}

// Close drops the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Leader returns the host:port of the master that led when last heard of, or of
// the one that would be asked first.
func (c *Client) Leader() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader != "" {
		return c.leader
	}
	return c.config.Masters[c.target]
}

// Secure reports whether the cluster is reached over TLS.
func (c *Client) Secure() bool { return c.config.TLS != nil }

// Masters are the addresses that the client was made with.
func (c *Client) Masters() []string { return slices.Clone(c.config.Masters) }

// Probe asks one master whether it leads. If another one does, the error is a
// *RedirectError.
func (c *Client) Probe(ctx context.Context, host string) error {
	r, err := encode(c.config.MediaType, operatorPath, &masterpb.Call{Type: masterpb.Call_GET_MASTER.Enum()})
	if err != nil {
		return err
	}
	response, err := c.sendTo(ctx, host, r)
	if err != nil {
		return err
	}
	discard(response)
	return nil
}

// request is one call, before it is known which master takes it.
type request struct {
	method string
	path   string // with its query, if any
	body   []byte
	header http.Header
	opens  bool // an event stream, which a server does at once
}

// send finds the leading master and returns its answer, which is a success; the
// caller closes the body. Only what cannot have been acted on is sent again: a
// refused connection, a redirect, a 503.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	var deadline time.Time
	if c.config.Patience > 0 {
		deadline = time.Now().Add(c.config.Patience)
	}
	pause := 20 * time.Millisecond
	for tried, hops := 1, 0; ; tried++ {
		host := c.Leader()
		response, err := c.attempt(ctx, host, r)
		if err == nil {
			return response, nil
		}
		var elsewhere *RedirectError
		if errors.As(err, &elsewhere) && hops < maxRedirects {
			hops++
			tried--
			c.setLeader(elsewhere.Host)
			continue
		}
		if errors.Is(err, errSilent) {
			c.forget(host)
		}
		if !retryable(err) {
			return nil, c.identified(ctx, host, err)
		}
		c.forget(host)
		if deadline.IsZero() {
			if tried >= len(c.config.Masters) {
				return nil, &UnreachedError{err}
			}
			continue
		}
		if time.Now().Add(pause).After(deadline) {
			return nil, &UnreachedError{err}
		}
		if tried%len(c.config.Masters) == 0 {
			if cause := sleep(ctx, pause); cause != nil {
				return nil, contextError(r.path, host, cause)
			}
			pause = min(2*pause, time.Second)
			hops = 0
		}
	}
}

// answerWithin is how long a server may take to open an event stream. One that is
// cut off would be waited for until TCP gives it up, a quarter of an hour later.
const answerWithin = 10 * time.Second

var errSilent = errors.New("no answer came in " + answerWithin.String())

// attempt sends r to one host. If r opens a stream, the host must answer in time.
func (c *Client) attempt(ctx context.Context, host string, r request) (*http.Response, error) {
	if !r.opens {
		return c.sendTo(ctx, host, r)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	silence := time.AfterFunc(answerWithin, func() { cancel(errSilent) })
	response, err := c.sendTo(ctx, host, r)
	silence.Stop()
	if err != nil {
		if context.Cause(ctx) == errSilent { //nolint:errorlint // it is this one
			err = mesos.Errorf(mesos.Unavailable, "%s on %s: %w", r.path, host, errSilent)
		}
		cancel(nil)
		return nil, err
	}
	response.Body = stoppable{response.Body, func() { cancel(nil) }}
	return response, nil
}

// stoppable is the body of an answer whose request is over when it is closed.
type stoppable struct {
	io.ReadCloser
	stop func()
}

func (s stoppable) Close() error {
	s.stop()
	return s.ReadCloser.Close()
}

// sendTo sends r to one host. An error status is an error.
func (c *Client) sendTo(ctx context.Context, host string, r request) (*http.Response, error) {
	return c.config.sendTo(ctx, c.http, host, r)
}

func (c Config) sendTo(ctx context.Context, hc *http.Client, host string, r request) (*http.Response, error) {
	return c.do(ctx, hc, host, r, bytes.NewReader(r.body))
}

// stream sends records as they come, until there are no more or the answer is there.
func (c Config) stream(ctx context.Context, hc *http.Client, host, path string, media wire.MediaType, records io.Reader) (*http.Response, error) {
	return c.do(ctx, hc, host, request{method: http.MethodPost, path: path, header: http.Header{
		"Content-Type": {wire.RecordIO}, "Message-Content-Type": {media.String()}, "Accept": {media.String()},
	}}, records)
}

func (c Config) do(ctx context.Context, hc *http.Client, host string, r request, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.scheme()+host+r.path, body)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s on %s: %w", r.path, host, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "mesosctl")
	switch {
	case c.Token != "":
		req.Header.Set("Authorization", "Bearer "+c.Token)
	case c.Principal != "":
		req.SetBasicAuth(c.Principal, c.Secret)
	}
	response, err := hc.Do(req)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, contextError(r.path, host, cause)
		}
		return nil, transportError(r.path, host, err)
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	return nil, statusError(r.path, host, response)
}

func (c Config) scheme() string {
	if c.TLS != nil {
		return "https://"
	}
	return "http://"
}

func (c *Client) setLeader(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leader = host
}

// forget goes on to the next master, unless another call did so already.
func (c *Client) forget(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == host {
		c.leader = ""
		if c.config.Masters[c.target] != host {
			return
		}
	} else if c.leader != "" || c.config.Masters[c.target] != host {
		return
	}
	c.target = (c.target + 1) % len(c.config.Masters)
}

// encode is a POST of a message.
func encode(media wire.MediaType, path string, m wire.Message) (request, error) {
	body, err := media.Append(nil, m)
	if err != nil {
		return request{}, mesos.Errorf(mesos.Invalid, "encode call for %s: %w", path, err)
	}
	return request{
		method: http.MethodPost, path: path, body: body,
		header: http.Header{"Content-Type": {media.String()}, "Accept": {media.String()}},
	}, nil
}

// decode reads a whole answer into m.
func decode(media wire.MediaType, response *http.Response, m wire.Message) error {
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return err
	}
	if got, ok := wire.ParseMediaType(response.Header.Get("Content-Type")); ok {
		media = got
	}
	if err := media.Unmarshal(body, m); err != nil {
		return fmt.Errorf("%s: decode answer: %w", where(response), err)
	}
	return nil
}

func readAll(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxBodyBytes+1))
	if err != nil {
		if cause := response.Request.Context().Err(); cause != nil {
			return nil, contextError(response.Request.URL.Path, response.Request.URL.Host, cause)
		}
		return nil, mesos.Errorf(mesos.Unavailable, "%s: read answer: %w", where(response), err)
	}
	if len(body) > MaxBodyBytes {
		return nil, mesos.Errorf(mesos.TooLarge, "%s: answer is over %d bytes", where(response), MaxBodyBytes)
	}
	return body, nil
}

func where(response *http.Response) string {
	return response.Request.URL.Path + " on " + response.Request.URL.Host
}

// discard ends an answer whose body says nothing, so that its connection serves again.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, maxErrorBytes)
	_ = response.Body.Close()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
