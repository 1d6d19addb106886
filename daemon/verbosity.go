package daemon

import (
	"log/slog"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/httpapi"
)

// Verbosity is how much a daemon logs. It is a slog.Leveler.
type Verbosity struct {
	usual slog.Level
	now   slog.LevelVar

	mu    sync.Mutex
	level uint32
	until *time.Timer
}

// NewVerbosity is what logs from a level on, until told otherwise.
func NewVerbosity(usual slog.Level) *Verbosity {
	v := &Verbosity{usual: usual}
	v.now.Set(usual)
	return v
}

// Level implements slog.Leveler.
func (v *Verbosity) Level() slog.Level { return v.now.Level() }

// Verbosity implements httpapi.Verbosity.
func (v *Verbosity) Verbosity() uint32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.level
}

// SetVerbosity implements httpapi.Verbosity.
func (v *Verbosity) SetVerbosity(level uint32, d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.until != nil {
		v.until.Stop()
	}
	v.set(level)
	timer := (*time.Timer)(nil)
	timer = time.AfterFunc(d, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.until == timer { // else somebody has set it since
			v.set(0)
		}
	})
	v.until = timer
}

func (v *Verbosity) set(level uint32) {
	v.level = level
	if v.now.Set(v.usual); level > 0 {
		v.now.Set(min(v.usual, slog.LevelDebug))
	}
}

func (c *CommonConfig) verbosity() httpapi.Verbosity {
	if c.Verbosity == nil {
		return nil
	}
	return c.Verbosity
}
