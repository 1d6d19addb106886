package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// attempts is how often a download is tried that breaks.
	attempts       = 3
	defaultBackoff = 500 * time.Millisecond
)

// httpDownload is a download that goes on where it broke, if the server lets it.
type httpDownload struct {
	f   *Fetcher
	url string
	to  *target
	// validator names what is being downloaded; empty: the server can't go on with it.
	validator string
}

// broken is an error that may not come again.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// downloadHTTP downloads, following redirects.
func (f *Fetcher) downloadHTTP(ctx context.Context, address string, to *target) error {
	d := &httpDownload{f: f, url: address, to: to}
	backoff := f.Backoff
	if backoff == 0 {
		backoff = defaultBackoff
	}
	for attempt := 1; ; attempt++ {
		err := d.attempt(ctx)
		if b := (broken{}); !errors.As(err, &b) {
			return err
		} else if attempt == attempts {
			return fmt.Errorf("%w (tried %d times)", b.error, attempts)
		}
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		backoff *= 2
	}
}

func (f *Fetcher) client() *http.Client {
	if f.Client != nil {
		return f.Client
	}
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		DisableCompression: true, // what is fetched is what lies there
	}}
}

// attempt downloads what has not come yet.
func (d *httpDownload) attempt(ctx context.Context) error {
	w := d.f.watch(ctx)
	defer w.stop()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "%w", err)
	}
	if d.to.size > 0 && d.validator != "" {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.to.size))
		req.Header.Set("If-Range", d.validator)
	}
	client := d.f.client()
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err // which URL it is about is said already
		}
		return mayPass(w.cause(err))
	}
	defer func() { _ = res.Body.Close() }()
	w.progress()
	if err := d.begin(res); err != nil {
		return err
	}
	read, written := w.copy(d.to, res.Body)
	switch {
	case written != nil:
		return written
	case read != nil:
		return mayPass(read)
	}
	return d.to.sums.check()
}

// begin takes in the head of an answer: the whole from its beginning, or what is
// missing.
func (d *httpDownload) begin(res *http.Response) error {
	goesOn := res.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.to.size)) && d.to.size > 0
	switch {
	case goesOn:
		return nil
	case res.StatusCode == http.StatusPartialContent, res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		d.validator = "" // from the beginning, then
		return broken{statusError(res)}
	case res.StatusCode == http.StatusRequestTimeout, res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		return broken{statusError(res)}
	case res.StatusCode != http.StatusOK:
		return statusError(res)
	}
	if err := d.to.begin(); err != nil {
		return err
	}
	d.validator = validator(res.Header)
	d.to.sums = sumsOf(res.Header)
	if res.ContentLength > 0 {
		return d.to.reserve(res.ContentLength)
	}
	return nil
}

func statusError(res *http.Response) error {
	return mesos.Errorf(mesos.Unavailable, "the server answered %s", res.Status)
}

// validator is by what a server knows whether something has changed, for If-Range.
func validator(h http.Header) string {
	if tag := h.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// mayPass marks an error of the network, unless it is one that stays: a
// certificate, a stall, which took its time, or the caller's end.
func mayPass(err error) error {
	certificate := (*tls.CertificateVerificationError)(nil)
	if errors.As(err, &certificate) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		mesos.KindOf(err) == mesos.TimedOut {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = mesos.Errorf(mesos.Unavailable, "the connection ended too early: %w", err)
	}
	return broken{err}
}
