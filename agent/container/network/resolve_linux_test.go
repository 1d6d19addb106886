package network_test

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
)

// answerA answers every question for an address with one.
func answerA(question []byte, address net.IP) []byte {
	const header = 12
	if len(question) < header {
		return nil
	}
	name := bytes.IndexByte(question[header:], 0) // the end of the name
	if name < 0 || len(question) < header+name+5 {
		return nil
	}
	answer := append([]byte(nil), question[:header+name+5]...)
	copy(answer[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // an answer without answers
	if kind := question[header+name+2]; kind == 1 {
		answer[7] = 1
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		answer = append(answer, address.To4()...)
	}
	return answer
}

// The C library takes what is written: it goes on to the second resolver if the
// first one does not answer.
func TestResolverConfigIsTaken(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_INTERNET_VerifyResolverConfig
	if _, err := exec.LookPath("getent"); err != nil {
		t.Skip("there is no getent")
	}
	plugins := cnitest.Plugins(t)
	if !inOwnNetwork(t) {
		return
	}
	h := newHouse(t, func(h *house) { h.cni.PluginsDir = plugins })
	const gateway = "10.243.4.1"
	name, _ := cnitest.Bridge(t, h.configs, "10.243.4.0/24", fmt.Sprintf(`, "isGateway": true, "dns": {
		"nameservers": ["127.0.0.1", %q], "domain": "mesos.apache.org", "search": ["a.mesos.apache.org"], "options": ["timeout:1"]}`, gateway))
	// The bridge, and with it the address to listen on, comes with the first container.
	h.succeeds(t, on(t, "true", name))
	server, err := net.ListenPacket("udp", gateway+":53")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		question := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			if answer := answerA(question[:n], net.IPv4(198, 51, 100, 7)); answer != nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	if got := h.succeeds(t, on(t, "getent ahostsv4 somewhere.example", name)); !strings.HasPrefix(got, "198.51.100.7 ") {
		t.Errorf("it resolves to %q", got)
	}
}
