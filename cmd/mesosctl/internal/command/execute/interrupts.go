package execute

import (
	"os"
	"os/signal"
	"syscall"
)

// interrupts delivers each request to end: Ctrl-C, or SIGTERM. A reader of the
// output that went away is noticed by the write that fails, not by SIGPIPE.
func interrupts() (requests <-chan struct{}, stop func()) {
	signals := make(chan os.Signal, 2)
	out := make(chan struct{}, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ignorePipe()
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
				select {
				case out <- struct{}{}:
				default: // two are waiting already
				}
			case <-done:
				return
			}
		}
	}()
	return out, func() {
		signal.Stop(signals)
		close(done)
	}
}
