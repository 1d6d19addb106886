package daemon

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// TLSConfig lets a daemon's port take TLS connections beside plain ones: the
// first byte tells them apart.
// https://mesos.apache.org/documentation/latest/ssl/
type TLSConfig struct {
	CertFile, KeyFile string // PEM; read again when they change
}

// over returns a listener that takes both kinds of connections. It fails if the
// certificate can't be used.
func (c *TLSConfig) over(listener net.Listener) (net.Listener, error) {
	certificate := &certificate{files: *c}
	if _, err := certificate.get(nil); err != nil {
		return nil, err
	}
	// Event streams and links take the connection over, which HTTP/2 has no way for.
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get, NextProtos: []string{"http/1.1"}}
	return eitherListener{listener, config}, nil
}

// certificate is a certificate on disk, and what of it was last read.
type certificate struct {
	files TLSConfig

	mu    sync.Mutex
	stamp [2]time.Time
	last  *tls.Certificate
}

// get returns the certificate, read again if a file is another than before. While
// what is there now can't be used, the last one serves on.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := [2]time.Time{changed(c.files.CertFile), changed(c.files.KeyFile)}
	if c.last != nil && stamp == c.stamp {
		return c.last, nil
	}
	read, err := tls.LoadX509KeyPair(c.files.CertFile, c.files.KeyFile)
	switch {
	case err == nil:
		c.last, c.stamp = &read, stamp
	case c.last == nil:
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.files.CertFile, c.files.KeyFile, err)
	}
	return c.last, nil
}

// changed is when a file was last changed; zero if it can't be known.
func changed(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

type eitherListener struct {
	net.Listener
	config *tls.Config
}

func (l eitherListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &eitherConn{Conn: conn, config: l.config}, nil
}

// eitherConn is a connection whose client says with its first byte whether it
// speaks TLS. Whoever uses it first waits for that byte.
type eitherConn struct {
	net.Conn
	config *tls.Config

	once sync.Once
	in   net.Conn // plain: what is above, with the first byte put back
	err  error

	secured atomic.Pointer[tls.Conn] // in, if it is that
}

// tlsHandshake is the first byte of every TLS connection (RFC 8446, 5.1), and of
// no HTTP request.
const tlsHandshake = 0x16

func (c *eitherConn) decide() {
	first := make([]byte, 1)
	if _, c.err = c.Conn.Read(first); c.err != nil {
		return
	}
	c.in = &putBack{Conn: c.Conn, first: bytes.NewReader(first)}
	if first[0] == tlsHandshake {
		secured := tls.Server(c.in, c.config)
		c.in = secured
		c.secured.Store(secured)
	}
}

func (c *eitherConn) Read(p []byte) (int, error) {
	if c.once.Do(c.decide); c.err != nil {
		return 0, c.err
	}
	return c.in.Read(p)
}

func (c *eitherConn) Write(p []byte) (int, error) {
	if c.once.Do(c.decide); c.err != nil {
		return 0, c.err
	}
	return c.in.Write(p)
}

// Close tells the other side that the end is no accident.
func (c *eitherConn) Close() error {
	if secured := c.secured.Load(); secured != nil {
		return secured.Close()
	}
	return c.Conn.Close()
}

// putBack is a connection of which something was read already.
type putBack struct {
	net.Conn
	first *bytes.Reader
}

func (c *putBack) Read(p []byte) (int, error) {
	if c.first.Len() > 0 {
		return c.first.Read(p)
	}
	return c.Conn.Read(p)
}
