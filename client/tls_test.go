package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// authority signs certificates, all of them kept in a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.issue("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
	})
	return a
}

// issue signs a certificate, by itself if there is none yet.
func (a *authority) issue(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.n++
	template.SerialNumber = big.NewInt(a.n)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{
		".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(a.path(name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return cert, key
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// leaf issues a certificate for 127.0.0.1 or a name that is valid for an hour
// from an hour before its end on.
func (a *authority) leaf(name string, end time.Time, dns ...string) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: end.Add(-time.Hour), NotAfter: end, DNSNames: dns,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if len(dns) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	a.issue(name, template)
	pair, err := tls.LoadX509KeyPair(a.path(name+".pem"), a.path(name+".key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

// secured serves a master over TLS; clients are those that the authority knows, if
// there is one for them.
func secured(t *testing.T, own tls.Certificate, clients *authority) string {
	server := httptest.NewUnstartedServer(healthy(t))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(clients.cert)
	}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestTLSToMasters(t *testing.T) {
	soon := time.Now().Add(30 * time.Minute)
	ca, other := newAuthority(t), newAuthority(t)
	plainly := secured(t, ca.leaf("server", soon), nil)
	named := secured(t, ca.leaf("named", soon, "master.example"), nil)
	expired := secured(t, ca.leaf("expired", time.Now().Add(-time.Hour)), nil)
	strict := secured(t, ca.leaf("strict", soon), ca)
	noTLS := serve(t, healthy(t))
	ca.leaf("me", soon)
	for _, test := range []struct {
		name, host string
		files      TLSFiles
		off        bool
		kind       mesos.Kind
		says       string
	}{
		{name: "trusted", host: plainly, files: TLSFiles{CA: ca.path("ca.pem")}},
		{name: "untrusted", host: plainly, files: TLSFiles{CA: other.path("ca.pem")}, kind: mesos.Unauthenticated, says: "not trusted here"},
		{name: "insecure", host: plainly, files: TLSFiles{Insecure: true}},
		{name: "other name", host: named, files: TLSFiles{CA: ca.path("ca.pem")}, kind: mesos.Unauthenticated, says: "tls.server-name"},
		{name: "server name", host: named, files: TLSFiles{CA: ca.path("ca.pem"), ServerName: "master.example"}},
		{name: "expired", host: expired, files: TLSFiles{CA: ca.path("ca.pem")}, kind: mesos.Unauthenticated, says: "its certificate expired on 20"},
		{name: "no client certificate", host: strict, files: TLSFiles{CA: ca.path("ca.pem")}, kind: mesos.Unauthenticated, says: "refuses this client's certificate"},
		{name: "client certificate", host: strict, files: TLSFiles{CA: ca.path("ca.pem"), Certificate: ca.path("me.pem"), Key: ca.path("me.key")}},
		{name: "TLS to a master without", host: noTLS, kind: mesos.Unavailable, says: "does not speak TLS"},
		{name: "no TLS to a master with", host: plainly, off: true, kind: mesos.Unavailable, says: "speaks TLS only: write https://"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := Config{Masters: []string{test.host}, MediaType: wire.Protobuf}
			if !test.off {
				var err error
				if config.TLS, err = test.files.Load(time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			_, err := dial(t, config).Health(t.Context())
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if mesos.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
				t.Errorf("kind %d: %v", mesos.KindOf(err), err)
			}
		})
	}
}

func TestFilesOfTLSThatCannotBeUsed(t *testing.T) {
	ca := newAuthority(t)
	ca.leaf("old", time.Now().Add(-time.Hour))
	if err := os.WriteFile(ca.path("junk"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for says, files := range map[string]TLSFiles{
		"no such file":              {CA: ca.path("none")},
		"there is no PEM":           {CA: ca.path("junk")},
		"belong together":           {Certificate: ca.path("old.pem")},
		"junk":                      {Certificate: ca.path("junk"), Key: ca.path("old.key")},
		"old.pem expired on 20":     {Certificate: ca.path("old.pem"), Key: ca.path("old.key")},
		"have a new one issued":     {Certificate: ca.path("old.pem"), Key: ca.path("old.key")},
		"private key does not matc": {Certificate: ca.path("ca.pem"), Key: ca.path("old.key")},
	} {
		if _, err := files.Load(time.Now()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v; want %q", files, err, says)
		}
	}
}

func TestWhatIsNoMasterIsNamed(t *testing.T) {
	page := func(w http.ResponseWriter, status int) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html>"))
	}
	for says, handler := range map[string]http.HandlerFunc{
		"it is an agent": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/slave(1)/health" {
				http.Error(w, "Failed to parse", http.StatusBadRequest)
			}
		},
		"it is an etcd server": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/version" {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(`{"etcdserver":"3.6.0","etcdcluster":"3.6.0"}`))
		},
		"it speaks HTTP, but not as masters do": func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusMethodNotAllowed) },
		"not as masters do (":                   func(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusOK) },
	} {
		host := serve(t, handler)
		for _, media := range []wire.MediaType{wire.JSON, wire.Protobuf} {
			_, err := dial(t, Config{Masters: []string{host}, MediaType: media}).State(t.Context())
			if mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), says) {
				t.Errorf("%v; want %q", err, says)
			}
		}
	}
}

func TestAnAgentsAnswersAreNotAMasters(t *testing.T) {
	agent := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1": // an agent's GET_STATE has the same numbers
			healthy(t)(w, r)
		case "/slave(1)/health":
		default:
			http.NotFound(w, r)
		}
	})
	c := dial(t, Config{Masters: []string{agent}, MediaType: wire.Protobuf, Suspicious: true})
	if _, err := c.Health(t.Context()); mesos.KindOf(err) != mesos.Unavailable || !strings.Contains(err.Error(), "it is an agent") {
		t.Error(err)
	}
}

func TestClusterOfAddresses(t *testing.T) {
	masters, secure, err := ParseCluster("https://a, https://b:1")
	if err != nil || !secure || strings.Join(masters, " ") != "a:5050 b:1" {
		t.Errorf("%v %v %v", masters, secure, err)
	}
	if _, secure, err := ParseCluster("a,b"); secure || err != nil {
		t.Errorf("%v %v", secure, err)
	}
	if _, _, err := ParseCluster("https://a,b"); mesos.KindOf(err) != mesos.Invalid {
		t.Error(err)
	}
}

func TestReadOnlyClientChangesNothing(t *testing.T) {
	c := dial(t, Config{Masters: []string{serve(t, healthy(t))}, MediaType: wire.Protobuf, ReadOnly: "because"})
	if _, err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Subscribe(t.Context(), subscribe()); mesos.KindOf(err) != mesos.Forbidden || !strings.HasSuffix(err.Error(), "because") {
		t.Error(err)
	}
	if _, err := c.Agent("127.0.0.1:1").LaunchSession(t.Context(), nil, nil, nil); mesos.KindOf(err) != mesos.Forbidden {
		t.Error(err)
	}
}
