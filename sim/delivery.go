package sim

import (
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// report is a status that an executor sent to its agent: the nth of its task.
type report struct {
	task string
	nth  int
}

// history is what a scheduler has seen of the reports on one of its tasks, and
// acknowledged.
type history struct {
	executor  *executor // whose reports they are
	sent      int
	seen      int // the newest seen
	signed    int // the newest acknowledged
	ignorable int // the newest that the agent did not take
}

// reported notes that an executor sends a status.
func (c *cluster) reported(x *executor, framework, task string, uuid []byte) {
	key := framework + "/" + task
	h := c.histories[key]
	if h == nil || h.executor != x {
		h = &history{executor: x}
		c.histories[key] = h
	}
	h.sent++
	c.reports[string(uuid)] = report{key, h.sent}
}

// refusedReport notes that the agent did not take a status.
func (c *cluster) refusedReport(uuid []byte) {
	r := c.reports[string(uuid)]
	if h := c.histories[r.task]; h != nil {
		h.ignorable = max(h.ignorable, r.nth)
	}
}

// checkDelivery: a scheduler sees every report on a task, each for the first time
// after it has acknowledged the one before, and none again after a newer one.
func (s *scheduler) checkDelivery(status *mesospb.TaskStatus) {
	c := s.cluster
	r, ok := c.reports[string(status.GetUuid())]
	h := c.histories[r.task]
	if !ok || h == nil {
		return // the agent's or the master's
	}
	switch {
	case r.nth < h.seen:
		c.fail("%s is told update %d of %s after update %d", s.name, r.nth, r.task, h.seen)
	case r.nth > h.seen+1 && h.ignorable < r.nth-1:
		c.fail("%s is told update %d of %s after update %d: some are lost", s.name, r.nth, r.task, h.seen)
	case r.nth > h.seen && h.signed < h.seen:
		c.fail("%s is told update %d of %s, but has not acknowledged update %d", s.name, r.nth, r.task, h.seen)
	}
	h.seen = max(h.seen, r.nth)
}

// signs notes that a scheduler acknowledges a report.
func (c *cluster) signs(uuid []byte) {
	r := c.reports[string(uuid)]
	if h := c.histories[r.task]; h != nil {
		h.signed = max(h.signed, r.nth)
	}
}
