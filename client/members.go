package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/members"
)

const (
	membersPath  = "/mesosctl/members"
	registryPath = "/mesosctl/registry"
)

// Membership is the cluster that the masters form, as the first of them that
// answers knows it. It needs no leader. An error of kind mesos.Unsupported: the
// masters form none, because their etcd is another one or they are Apache Mesos's.
func (c *Client) Membership(ctx context.Context) (members.Membership, error) {
	var failed []error
	for _, host := range c.Masters() {
		var known members.Membership
		response, err := c.sendTo(ctx, host, request{method: http.MethodGet, path: membersPath})
		if err == nil {
			err = decodeJSON(response, &known)
		}
		if err == nil {
			return known, nil
		}
		failed = append(failed, notMesosctl(c.identified(ctx, host, err), host))
	}
	return members.Membership{}, errors.Join(failed...)
}

// AddMember adds a master, at HOST:PORT or HOST:PORT/PEER_PORT, to the cluster
// that the masters form; it is to be started next.
func (c *Client) AddMember(ctx context.Context, address string) (members.Member, error) {
	return c.changeMembers(ctx, http.MethodPost, url.Values{"address": {address}})
}

// RemoveMember removes a master, by its address or the ID of its member.
func (c *Client) RemoveMember(ctx context.Context, member string) (members.Member, error) {
	return c.changeMembers(ctx, http.MethodDelete, url.Values{"member": {member}})
}

func (c *Client) changeMembers(ctx context.Context, method string, query url.Values) (member members.Member, err error) {
	if err := c.config.mayChange("a change of members"); err != nil {
		return member, err
	}
	response, err := c.send(ctx, request{method: method, path: membersPath + "?" + query.Encode()})
	if err != nil {
		return member, notMesosctl(err, c.Leader())
	}
	host := response.Request.URL.Host
	return member, c.identified(ctx, host, decodeJSON(response, &member))
}

// Backup is the registry of the leading master, in the form that a restore takes.
// progress is told, again and again, how many bytes are there of how many; -1 if
// that is not known.
func (c *Client) Backup(ctx context.Context, progress func(done, all int64)) ([]byte, error) {
	response, err := c.send(ctx, request{method: http.MethodGet, path: registryPath})
	if err != nil {
		return nil, notMesosctl(err, c.Leader())
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); kind != "application/octet-stream" {
		return nil, c.identified(ctx, response.Request.URL.Host, mesos.Errorf(mesos.Internal, "%s: the answer is %q, no backup", where(response), kind))
	}
	counted := &counter{told: progress, all: response.ContentLength}
	response.Body = io.NopCloser(io.TeeReader(response.Body, counted))
	return readAll(response)
}

// counter tells how many bytes were written to it.
type counter struct {
	told      func(done, all int64)
	done, all int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.done += int64(len(p))
	c.told(c.done, c.all)
	return len(p), nil
}

// decodeJSON reads a whole answer of one of this project's own endpoints.
func decodeJSON(response *http.Response, value any) error {
	defer response.Body.Close()
	body, err := readAll(response)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, value); err != nil {
		return fmt.Errorf("%s: decode answer: %w", where(response), err)
	}
	return nil
}

// isBare reports whether an error says no more than its status, as servers do of
// what they have no idea of; Apache Mesos's write "404 Not Found.".
func isBare(err error, kind mesos.Kind, status int) bool {
	return mesos.KindOf(err) == kind && strings.HasSuffix(strings.TrimSuffix(err.Error(), "."), http.StatusText(status))
}

// notMesosctl makes of "no such endpoint" what it means.
func notMesosctl(err error, host string) error {
	if isBare(err, mesos.NotFound, http.StatusNotFound) {
		return mesos.Errorf(mesos.Unsupported, "the master at %s is not one of mesosctl", host)
	}
	return err
}
