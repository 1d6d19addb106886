package cgroups_test

import (
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Of the devices of a machine a container can open those that everyone may use;
// another not even under a name of its own.
//
// covers: CgroupsAnyHierarchyDevicesTest.ROOT_CGROUPS_Devices
// covers: DeviceControllerTestFixture.ROOT_CGROUPS2_DeviceController
func TestForbiddenDevice(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/devices"}})
	exit, stdout, stderr := containertest.Run(t, l, spec(t, `
		head -c 3 /dev/zero | wc -c
		echo lost > /dev/null && echo written
		mknod mine c 1 11 && echo made
		(: < mine) || echo forbidden
		(: < /dev/kmsg) || echo forbidden`, 1, 64))
	if stdout != "3\nwritten\nmade\nforbidden\nforbidden\n" || strings.Count(stderr, "not permitted") != 2 {
		t.Errorf("exit = %+v, stdout %q, stderr %q", exit, stdout, stderr)
	}
}

func allowed(path string, read, write bool) []*mesospb.DeviceAccess {
	return []*mesospb.DeviceAccess{{
		Device: &mesospb.Device{Path: &path},
		Access: &mesospb.DeviceAccess_Access{Read: &read, Write: &write},
	}}
}

func TestAllowedDevice(t *testing.T) {
	t.Parallel()
	l, _ := local(t, cgroups.Config{Isolators: []string{"cgroups/devices"}, AllowedDevices: allowed("/dev/kmsg", true, false)})
	_, stdout, stderr := containertest.Run(t, l, spec(t, `(: < /dev/kmsg) && echo read; (: > /dev/kmsg) || echo not written`, 1, 64))
	if stdout != "read\nnot written\n" || !strings.Contains(stderr, "not permitted") {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
}

// programs is how many programs decide on the devices of a cgroup of version 2.
func programs(t testing.TB, dir string) int {
	t.Helper()
	if !v2 {
		return 0
	}
	file, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	attached, err := link.QueryPrograms(link.QueryOptions{Target: int(file.Fd()), Attach: ebpf.AttachCGroupDevice})
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range attached.Programs { // each can be had by its ID
		p, err := ebpf.NewProgramFromID(program.ID)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Close()
	}
	return len(attached.Programs)
}

// Devices are given to a container and taken from it while it runs; the next agent
// knows of them.
//
// covers: DeviceManagerTest.ROOT_DeviceManagerConfigure_Normal
// covers: DeviceManagerTest.ROOT_DeviceManagerReconfigure_Normal
// covers: DeviceManagerTest.ROOT_DeviceManagerRemove
// covers: DeviceManagerTest.ROOT_Recover
// covers: Cgroups2Test.ROOT_CGROUPS2_AtomicReplace
// covers: Cgroups2Test.ROOT_CGROUPS2_GetBpfFdById
func TestDevicesOfARunningContainer(t *testing.T) {
	t.Parallel()
	config := cgroups.Config{Isolators: []string{"cgroups/devices"}, Root: root(t)}
	i := isolator(t, config)
	l := containertest.New(t, container.Config{Isolators: []container.Isolator{i}})
	s := spec(t, `
		try() { (: < /dev/kmsg) && echo yes || echo no; touch $1; until [ -e $2 ]; do sleep 0.01; done; }
		try 1 2; try 3 4; try 5 6`, 1, 64)
	containertest.Launch(t, l, s)
	kmsg := cgroups.Device{Kind: 'c', Major: 1, Minor: 11, Access: "rw"}
	has := func(i *cgroups.Isolator) bool {
		t.Helper()
		if n := programs(t, dirOf(config.Root, s.ID, "devices")); v2 && n != 1 {
			t.Errorf("%d programs decide on devices", n)
		}
		rules, err := i.Devices(s.ID)
		if err != nil {
			t.Fatal(err)
		}
		return rules.Allows(kmsg)
	}
	wait, touch := inSandbox(t, s)
	wait("1")
	if err := i.ChangeDevices(s.ID, []cgroups.Device{kmsg}, nil); err != nil || !has(i) {
		t.Fatal(err)
	}
	touch("2")
	wait("3")
	next := isolator(t, config)
	if err := next.Recover(&s, 0); err != nil || !has(next) {
		t.Fatalf("recover: %v", err)
	}
	if err := next.ChangeDevices(s.ID, nil, []cgroups.Device{kmsg}); err != nil || has(next) {
		t.Fatal(err)
	}
	touch("4")
	wait("5")
	touch("6")
	containertest.Wait(t, l, s.ID)
	if stdout := containertest.Read(t, s, "stdout"); stdout != "no\nyes\nno\n" {
		t.Errorf("stdout = %q", stdout)
	}
	if _, err := i.Devices(s.ID); mesos.KindOf(err) != mesos.NotFound {
		t.Errorf("devices of a container that is gone = %v", err)
	}
}
