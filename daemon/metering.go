package daemon

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// metering are the metrics of frameworks as they were asked for last. There may be
// thousands of frameworks, of which most are as they were.
type metering struct {
	mu     sync.Mutex
	known  map[mesos.FrameworkID]metered
	groups []*httpapi.MetricGroup // of those known, by prefix; lent, so another one takes its place
}

// metered is a framework's metrics and where their group is among all.
type metered struct {
	counted *master.FrameworkMetrics
	at      int
}

// frameworkMetrics collects what the term counts of each framework, in order of
// the prefixes. What has not changed is the group that it was.
func (m *Master) frameworkMetrics(ctx context.Context) []*httpapi.MetricGroup {
	t := m.term.Load()
	if t == nil || !m.cfg.FrameworkMetrics {
		return nil
	}
	var counted []*master.FrameworkMetrics
	t.master.Inspect(ctx, func() { counted = t.core.FrameworkMetrics() })
	return m.metering.groupsOf(counted)
}

func (m *metering) groupsOf(counted []*master.FrameworkMetrics) []*httpapi.MetricGroup {
	m.mu.Lock()
	defer m.mu.Unlock()
	same := len(counted) == len(m.known)
	var changed []*master.FrameworkMetrics
	for _, f := range counted {
		was, known := m.known[f.ID()]
		if was.counted != f {
			same = same && known && was.counted.Prefix() == f.Prefix()
			changed = append(changed, f)
		}
	}
	switch {
	case !same:
		m.arrange(counted)
	case len(changed) > 0:
		m.groups = slices.Clone(m.groups)
		for _, f := range changed {
			at := m.known[f.ID()].at
			m.known[f.ID()], m.groups[at] = metered{f, at}, groupOf(f)
		}
	}
	return m.groups
}

// arrange makes the groups anew, of other frameworks than there were.
func (m *metering) arrange(counted []*master.FrameworkMetrics) {
	type member struct {
		counted *master.FrameworkMetrics
		group   *httpapi.MetricGroup
	}
	members := make([]member, len(counted))
	for i, f := range counted {
		if was, known := m.known[f.ID()]; known && was.counted == f {
			members[i] = member{f, m.groups[was.at]}
		} else {
			members[i] = member{f, groupOf(f)}
		}
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.group.Prefix, b.group.Prefix) })
	m.known = make(map[mesos.FrameworkID]metered, len(members))
	m.groups = make([]*httpapi.MetricGroup, len(members))
	for i, f := range members {
		m.known[f.counted.ID()], m.groups[i] = metered{f.counted, i}, f.group
	}
}

func groupOf(f *master.FrameworkMetrics) *httpapi.MetricGroup {
	return &httpapi.MetricGroup{Prefix: f.Prefix(), Metrics: func() []httpapi.Metric { return converted(f.Append(nil)) }}
}
