package agent

import (
	"slices"
	"time"
)

// An update is sent again after these waits, doubling, until it is acknowledged.
const (
	minUpdateRetry = 10 * time.Second
	maxUpdateRetry = 10 * time.Minute
)

// maxReceived bounds how many updates of a stream are known by their UUID when
// they come a second time. A task may be checked, and updated, for years.
const maxReceived = 256

type uuid [16]byte

// stream is the updates of one task or one operation, in order: each is sent,
// again and again, only when the one before was acknowledged.
type stream[S any] struct {
	path     string // of the checkpoint; empty if there is none
	pending  []pendingUpdate[S]
	received []uuid // of the updates that came, the newest last
	interval time.Duration
	retry    alarm
}

// pendingUpdate is an update that is not acknowledged.
type pendingUpdate[S any] struct {
	id     uuid
	status S
}

// seen reports whether an update with a UUID came before.
func (s *stream[S]) seen(id []byte) bool { return slices.Contains(s.received, uuid(id)) }

// add takes an update. It reports whether that is the first that waits.
func (s *stream[S]) add(id []byte, status S) bool {
	if len(s.received) == maxReceived {
		s.received = append(s.received[:0], s.received[1:]...)
	}
	s.received = append(s.received, uuid(id))
	s.pending = append(s.pending, pendingUpdate[S]{uuid(id), status})
	return len(s.pending) == 1
}

// acknowledged takes the update that is being sent off the stream, if it has
// this UUID. Any other is one that was acknowledged before, or never sent.
func (s *stream[S]) acknowledged(id []byte) (status S, ok bool) {
	if len(s.pending) == 0 || string(s.pending[0].id[:]) != string(id) {
		return status, false
	}
	status = s.pending[0].status
	s.pending[0] = pendingUpdate[S]{}
	s.pending = s.pending[1:]
	s.interval = 0
	return status, true
}

// arm has the first update sent again when its wait is over.
func (a *Agent) arm(retry *alarm, interval *time.Duration) {
	*interval = min(max(2**interval, minUpdateRetry), maxUpdateRetry)
	a.alarms.set(retry, a.now.Add(*interval))
}

// The records of an append-only checkpoint of updates: a letter, then the link's
// message with the update, or the UUID of one that was acknowledged.
const (
	updateRecord          = 'U'
	acknowledgementRecord = 'A'
)

func (a *Agent) checkpointUpdate(path string, m message) {
	if path != "" {
		a.emit(Checkpoint{Path: path, Append: true, Value: append([]byte{updateRecord}, encode(m)...)})
	}
}

func (a *Agent) checkpointAcknowledgement(path string, id []byte) {
	if path != "" {
		a.emit(Checkpoint{Path: path, Append: true, Value: append([]byte{acknowledgementRecord}, id...)})
	}
}
