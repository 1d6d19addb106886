package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/page"
	"github.com/mesosctl/mesosctl/wire/masterpb"
)

// take takes what happened, and tells the page on top that it is another cluster.
func (m *Model) take(batch live.Batch) tea.Cmd {
	if batch.At.After(m.now) {
		m.now = batch.At
	}
	var cmds []tea.Cmd
	for _, item := range batch.Items {
		switch item := item.(type) {
		case live.Snapshot:
			item.Cluster.Inherit(m.cluster)
			m.cluster = item.Cluster
			clear(m.trouble)
			m.want()
			cmds = append(cmds, m.toAll(page.Replaced{}))
		case *masterpb.Event:
			m.cluster.Apply(item, batch.At)
		case *masterpb.Response:
			m.cluster.Answer(item, batch.At)
			delete(m.trouble, callOf(item.GetType()))
		case live.Masters:
			m.cluster.Polled.Masters = item
		case live.Problem:
			m.trouble[item.Call] = item.Err
		case live.Status:
			m.connection(item)
		}
	}
	m.cluster.Tick(batch.At)
	return tea.Batch(append(cmds, m.toTop(page.Changed{}))...)
}

// callOf is the call of which a response is the answer.
func callOf(answer masterpb.Response_Type) masterpb.Call_Type {
	return masterpb.Call_Type(masterpb.Call_Type_value[answer.String()])
}

// connection takes how the connection to the master is.
func (m *Model) connection(s live.Status) {
	if !s.Lost.IsZero() && m.status.Lost.IsZero() {
		m.cluster.Lost(s.Leader, s.Err.Error(), m.now)
	}
	if s.Lost.IsZero() && !m.status.Lost.IsZero() {
		m.notify(page.Notify{Level: page.Good, Text: "the master is " + s.Leader})
	}
	m.status = s
}
