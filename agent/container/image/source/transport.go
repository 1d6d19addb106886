package source

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// DefaultStallTimeout is --fetcher_stall_timeout's default.
const DefaultStallTimeout = time.Minute

// watched is how registries are spoken to: encrypted unless plain allows a host
// otherwise, and not by one who sends nothing for too long.
type watched struct {
	base  *http.Transport
	stall time.Duration
	plain func(host string) bool
}

func newTransport(stall time.Duration, plain func(host string) bool) *watched {
	if stall == 0 {
		stall = DefaultStallTimeout
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	return &watched{stall: stall, plain: plain, base: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true, // digests are of what was sent
	}}
}

// RoundTrip implements http.RoundTripper.
func (w *watched) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "http" && !w.plain(req.URL.Host) {
		return nil, mesos.Errorf(mesos.Unsupported,
			"%s: http without encryption is for this host, port 80 and the registry that --docker_registry names", req.URL.Host)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	stalled := mesos.Errorf(mesos.TimedOut, "%s sent nothing for %v", req.URL.Host, w.stall)
	b := &body{ctx: ctx, cancel: cancel, stall: w.stall}
	b.timer = time.AfterFunc(w.stall, func() { cancel(stalled) })
	res, err := w.base.RoundTrip(req.WithContext(ctx))
	b.timer.Stop()
	if err != nil {
		err = b.cause(err)
		cancel(nil)
		return nil, err
	}
	b.of = res.Body
	res.Body = b
	return res, nil
}

// body is that of a response, which may not stall while it is read.
type body struct {
	of     io.ReadCloser
	ctx    context.Context //nolint:containedctx // of one request
	cancel context.CancelCauseFunc
	timer  *time.Timer
	stall  time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.of.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.cause(err)
	}
	return n, err
}

// cause is what an error comes from, if it is this side's doing; otherwise the
// connection was lost.
func (b *body) cause(err error) error {
	if cause := context.Cause(b.ctx); cause != nil {
		return cause
	}
	return mesos.Errorf(mesos.Unavailable, "%w", err)
}

func (b *body) Close() error {
	b.timer.Stop()
	err := b.of.Close()
	b.cancel(nil)
	return err
}
