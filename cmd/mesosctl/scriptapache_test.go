//go:build unix

package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	olderapache "github.com/mesosctl/mesosctl/cmd/mesosctl/internal/apache"
)

// apache VERSION MASTER|AGENT|STANDBY FROM TO stands at the address TO before a master
// or an agent at FROM, and is what Apache Mesos was in that version; a standby is a
// master that does not lead, and FROM is the one that does. TO may be a name with a
// colon before it: the address, a free one, is put into that variable.
func apache(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: apache VERSION MASTER|AGENT|STANDBY FROM TO|:VARIABLE")
	}
	version, err := olderapache.ParseVersion(args[0])
	ts.Check(err)
	var handler http.Handler
	switch args[1] {
	case "MASTER":
		handler = olderapache.Master(version, args[2])
	case "AGENT":
		handler = olderapache.Agent(version, args[2])
	case "STANDBY":
		handler = olderapache.Standby(args[2])
	default:
		ts.Fatalf("apache: %s is none of MASTER, AGENT and STANDBY", args[1])
	}
	address, variable := args[3], ""
	if strings.HasPrefix(address, ":") {
		address, variable = "127.0.0.1:0", address[1:]
	}
	listener, err := net.Listen("tcp", address)
	ts.Check(err)
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close() // that one is not used
	server.Listener = listener
	server.Start()
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	if variable != "" {
		ts.Setenv(variable, listener.Addr().String())
	}
}
