package agent

import (
	"container/heap"
	"time"
)

// alarm is a deadline of something the agent waits for. Its owner embeds it,
// sets it again and again, and is called when the time has come.
type alarm struct {
	ring     func()
	at       time.Time
	sequence uint64 // alarms of one instant ring in the order they were set
	place    int    // in the heap, counted from 1; 0 while not set
}

// alarms is the heap of the alarms that are set.
type alarms struct {
	heap     alarmHeap
	sequence uint64
}

// set (re)arms an alarm.
func (as *alarms) set(a *alarm, at time.Time) {
	as.sequence++
	a.at, a.sequence = at, as.sequence
	if a.place == 0 {
		heap.Push(&as.heap, a)
		return
	}
	heap.Fix(&as.heap, a.place-1)
}

// cancel disarms an alarm; one that is not set stays so.
func (as *alarms) cancel(a *alarm) {
	if a.place != 0 {
		heap.Remove(&as.heap, a.place-1)
	}
}

// next is the earliest deadline, or zero.
func (as *alarms) next() time.Time {
	if len(as.heap) == 0 {
		return time.Time{}
	}
	return as.heap[0].at
}

// ring calls the owners of all alarms that are due. One that is set anew for a
// time that has come already rings too.
func (as *alarms) ring(now time.Time) {
	for len(as.heap) > 0 && !as.heap[0].at.After(now) {
		a := heap.Pop(&as.heap).(*alarm)
		a.ring()
	}
}

type alarmHeap []*alarm

func (h alarmHeap) Len() int { return len(h) }
func (h alarmHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].sequence < h[j].sequence
	}
	return h[i].at.Before(h[j].at)
}
func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}
func (h *alarmHeap) Push(x any) {
	a := x.(*alarm)
	*h = append(*h, a)
	a.place = len(*h)
}
func (h *alarmHeap) Pop() any {
	old := *h
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	a.place = 0
	return a
}
