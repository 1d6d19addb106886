// Package app is what every command is given of the process it runs in.
package app

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mesosctl/mesosctl/client"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/local"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
)

// App is the process: its streams, environment and clock.
type App struct {
	IO      *iostreams.Streams
	Environ []string
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

// Target says which cluster to talk to.
type Target struct {
	Masters []string
	// From tells a person how it was found; empty if there is none.
	From string
}

// FindCluster looks for the cluster that is meant: the flag --master, else
// MESOS_MASTER, else this user's own cluster (mesosctl up). It may find none.
func (a *App) FindCluster(flag string) (Target, error) {
	for _, place := range []struct{ from, text string }{{"--master", flag}, {"MESOS_MASTER", a.Getenv("MESOS_MASTER")}} {
		if place.text == "" {
			continue
		}
		masters, err := client.ParseMasters(place.text)
		if err != nil {
			return Target{}, mesos.Errorf(mesos.KindOf(err), "%s: %w", place.from, err)
		}
		return Target{Masters: masters, From: place.from}, nil
	}
	cluster, running, err := a.State().Running()
	if err != nil || !running {
		return Target{}, err
	}
	return Target{Masters: []string{cluster.Master}, From: "mesosctl up"}, nil
}

// Connect is FindCluster for commands that need one, and makes a client of it.
func (a *App) Connect(flag string, patience time.Duration) (*client.Client, error) {
	target, err := a.FindCluster(flag)
	if err != nil {
		return nil, err
	}
	if len(target.Masters) == 0 {
		return nil, mesos.Errorf(mesos.Unavailable,
			"no cluster is known: name one with --master or MESOS_MASTER, or start one with 'mesosctl up'")
	}
	return client.New(client.Config{Masters: target.Masters, MediaType: wire.Protobuf, Patience: patience})
}
