package link

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

const (
	// Path is where a master accepts links.
	Path = "/mesosctl/agent"
	// Protocol is what both sides name in the Upgrade header. The number changes
	// only if versions before and after can't talk to each other.
	Protocol = "mesosctl-agent/1"
)

const (
	dialTimeout  = 5 * time.Second
	maxRedirects = 3
	maxAnswer    = 4 << 10 // bytes of a refusal's text
)

// Accept turns a request into a link. If it returns an error it has answered
// the request.
func Accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), Protocol) {
		w.Header().Set("Upgrade", Protocol)
		http.Error(w, "only agents connect here, with Upgrade: "+Protocol, http.StatusUpgradeRequired)
		return nil, mesos.Errorf(mesos.Invalid, "accept link: the request asks for %q", r.Header.Get("Upgrade"))
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection can't be upgraded; use HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return nil, mesos.Errorf(mesos.Invalid, "accept link: %w", err)
	}
	conn.SetDeadline(time.Time{}) //nolint:errcheck // a broken connection shows at the next use
	answer := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + Protocol + "\r\n\r\n"
	if _, err := io.WriteString(conn, answer); err != nil {
		conn.Close() // it is broken
		return nil, mesos.Errorf(mesos.Unavailable, "accept link: %w", err)
	}
	return newConn(conn, rest(conn, buffered.Reader)), nil
}

// rest reads what a buffered reader already holds, then the connection itself,
// so that the buffer is not kept.
func rest(conn net.Conn, buffered *bufio.Reader) io.Reader {
	n := buffered.Buffered()
	if n == 0 {
		return conn
	}
	head, _ := buffered.Peek(n)
	return io.MultiReader(strings.NewReader(string(head)), conn)
}

// Dial connects to the leading master, given the host:port of any master: one
// that does not lead says who does. User is who asks, for HTTP basic
// authentication; nil says nothing. It returns the address that accepted. The
// error's kind is mesos.Unauthenticated if the master does not know the user.
func Dial(ctx context.Context, address string, user *url.Userinfo) (_ *Conn, leader string, _ error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for range maxRedirects {
		conn, next, err := dialOnce(ctx, address, user)
		if err != nil {
			kind := mesos.Unavailable
			if mesos.KindOf(err) == mesos.Unauthenticated {
				kind = mesos.Unauthenticated
			}
			return nil, "", mesos.Errorf(kind, "connect to master %s: %w", address, err)
		}
		if conn != nil {
			return conn, address, nil
		}
		address = next
	}
	return nil, "", mesos.Errorf(mesos.Unavailable, "connect to master %s: more than %d redirects", address, maxRedirects)
}

// Over makes a link of a connection to the leading master that was made in
// another way than by Dial. It does not end with a context: set a deadline.
func Over(conn net.Conn, address string, user *url.Userinfo) (*Conn, error) {
	link, next, err := handshake(conn, address, user)
	if err == nil && link == nil {
		err = mesos.Errorf(mesos.Unavailable, "another master leads, %s", next)
	}
	if err != nil {
		return nil, mesos.Errorf(mesos.KindOf(err), "connect to master %s: %w", address, err)
	}
	return link, nil
}

// dialOnce returns a link, or the address that it is to be sought at.
func dialOnce(ctx context.Context, address string, user *url.Userinfo) (_ *Conn, next string, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // it wakes the reader
	link, next, err := handshake(conn, address, user)
	if !stop() && link != nil {
		link, err = nil, ctx.Err()
	}
	if link == nil {
		conn.Close() // it is not used
	}
	return link, next, err
}

func handshake(conn net.Conn, address string, user *url.Userinfo) (_ *Conn, next string, err error) {
	request := "GET " + Path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: " + Protocol + "\r\n"
	if user != nil {
		secret, _ := user.Password()
		request += "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+secret)) + "\r\n"
	}
	_, err = io.WriteString(conn, request+"\r\n")
	if err != nil {
		return nil, "", err
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodGet})
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close() // nothing is kept of it
	switch answer.StatusCode {
	case http.StatusSwitchingProtocols:
		return newConn(conn, rest(conn, reader)), "", nil
	case http.StatusTemporaryRedirect:
		location, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || location.Host == "" {
			return nil, "", fmt.Errorf("redirected to %q", answer.Header.Get("Location"))
		}
		return nil, location.Host, nil
	default:
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		kind := mesos.Unavailable
		if answer.StatusCode == http.StatusUnauthorized {
			kind = mesos.Unauthenticated
		}
		return nil, "", mesos.Errorf(kind, "%s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
}
