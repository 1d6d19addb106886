package cluster

import (
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
)

// MaxLog is how many entries are kept.
const MaxLog = 2000

// EntryKind is what an entry is about.
type EntryKind uint8

// The kinds of entries.
const (
	Subscribed EntryKind = iota
	TaskAdded
	TaskUpdated
	AgentAdded
	AgentRemoved
	FrameworkAdded
	FrameworkUpdated
	FrameworkRemoved
	MasterLost
)

// Entry is something that happened.
type Entry struct {
	At                     time.Time
	Kind                   EntryKind
	Task, Framework, Agent string
	State                  mesos.TaskState // of a task
	Text                   string          // the name of what it is about
	Note                   string          // the message that came with it, if one did
	number                 int
}

// Number counts entries from the beginning.
func (e Entry) Number() int { return e.number }

// Bad reports whether it is bad news.
func (e Entry) Bad() bool {
	return e.Kind == TaskUpdated && Bad(e.State) || e.Kind == AgentRemoved || e.Kind == MasterLost
}

// Subject is what it is about: task, agent, framework or master.
func (e Entry) Subject() string {
	switch e.Kind {
	case TaskAdded, TaskUpdated:
		return "task"
	case AgentAdded, AgentRemoved:
		return "agent"
	case FrameworkAdded, FrameworkUpdated, FrameworkRemoved:
		return "framework"
	}
	return "master"
}

// What is what happened to the subject, in a word or two.
func (e Entry) What() string {
	switch e.Kind {
	case Subscribed:
		return "subscribed"
	case TaskUpdated:
		return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(e.State.String(), "TASK_"), "_", " "))
	case FrameworkUpdated:
		return e.Note
	case AgentRemoved, FrameworkRemoved:
		return "removed"
	case MasterLost:
		return "lost"
	}
	return "added"
}

// Log is the latest of what happened, a ring.
type Log struct {
	ring []Entry
	n    int // entries ever made
}

// Len is how many entries there are.
func (l *Log) Len() int { return len(l.ring) }

// Made is how many entries there were ever.
func (l *Log) Made() int { return l.n }

// At is an entry; 0 is the newest.
func (l *Log) At(i int) Entry { return l.ring[(l.n-1-i)%MaxLog] }

func (l *Log) add(e Entry) {
	e.number = l.n
	if len(l.ring) < MaxLog {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.n%MaxLog] = e
	}
	l.n++
}

// Lost notes that the master was lost.
func (c *Cluster) Lost(master, why string, now time.Time) {
	c.Log.add(Entry{At: now, Kind: MasterLost, Text: master, Note: why})
}
