package client

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// identifyWithin is how long finding out what a host is may take.
const identifyWithin = 2 * time.Second

// identified makes of an error that no master gives, or seldom, what it means if
// the host is none: whoever configured it must know.
func (c *Client) identified(ctx context.Context, host string, err error) error {
	if err == nil {
		return nil
	}
	switch mesos.KindOf(err) {
	case mesos.Invalid, mesos.NotFound, mesos.Unsupported, mesos.Internal:
	default:
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, identifyWithin)
	defer cancel()
	if c.config.answers(ctx, c.http, host, "/master/health") {
		return err
	}
	var what string
	switch {
	case c.config.answers(ctx, c.http, host, "/slave(1)/health"):
		what = "it is an agent; name a master, whose port is 5050 unless somebody chose another"
	case strings.Contains(c.config.said(ctx, c.http, host, "/version"), "etcdserver"):
		what = "it is an etcd server, maybe a master's own; name the master's port"
	case ctx.Err() == nil:
		what = "it speaks HTTP, but not as masters do"
	default:
		return err
	}
	return mesos.Errorf(mesos.Unavailable, "%s is not a Mesos master: %s (%w)", host, what, plain{err})
}

// suspect refuses an agent, if that is wanted and not known yet.
func (c *Client) suspect(ctx context.Context, host string) error {
	c.mu.Lock()
	known := c.proven == host
	c.mu.Unlock()
	if known || !c.config.Suspicious {
		return nil
	}
	if c.config.answers(ctx, c.http, host, "/slave(1)/health") {
		return c.identified(ctx, host, mesos.Errorf(mesos.Internal, "it answers as agents do"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proven = host
	return nil
}

// plain is an error without its kind.
type plain struct{ error }

// answers reports whether a host has a path for which there is nothing to say.
func (c Config) answers(ctx context.Context, hc *http.Client, host, path string) bool {
	response, err := c.sendTo(ctx, hc, host, request{method: http.MethodGet, path: path})
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1))
	return err == nil && len(body) == 0 && response.StatusCode == http.StatusOK
}

// said is what a host answers, or the beginning of it; empty if it doesn't.
func (c Config) said(ctx context.Context, hc *http.Client, host, path string) string {
	response, err := c.sendTo(ctx, hc, host, request{method: http.MethodGet, path: path})
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
	return string(body)
}
