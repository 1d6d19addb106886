package cgroups

import "github.com/mesosctl/mesosctl/mesos"

// Handles hands out the handles by which network traffic of containers is told
// apart: a primary one that all have, in the upper 16 bits, and a secondary one.
// See https://mesos.apache.org/documentation/latest/isolators/cgroups-net-cls/.
type Handles struct {
	primary     uint16
	first, last uint16
	lowest      int // none below it is free
	used        map[uint16]bool
}

// NewHandles makes handles of one primary handle, and of secondary ones from the
// first to the last; both 0: all there are.
func NewHandles(primary, first, last uint16) (*Handles, error) {
	if first == 0 && last == 0 {
		first, last = 1, 1<<16-1
	}
	switch {
	case primary == 0:
		return nil, mesos.Errorf(mesos.Invalid, "net_cls: 0 is no primary handle")
	case first == 0:
		return nil, mesos.Errorf(mesos.Invalid, "net_cls: 0 is no secondary handle")
	case first > last:
		return nil, mesos.Errorf(mesos.Invalid, "net_cls: there is no secondary handle from %#x to %#x", first, last)
	}
	return &Handles{primary, first, last, int(first), map[uint16]bool{}}, nil
}

// Take takes the lowest handle that is free.
func (h *Handles) Take() (uint32, error) {
	for ; h.lowest <= int(h.last); h.lowest++ {
		if secondary := uint16(h.lowest); !h.used[secondary] {
			h.used[secondary] = true
			return uint32(h.primary)<<16 | uint32(secondary), nil
		}
	}
	return 0, mesos.Errorf(mesos.Unavailable, "net_cls: no secondary handle of %#x is free", h.primary)
}

// Reserve takes a given handle.
func (h *Handles) Reserve(handle uint32) error {
	secondary := uint16(handle)
	switch {
	case !h.Contains(handle):
		return mesos.Errorf(mesos.Invalid, "net_cls: %#x is none of the handles to hand out", handle)
	case h.used[secondary]:
		return mesos.Errorf(mesos.Conflict, "net_cls: handle %#x is taken", handle)
	}
	h.used[secondary] = true
	return nil
}

// Free gives a handle back.
func (h *Handles) Free(handle uint32) error {
	if !h.Contains(handle) || !h.used[uint16(handle)] {
		return mesos.Errorf(mesos.Invalid, "net_cls: handle %#x is not taken", handle)
	}
	delete(h.used, uint16(handle))
	h.lowest = min(h.lowest, int(uint16(handle)))
	return nil
}

// Contains tells whether a handle is one of those to hand out, taken or not.
func (h *Handles) Contains(handle uint32) bool {
	return uint16(handle>>16) == h.primary && uint16(handle) >= h.first && uint16(handle) <= h.last
}
