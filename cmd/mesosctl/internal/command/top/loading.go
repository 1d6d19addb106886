package top

import (
	"context"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/lines"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/tui/live"
	"github.com/mesosctl/mesosctl/tui/text"
)

const (
	// lookEvery is how often it is looked how far loading is.
	lookEvery = 200 * time.Millisecond
	// noteAfter is how long nobody wonders what takes so long.
	noteAfter = time.Second
)

// loading is how far the first state of a cluster is, which of a large one takes a
// while: it goes on for as long as something comes.
type loading struct {
	patience time.Duration
	began    time.Time
	heard    time.Time // something new
	last     live.Loading
}

// see takes how far it is, and returns what to say of it, if anything. The error says
// that nothing has come for too long.
func (l *loading) see(now time.Time, is live.Loading) (note string, err error) {
	if is != l.last {
		l.heard, l.last = now, is
	}
	switch silent := now.Sub(l.heard) >= l.patience; {
	case is.Whole:
		note = "reading the cluster's state of " + text.Bytes(float64(is.Bytes))
	case silent && is.Master == "":
		return "", mesos.Errorf(mesos.TimedOut, "no master answered within %s", mesos.FormatDuration(l.patience))
	case silent:
		return "", mesos.Errorf(mesos.TimedOut, "the master at %s has sent nothing for %s, after %s", is.Master,
			mesos.FormatDuration(l.patience), text.Bytes(float64(is.Bytes)))
	case is.Bytes > 0:
		note = "loading the cluster from " + is.Master + ": " + text.Bytes(float64(is.Bytes))
	case is.Master != "":
		note = "waiting for the cluster's state from " + is.Master
	default:
		note = "looking for the leading master"
	}
	if now.Sub(l.began) < noteAfter {
		note = ""
	}
	return note, nil
}

// watch looks how far loading is until over is called: it says so in a note, and stops
// it when nothing has come for too long.
func watch(note *lines.Note, far func() live.Loading, patience time.Duration, stop context.CancelCauseFunc) (over func()) {
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		defer note.Clear()
		now := time.Now()
		l := loading{patience: patience, began: now, heard: now}
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				say, err := l.see(now, far())
				if err != nil {
					stop(err)
					return
				}
				note.Set(say)
			}
		}
	})
	return func() {
		close(done)
		looking.Wait()
	}
}
