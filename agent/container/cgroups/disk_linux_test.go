package cgroups_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// disk is a block device for the length of a test, and its numbers.
func disk(t *testing.T) (path, numbers string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(1 << 20); err != nil {
		t.Fatal(err)
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine has no loop devices: %v", err)
	}
	defer control.Close()
	for { // another may take the one that is free
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Skipf("this machine has no loop device: %v", err)
		}
		path = fmt.Sprintf("/dev/loop%d", n)
		device, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Skip(err)
		}
		err = unix.IoctlSetInt(int(device.Fd()), unix.LOOP_SET_FD, int(file.Fd()))
		if err == nil {
			t.Cleanup(func() {
				if err := unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0); err != nil {
					t.Error(err)
				}
				device.Close()
			})
			data, err := os.ReadFile(fmt.Sprintf("/sys/block/loop%d/dev", n))
			if err != nil {
				t.Fatal(err)
			}
			return path, strings.TrimSpace(string(data))
		}
		device.Close()
		if !errors.Is(err, unix.EBUSY) {
			t.Fatal(err)
		}
	}
}

// written is a container that wrote 10 blocks of 4 KiB to a disk, of which the
// kernel counts.
func written(t *testing.T) (l *container.Local, id mesos.ContainerID, scheduler, numbers string) {
	t.Helper()
	l, root := local(t, cgroups.Config{Isolators: []string{"cgroups/blkio"}})
	path, numbers := disk(t)
	scheduler = "/sys/block/" + filepath.Base(path) + "/queue/scheduler"
	_ = os.WriteFile(scheduler, []byte("bfq"), 0) // if the kernel has it
	s := spec(t, "until [ -e go ]; do sleep 0.01; done; dd if=/dev/zero of="+path+" bs=4096 count=10 oflag=direct; echo > done; "+sleep, 1, 64)
	containertest.Launch(t, l, s)
	if !v2 { // some kernels count only what has a limit
		err := os.WriteFile(filepath.Join(dirOf(root, s.ID, "blkio"), "blkio.throttle.write_bps_device"), []byte(numbers+" 1073741824"), 0)
		if err != nil {
			t.Fatal(err)
		}
	}
	wait, touch := inSandbox(t, s)
	touch("go")
	wait("done")
	return l, s.ID, scheduler, numbers
}

func total(list []*mesospb.CgroupInfo_Blkio_Value) uint64 {
	for _, value := range list {
		if value.GetOp() == mesospb.CgroupInfo_Blkio_TOTAL {
			return value.GetValue()
		}
	}
	return 0
}

// What a container writes to a disk is counted, of the disk and of all disks.
func TestDiskUsage(t *testing.T) {
	// covers: CgroupsIsolatorTest.ROOT_CGROUPS_BlkioUsage
	t.Parallel()
	l, id, _, numbers := written(t)
	var list []*mesospb.CgroupInfo_Blkio_Throttling_Statistics
	containertest.Until(t, "the disk is among the figures", func() bool {
		list = usage(t, l, id).GetBlkioStatistics().GetThrottling()
		return len(list) >= 2
	})
	for i, of := range list {
		device := fmt.Sprintf("%d:%d", of.GetDevice().GetMajorNumber(), of.GetDevice().GetMinorNumber())
		if i == len(list)-1 {
			if of.Device != nil || len(of.IoServiceBytes) != 1 || len(of.IoServiced) != 1 {
				t.Errorf("the last is not of all disks: %v", of)
			}
		} else if device != numbers {
			continue
		}
		if bytes, times := total(of.IoServiceBytes), total(of.IoServiced); bytes < 40960 || times < 10 {
			t.Errorf("of %s: %d bytes in %d times", device, bytes, times)
		}
	}
}

// A disk's scheduler counts too, if it is one that does.
func TestDiskScheduler(t *testing.T) {
	t.Parallel()
	if v2 {
		t.Skip("in version 2 there are no figures of a scheduler")
	}
	l, id, scheduler, numbers := written(t)
	if data, _ := os.ReadFile(scheduler); !strings.Contains(string(data), "[bfq]") {
		t.Skipf("this kernel has schedulers %s", data)
	}
	statistics := usage(t, l, id).GetBlkioStatistics()
	for _, of := range [][]*mesospb.CgroupInfo_Blkio_CFQ_Statistics{statistics.GetCfq(), statistics.GetCfqRecursive()} {
		found := false
		for _, figures := range of {
			device := fmt.Sprintf("%d:%d", figures.GetDevice().GetMajorNumber(), figures.GetDevice().GetMinorNumber())
			if device == numbers {
				found = total(figures.IoServiceBytes) >= 40960 && total(figures.IoServiced) >= 10
			}
		}
		if !found {
			t.Errorf("of %s: %v", numbers, of)
		}
	}
}
