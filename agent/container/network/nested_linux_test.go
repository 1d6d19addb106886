package network_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/network/cnitest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// where is a command that tells a container's network, name and files.
const where = "readlink /proc/self/ns/net; hostname; cat /etc/hostname; grep 203 /etc/hosts; true"

// nestedOn is a container in another, on networks of its own if any are named.
func nestedOn(parent container.Spec, name, command string, networks ...string) container.Spec {
	spec := container.Spec{
		ID: parent.ID + "." + mesos.ContainerID(name), Command: containertest.Shell(command),
		Sandbox: parent.Sandbox + "/containers/" + name,
	}
	if len(networks) > 0 {
		spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), NetworkInfos: infos(networks...)}
	}
	return spec
}

// lines runs a container and returns the lines that it wrote.
func (h *house) lines(t *testing.T, spec container.Spec) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(h.succeeds(t, spec)), "\n")
}

// A nested container is on its parent's network, under its name, unless it asks
// for another: then it has a name and an address of its own.
func TestNestedContainers(t *testing.T) {
	// covers: NestedContainerCniTest.ROOT_INTERNET_CURL_VerifyContainerHostname
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	h.mock(t, "other", cnitest.Answer("203.0.113.77/24", ""))
	parent := on(t, where+"; exec sleep 1000", "mock")
	containertest.Launch(t, h.Local, parent)
	var its []string
	containertest.Until(t, "the parent has told", func() bool {
		its = strings.Split(strings.TrimSpace(containertest.Read(t, parent, "stdout")), "\n")
		return len(its) == 4
	})
	for _, debug := range []bool{false, true} {
		child := nestedOn(parent, "child", where)
		if debug {
			child = nestedOn(parent, "debug", where)
			child.Debug = true
		}
		got := h.lines(t, child)
		if strings.Join(got, "\n") != strings.Join(its, "\n") {
			t.Errorf("debug=%t: the child is at %q, its parent at %q", debug, got, its)
		}
	}
	own := h.lines(t, nestedOn(parent, "own", where, "other"))
	if len(own) != 4 || own[0] == its[0] || own[1] != "own" || own[2] != "own" || own[3] != "203.0.113.77 own" {
		t.Errorf("on another network: %q", own)
	}
	// Addresses are those of where a container is.
	for name, want := range map[string]string{"joined": "203.0.113.9", "apart": "203.0.113.77"} {
		child := nestedOn(parent, name, "exec sleep 1000")
		if name == "apart" {
			child = nestedOn(parent, name, "exec sleep 1000", "other")
		}
		containertest.Launch(t, h.Local, child)
		for _, got := range h.addresses(t, child.ID) {
			if got != want {
				t.Errorf("%s: address %s", name, got)
			}
		}
		// What is nested deeper is where its own parent is.
		grandchild := nestedOn(child, "inner", "exec sleep 1000")
		containertest.Launch(t, h.Local, grandchild)
		for _, got := range h.addresses(t, grandchild.ID) {
			if got != want {
				t.Errorf("in %s: address %s", name, got)
			}
		}
	}
	if err := h.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	h.clean(t)
}

// On the host's network nested containers are there, too, and have its addresses;
// one may join a network of its own.
func TestNestedOnHost(t *testing.T) {
	// covers: NestedContainerCniTest.ROOT_INTERNET_CURL_VerifyContainerHostname
	t.Parallel()
	h := newHouse(t)
	h.mock(t, "mock", cnitest.Answer("203.0.113.9/24", ""))
	parent := on(t, where+"; exec sleep 1000")
	containertest.Launch(t, h.Local, parent)
	host := h.lines(t, on(t, where))
	if got := h.lines(t, nestedOn(parent, "child", where)); strings.Join(got, "\n") != strings.Join(host, "\n") {
		t.Errorf("the child is at %q, the host is %q", got, host)
	}
	child := nestedOn(parent, "asleep", "exec sleep 1000")
	containertest.Launch(t, h.Local, child)
	status, err := h.Status(child.ID)
	if err != nil || status.GetNetworkInfos()[0].GetIpAddresses()[0].GetIpAddress() != "192.0.2.7" {
		t.Errorf("its status is %v, %v", status, err)
	}
	if got := h.lines(t, nestedOn(parent, "own", where, "mock")); got[0] == host[0] || got[1] != "own" {
		t.Errorf("on a network of its own: %q", got)
	}
	// Who leaves its parent's network for the host's has the host's address.
	outer := on(t, "exec sleep 1000", "mock")
	containertest.Launch(t, h.Local, outer)
	if got := h.lines(t, nestedOn(outer, "out", "readlink /proc/self/ns/net", "host")); got[0] != host[0] {
		t.Errorf("on the host by name: %q", got)
	}
}

// An agent that comes back knows the addresses, and does not detach what goes on.
func TestAgentComesBack(t *testing.T) {
	// covers: CniIsolatorTest.ROOT_SlaveRecovery
	// covers: CniIsolatorTest.ROOT_VETH_VerifyNestedContainerIPAfterReboot
	t.Parallel()
	h := newHouse(t)
	log := t.TempDir() + "/log"
	h.mock(t, "mock", "echo CNI_COMMAND=$CNI_COMMAND >> "+log+"\n"+cnitest.Answer("203.0.113.9/24", ""))
	parent := on(t, "exec sleep 1000", "mock")
	parent.Container.NetworkInfos[0].Labels = &mesospb.Labels{Labels: []*mesospb.Label{{Key: new("k"), Value: new("v")}}}
	parent.Outlive = time.Minute
	containertest.Launch(t, h.Local, parent)
	child := nestedOn(parent, "child", "exec sleep 1000")
	containertest.Launch(t, h.Local, child)
	if err := h.Detach(); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	if err := h.Recover([]container.Spec{parent}); err != nil {
		t.Fatal(err)
	}
	if got := said(t, log); len(got) != 1 {
		t.Errorf("the plugin was asked to %q", got)
	}
	for _, id := range []mesos.ContainerID{parent.ID, child.ID} {
		if got := h.addresses(t, id); got["mock"] != "203.0.113.9" {
			t.Errorf("addresses of %s = %v", id, got)
		}
	}
	status, err := h.Status(parent.ID)
	if err != nil || status.GetNetworkInfos()[0].GetLabels().GetLabels()[0].GetValue() != "v" {
		t.Errorf("status = %v, %v", status, err)
	}
	// What is launched now joins as well.
	if got := h.lines(t, nestedOn(parent, "late", "hostname")); got[0] != string(parent.ID) {
		t.Errorf("a new child's name is %q", got)
	}
	if err := h.Destroy(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if got := said(t, log); len(got) != 2 || got[1] != "DEL" {
		t.Errorf("the plugin was asked to %q", got)
	}
	h.clean(t)
}
