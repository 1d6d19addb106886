//go:build unix

package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// The last calls that Apache Mesos 1.5 has; later ones have higher numbers.
const (
	lastMasterCall    = 33 // GET_OPERATIONS
	lastAgentCall     = 31 // GET_OPERATIONS
	lastSchedulerCall = 14 // DECLINE_INVERSE_OFFERS
)

// apache MASTER|AGENT FROM TO stands at the address TO before a master or an agent
// at FROM, and lets through only what Apache Mesos 1.5 has: its v1 calls and /files.
// Other calls are refused as it does, other paths are not there. TO may be a name
// with a colon before it: the address, a free one, is put into that variable.
func apache(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || args[0] != "MASTER" && args[0] != "AGENT" {
		ts.Fatalf("usage: apache MASTER|AGENT FROM TO|:VARIABLE")
	}
	address, variable := args[2], ""
	if strings.HasPrefix(address, ":") {
		address, variable = "127.0.0.1:0", address[1:]
	}
	listener, err := net.Listen("tcp", address)
	ts.Check(err)
	server := httptest.NewUnstartedServer(asApache(args[0], args[1]))
	_ = server.Listener.Close() // that one is not used
	server.Listener = listener
	server.Start()
	ts.Defer(server.Close)
	if variable != "" {
		ts.Setenv(variable, listener.Addr().String())
	}
}

// asApache is a master or an agent (kind is MASTER or AGENT) of which only what Apache
// Mesos 1.5 has can be reached.
func asApache(kind, from string) http.Handler {
	last := map[string]uint64{"/api/v1": lastMasterCall, "/api/v1/scheduler": lastSchedulerCall}
	own := []string{"/master/health"}
	if kind == "AGENT" {
		last, own = map[string]uint64{"/api/v1": lastAgentCall}, []string{"/slave(1)/health"}
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: from})
	proxy.FlushInterval = -1
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, isCall := last[r.URL.Path]
		switch {
		case isCall && r.Header.Get("Content-Type") == "application/x-protobuf":
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			field := uint64(1)
			if r.URL.Path == "/api/v1/scheduler" {
				field = 2
			}
			if kind := callOf(body, field); kind == 0 || kind > limit {
				http.Error(w, "501 Not Implemented.", http.StatusNotImplemented) // the enum does not know it: UNKNOWN
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		case isCall && strings.HasPrefix(r.Header.Get("Content-Type"), "application/recordio"):
		case isCall:
			http.Error(w, "Expecting 'Content-Type' of application/x-protobuf here", http.StatusUnsupportedMediaType)
			return
		case slices.Contains([]string{"/files/browse", "/files/read", "/files/download"}, r.URL.Path), slices.Contains(own, r.URL.Path):
		default:
			http.Error(w, "404 Not Found.", http.StatusNotFound)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// callOf is the type of a call, which is a field of it, wherever that is.
func callOf(body []byte, field uint64) uint64 {
	for len(body) > 0 {
		key, n := binary.Uvarint(body)
		if n <= 0 {
			return 0
		}
		value, m := binary.Uvarint(body[n:])
		if m <= 0 || key&7 != 0 && key&7 != 2 {
			return 0
		}
		if key == field<<3 {
			return value
		}
		skip := n + m
		if key&7 == 2 {
			skip += int(value)
		}
		if skip > len(body) {
			return 0
		}
		body = body[skip:]
	}
	return 0
}
