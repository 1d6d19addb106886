package check

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func portOf(t *testing.T, address string) uint32 {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(port)
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/teapot", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/teapot", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "short")
	})
	return mux
}

// self is a process in the network of the tests.
var self = os.Getpid()

func httpProbe(scheme string, port uint32, path string) Probe {
	return Probe{Type: mesospb.CheckInfo_HTTP, Scheme: scheme, Port: port, Path: path, Timeout: 10 * time.Second}
}

func TestHTTPProbe(t *testing.T) {
	plain, secure := httptest.NewServer(handler()), httptest.NewTLSServer(handler())
	defer plain.Close()
	defer secure.Close()
	for _, tt := range []struct {
		probe Probe
		want  uint32
	}{
		{httpProbe("http", portOf(t, plain.URL), ""), 200},
		{httpProbe("http", portOf(t, plain.URL), "/teapot"), 418},
		{httpProbe("http", portOf(t, plain.URL), "/moved"), 418},
		{httpProbe("http", portOf(t, plain.URL), "/a?b={c}"), 200},
		{httpProbe("https", portOf(t, secure.URL), "/moved"), 418}, // whose certificate nobody knows
	} {
		got := Network(t.Context(), tt.probe, self)
		if got.Err != nil || got.Status.GetHttp().GetStatusCode() != tt.want || got.Status.GetType() != mesospb.CheckInfo_HTTP {
			t.Errorf("%s %s: %v, want %d", tt.probe.Scheme, tt.probe.Path, got, tt.want)
		}
	}
	for path, want := range map[string]string{"/cut": "unexpected EOF", "/loop": "50 redirects"} {
		if got := Network(t.Context(), httpProbe("http", portOf(t, plain.URL), path), self); got.Err == nil || !strings.Contains(got.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, got, want)
		}
	}
}

func TestHTTPProbeTimesOut(t *testing.T) {
	server := httptest.NewServer(handler())
	defer server.Close()
	probe := httpProbe("http", portOf(t, server.URL), "/slow")
	probe.Timeout = 20 * time.Millisecond
	if got := Network(t.Context(), probe, self); mesos.KindOf(got.Err) != mesos.TimedOut || got.Err.Error() != "timed out after 20ms" {
		t.Errorf("result = %v", got)
	}
}

func TestProbeThatIsGivenUpSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	if got := Network(ctx, httpProbe("http", portOf(t, server.URL), ""), self); got != (Result{}) {
		t.Errorf("result = %v", got)
	}
}

func TestTCPProbe(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("skipped: %v", err)
			continue
		}
		probe := Probe{
			Type: mesospb.CheckInfo_TCP, Port: uint32(listener.Addr().(*net.TCPAddr).Port),
			IPv6: strings.HasPrefix(address, "["), Timeout: 10 * time.Second,
		}
		if got := Network(t.Context(), probe, self); !got.Status.GetTcp().GetSucceeded() {
			t.Errorf("%s: %v, want success", address, got)
		}
		listener.Close()
		if got := Network(t.Context(), probe, self); got.Err != nil || got.Status.GetTcp().Succeeded == nil || *got.Status.Tcp.Succeeded {
			t.Errorf("%s: %v, want a failure", address, got)
		}
	}
}

func TestUnknownPortIsNoPanic(t *testing.T) {
	got := Network(t.Context(), Probe{Type: mesospb.CheckInfo_TCP, Port: 1 << 20, Timeout: time.Second}, self)
	if got.Status.GetTcp().GetSucceeded() {
		t.Errorf("result = %v", got)
	}
}
