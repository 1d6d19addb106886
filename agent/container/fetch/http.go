package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// openHTTP begins a download, following redirects.
func (f *Fetcher) openHTTP(ctx context.Context, url string) (io.ReadCloser, error) {
	timeout := f.StallTimeout
	if timeout == 0 {
		timeout = DefaultStallTimeout
	}
	client := f.Client
	if client == nil {
		client = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		}}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stalled := mesos.Errorf(mesos.TimedOut, "no progress for %v", timeout)
	d := &download{ctx: ctx, cancel: cancel, timeout: timeout}
	d.timer = time.AfterFunc(timeout, func() { cancel(stalled) })
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		d.stop()
		return nil, mesos.Errorf(mesos.Invalid, "%w", err)
	}
	res, err := client.Do(req) //nolint:bodyclose // closing the download closes it
	if err != nil {
		err = d.cause(err)
		d.stop()
		return nil, err
	}
	d.body = res.Body
	if res.StatusCode != http.StatusOK {
		_ = d.Close()
		return nil, mesos.Errorf(mesos.Unavailable, "the server answered %s", res.Status)
	}
	return d, nil
}

// download is the body of a response that must not stall.
type download struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
	body    io.ReadCloser
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	if n > 0 {
		d.timer.Reset(d.timeout)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = d.cause(err)
	}
	return n, err
}

// cause is what an error comes from, if it is this side's doing.
func (d *download) cause(err error) error {
	if cause := context.Cause(d.ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

func (d *download) stop() {
	d.timer.Stop()
	d.cancel(nil)
}

func (d *download) Close() error {
	d.stop()
	return d.body.Close()
}
