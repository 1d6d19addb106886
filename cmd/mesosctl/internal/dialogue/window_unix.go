//go:build !windows

package dialogue

import (
	"os"
	"os/signal"
	"syscall"
)

// windowChanges tells each time the terminal's size may have changed.
func windowChanges() (changed <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	return signals, func() { signal.Stop(signals) }
}
