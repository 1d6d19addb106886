package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// maxRedirects is how many redirects a probe follows.
const maxRedirects = 50

// Network does an HTTP or TCP probe in the network of the process pid. Its
// timeout is an Err like any other; if ctx ends first nothing is known.
func Network(ctx context.Context, probe Probe, pid int) Result {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if probe.Timeout > 0 {
		limited, cancel = context.WithTimeout(ctx, probe.Timeout)
	}
	defer cancel()
	status, err := network(limited, probe, pid)
	switch {
	case ctx.Err() != nil, mesos.KindOf(err) == mesos.NotFound:
		return Result{} // given up, or the task is gone
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return Result{Err: TimedOut(probe)}
	case err != nil:
		return Result{Err: err}
	}
	return Result{Status: status}
}

// TimedOut is the Err of a probe that took too long.
func TimedOut(probe Probe) error {
	return mesos.Errorf(mesos.TimedOut, "timed out after %s", mesos.FormatDuration(probe.Timeout))
}

func network(ctx context.Context, probe Probe, pid int) (*mesospb.CheckStatusInfo, error) {
	status := &mesospb.CheckStatusInfo{Type: probe.Type.Enum()}
	var err error
	if probe.Type == mesospb.CheckInfo_TCP {
		status.Tcp, err = connect(ctx, probe, pid)
	} else {
		status.Http, err = get(ctx, probe, pid)
	}
	return status, err
}

// target is the host:port of a task.
func (p *Probe) target() string {
	host := "127.0.0.1"
	if p.IPv6 {
		host = "::1"
	}
	return net.JoinHostPort(host, strconv.FormatUint(uint64(p.Port), 10))
}

// connect sees whether a connection can be had; why not does not matter.
func connect(ctx context.Context, probe Probe, pid int) (*mesospb.CheckStatusInfo_Tcp, error) {
	conn, err := dial(ctx, pid, "tcp", probe.target())
	switch {
	case ctx.Err() != nil, mesos.KindOf(err) == mesos.NotFound:
		return nil, err
	case err == nil:
		conn.Close()
	}
	return &mesospb.CheckStatusInfo_Tcp{Succeeded: new(err == nil)}, nil
}

// get is an HTTP GET that follows redirects, believes any certificate, and reads
// the response to its end.
func get(ctx context.Context, probe Probe, pid int) (*mesospb.CheckStatusInfo_Http, error) {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, pid, network, address)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as documented of health checks
		DisableKeepAlives: true,
	}
	client := &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return nil
		},
	}
	url := probe.Scheme + "://" + probe.target() + probe.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &mesospb.CheckStatusInfo_Http{StatusCode: new(uint32(response.StatusCode))}, nil
}

// resolveTimeout bounds the lookup of a name that a redirect leads to.
const resolveTimeout = 10 * time.Second

// dial connects from the network of the process pid. Names are looked up in the
// agent's own.
func dial(ctx context.Context, pid int, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses := []string{host}
	if net.ParseIP(host) == nil {
		lookup, cancel := context.WithTimeout(ctx, resolveTimeout)
		defer cancel()
		if addresses, err = net.DefaultResolver.LookupHost(lookup, host); err != nil {
			return nil, err
		}
	}
	for _, ip := range addresses {
		var conn net.Conn
		if conn, err = dialFrom(ctx, pid, network, net.JoinHostPort(ip, port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
