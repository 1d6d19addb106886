// Package app is what every command is given of the process it runs in.
package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/contexts"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
)

// App is the process: its streams, environment and clock.
type App struct {
	IO      *iostreams.Streams
	Environ []string
	// Context is the context that --context names; empty if it names none.
	Context string
	// NoPager is --no-pager.
	NoPager bool

	chosen *contexts.Context
	hint   string // see Hint
}

// Hint says what to look at if no master could be reached; empty if that is not what
// went wrong.
func (a *App) Hint(err error) string {
	var unreached *client.UnreachedError
	if errors.As(err, &unreached) {
		return a.hint
	}
	return ""
}

// Chosen is the context of the cluster that a client was made of; nil if it is of none.
func (a *App) Chosen() *contexts.Context { return a.chosen }

// Confirm is the name that a person has to type before something is destroyed, of
// the cluster that a client was made of; empty: a yes will do.
func (a *App) Confirm() string {
	if a.chosen == nil || !a.chosen.Confirm {
		return ""
	}
	return a.chosen.Name
}

// Getenv is a variable of the environment; empty if it is not set.
func (a *App) Getenv(name string) string {
	for i := len(a.Environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.Environ[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// Etc is the directory of a program's flag files, such as /etc/mesos-master.
// MESOSCTL_ETC stands in for /etc.
func (a *App) Etc(program string) string {
	etc := a.Getenv("MESOSCTL_ETC")
	if etc == "" {
		etc = "/etc"
	}
	return filepath.Join(etc, program)
}

// State is the directory of what is known of this user's own cluster.
func (a *App) State() local.Dir { return local.Find(a.Getenv) }

// Signalled returns a context that ends when the process is asked to end. After
// that a second signal ends the process at once.
func Signalled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, cancel)
	return ctx, cancel
}

// Logger logs warnings, or with verbose all, to stderr.
func (a *App) Logger(verbose bool) *slog.Logger {
	level := slog.LevelError
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(a.IO.Err, &slog.HandlerOptions{Level: level}))
}
