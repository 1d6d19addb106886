package cgroups

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

// covers: NetClsHandleManagerTest.AllocateFreeHandles
// covers: NetClsHandleManagerTest.SecondaryHandleRange
func TestHandles(t *testing.T) {
	h, err := NewHandles(0x12, 0xffff, 0xffff)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := h.Take()
	if err != nil || handle != 0x12ffff {
		t.Fatalf("%#x, %v", handle, err)
	}
	if _, err := h.Take(); mesos.KindOf(err) != mesos.Unavailable {
		t.Errorf("one more: %v", err)
	}
	if err := h.Free(handle); err != nil {
		t.Error(err)
	}
	if err := h.Free(handle); mesos.KindOf(err) != mesos.Invalid {
		t.Errorf("free once more: %v", err)
	}
	if again, err := h.Take(); err != nil || again != handle {
		t.Errorf("%#x, %v", again, err)
	}
	all, err := NewHandles(0x12, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for want := uint32(0x120001); want <= 0x12ffff; want++ {
		if got, err := all.Take(); err != nil || got != want {
			t.Fatalf("%#x, %v, want %#x", got, err, want)
		}
	}
}

// covers: NetClsHandleManagerTest.AllocateInvalidPrimary
func TestInvalidHandles(t *testing.T) {
	for _, bad := range [][3]uint16{{0, 1, 2}, {1, 0, 2}, {1, 3, 2}} {
		if _, err := NewHandles(bad[0], bad[1], bad[2]); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
	h, err := NewHandles(2, 1, 9)
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []uint32{0x30001, 0x2000a, 0x20000} {
		if err := h.Reserve(foreign); mesos.KindOf(err) != mesos.Invalid {
			t.Errorf("%#x: %v", foreign, err)
		}
	}
}

// covers: NetClsHandleManagerTest.ReserveHandles
func TestReserve(t *testing.T) {
	h, err := NewHandles(2, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, reserved := range []uint32{0x20001, 0x20003} {
		if err := h.Reserve(reserved); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Reserve(0x20003); mesos.KindOf(err) != mesos.Conflict {
		t.Errorf("once more: %v", err)
	}
	if handle, err := h.Take(); err != nil || handle != 0x20002 {
		t.Errorf("%#x, %v", handle, err)
	}
}
