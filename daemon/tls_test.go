//go:build !windows

package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/schedulerpb"
)

// testTLS writes a certificate for 127.0.0.1 and returns a client that trusts it.
func testTLS(t *testing.T) (*TLSConfig, *http.Client) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	c := &TLSConfig{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	writeCertificate(t, c, server.TLS.Certificates[0])
	return c, server.Client()
}

func writeCertificate(t *testing.T, c *TLSConfig, from tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(from.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		c.CertFile: {Type: "CERTIFICATE", Bytes: from.Certificate[0]},
		c.KeyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// https://mesos.apache.org/documentation/latest/ssl/
func TestASchedulerRunsATaskOverTLSAndTearsDown(t *testing.T) {
	// covers: SchedulerSSLTest.RunTaskAndTeardown
	cfg := localConfig(t)
	var client *http.Client
	cfg.Master.TLS, client = testTLS(t)
	cfg.Agent.TLS = cfg.Master.TLS
	l := startLocalAs(t, cfg) // the agent's link is a plain connection to the same port
	s := subscribeAt(t, client, "https://"+l.Master(), nil)
	if status := s.launch("t", "true"); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Fatalf("the task ended as %v", status)
	}
	s.call(&schedulerpb.Call{Type: schedulerpb.Call_TEARDOWN.Enum()})
	if record, err := s.events.Next(); err == nil && len(record) > 0 {
		for err == nil { // heartbeats and offers on their way, then the end
			_, err = s.events.Next()
		}
	}
	plain := subscribe(t, l.Master())
	if status := plain.launch("p", "true"); status.GetState() != mesospb.TaskState_TASK_FINISHED {
		t.Errorf("over a plain connection the task ended as %v", status)
	}
	if response, err := http.Get("https://" + l.Master() + "/health"); err == nil {
		response.Body.Close()
		t.Error("a client that does not trust the certificate was answered")
	}
}

func TestCertificatesAreReadAgain(t *testing.T) {
	files, _ := testTLS(t)
	c := &certificate{files: *files}
	first, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.get(nil); again != first {
		t.Error("a certificate that did not change was read again")
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(files.CertFile, later, later); err != nil {
		t.Fatal(err)
	}
	second, err := c.get(nil)
	if err != nil || second == first {
		t.Errorf("a certificate that changed was not read again: %v", err)
	}
	if err := os.WriteFile(files.KeyFile, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if now, err := c.get(nil); err != nil || now != second {
		t.Errorf("with a damaged key on disk it serves %p, %v; not the last good one", now, err)
	}
	if _, err := (&TLSConfig{CertFile: "nowhere.pem", KeyFile: files.KeyFile}).over(nil); err == nil || !strings.Contains(err.Error(), "nowhere.pem") {
		t.Errorf("a certificate that isn't there: %v", err)
	}
}
