package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// TLSFiles say how servers prove who they are, and how this client does. All of
// them may be empty.
type TLSFiles struct {
	// CA is a file of PEM certificates of authorities; empty: those of the system.
	CA string
	// Certificate and Key are PEM files of this client's own.
	Certificate, Key string
	// ServerName is whose certificate servers must have; empty: that of the host
	// that is asked.
	ServerName string
	// Insecure takes any certificate. Who listens in can then pose as the cluster.
	Insecure bool
}

// Load reads the files. An error of kind mesos.Unauthenticated: this client's
// certificate is not valid now; mesos.Invalid: a file can't be used.
func (f TLSFiles) Load(now time.Time) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: f.ServerName,
		InsecureSkipVerify: f.Insecure, //nolint:gosec // whoever sets it was told
	}
	if f.CA != "" {
		data, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "read the CA's certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, mesos.Errorf(mesos.Invalid, "the CA's certificate %s: there is no PEM certificate in it", f.CA)
		}
	}
	switch {
	case f.Certificate == "" && f.Key == "":
		return config, nil
	case f.Certificate == "" || f.Key == "":
		return nil, mesos.Errorf(mesos.Invalid, "a client certificate and its key belong together: one of them is missing")
	}
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "the client certificate %s with key %s: %w", f.Certificate, f.Key, err)
	}
	if err := timely(pair.Leaf, now); err != nil {
		return nil, mesos.Errorf(mesos.Unauthenticated, "the client certificate %s %w: have a new one issued", f.Certificate, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// timely says of a certificate that is not valid now when it was or will be.
func timely(c *x509.Certificate, now time.Time) error {
	switch {
	case c == nil:
		return nil
	case now.After(c.NotAfter):
		return errors.New("expired on " + c.NotAfter.UTC().Format(time.DateTime+" MST"))
	case now.Before(c.NotBefore):
		return errors.New("is not valid before " + c.NotBefore.UTC().Format(time.DateTime+" MST"))
	}
	return nil
}

// tlsError is the error of a connection that failed for its security; nil if that
// was not why.
func tlsError(host string, err error) error {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return mesos.Errorf(mesos.Unavailable, "%s does not speak TLS: leave https:// out, or the context's tls", host)
	}
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return mesos.Errorf(mesos.Unauthenticated, "%s can't prove who it is: %w", host, whyUnverified(unverified))
	}
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "remote error" {
		return mesos.Errorf(mesos.Unauthenticated, "%s refuses this client's certificate: %w", host, refused.Err)
	}
	if text := err.Error(); strings.Contains(text, "malformed HTTP response \"\\x15\\x03") {
		return speaksTLS(host)
	}
	return nil
}

func speaksTLS(host string) error {
	return mesos.Errorf(mesos.Unavailable, "%s speaks TLS only: write https://%s, or use a context with tls", host, host)
}

func whyUnverified(err *tls.CertificateVerificationError) error {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if why := timely(invalid.Cert, time.Now()); why != nil {
			return mesos.Errorf(mesos.Unauthenticated, "its certificate %w: it needs a new one", why)
		}
	case errors.As(err, &unknown):
		return mesos.Errorf(mesos.Unauthenticated,
			"its certificate is signed by an authority that is not trusted here (%q): name the authority's certificate, the tls.ca of a context", issuer(unknown.Cert))
	case errors.As(err, &other):
		return mesos.Errorf(mesos.Unauthenticated, "%w: use that name, or the tls.server-name of a context", other)
	}
	return err.Err
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return "unknown"
	}
	return c.Issuer.String()
}
