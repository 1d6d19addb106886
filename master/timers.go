package master

import "time"

// A timer is a deadline that the core set itself. The zero timer is not armed.
type timer struct {
	at    time.Time
	order uint64 // of arming, so that equal deadlines fire in the order they were set
	place int    // 1 + index in the heap; 0 if not armed
	fire  func()
}

// timers is a binary heap of armed timers, the earliest first.
type timers struct {
	heap  []*timer
	armed uint64 // how many were ever armed
}

// next is the earliest deadline, or the zero time.
func (h *timers) next() time.Time {
	if len(h.heap) == 0 {
		return time.Time{}
	}
	return h.heap[0].at
}

// arm sets t to fire at a time, instead of whatever it was set to before.
func (h *timers) arm(t *timer, at time.Time, fire func()) {
	h.disarm(t)
	h.armed++
	t.at, t.order, t.fire = at, h.armed, fire
	h.heap = append(h.heap, t)
	t.place = len(h.heap)
	h.up(len(h.heap) - 1)
}

// disarm makes t not fire. It may not be armed.
func (h *timers) disarm(t *timer) {
	if t.place == 0 {
		return
	}
	i, last := t.place-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	t.place, t.fire = 0, nil
	if i < last {
		h.down(i)
		h.up(i)
	}
}

// expire fires every timer whose time has come, the earliest first.
func (h *timers) expire(now time.Time) {
	for len(h.heap) > 0 && !h.heap[0].at.After(now) {
		t := h.heap[0]
		fire := t.fire
		h.disarm(t)
		fire()
	}
}

func (h *timers) less(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.order < b.order
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i+1, j+1
}

func (h *timers) up(i int) {
	for i > 0 && h.less(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
