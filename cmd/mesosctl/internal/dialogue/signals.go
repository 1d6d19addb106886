package dialogue

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
)

// signalled is the cause of a context that a signal ended.
type signalled struct{ syscall.Signal }

func (s signalled) Error() string { return s.Signal.String() }

// Signalled returns a context that ends when the process is asked to end, or its
// terminal is gone.
func Signalled(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-signals:
			number, _ := s.(syscall.Signal)
			cancel(signalled{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// Interrupted makes the error of a dialogue that a signal ended the exit code that
// shells have for that.
func Interrupted(ctx context.Context, err error) error {
	var s signalled
	if errors.As(context.Cause(ctx), &s) {
		const base = 128
		return exitcode.Status(base + int(s.Signal))
	}
	return err
}
