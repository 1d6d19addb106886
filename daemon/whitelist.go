package daemon

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/master"
	"github.com/mesosctl/mesosctl/mesos"
)

// whitelistInterval is how often the file of --whitelist is read, as in Mesos.
const whitelistInterval = 5 * time.Second

// ReadWhitelist is the hostnames in a file, one a line. No file, and the name
// "*", stand for every host: nil. An empty file is no host at all.
func ReadWhitelist(path string) (map[string]bool, error) {
	if path == "" || path == "*" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "whitelist: %w", err)
	}
	hostnames := make(map[string]bool)
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" {
			hostnames[line] = true
		}
	}
	return hostnames, nil
}

// whitelist is the file of --whitelist, and what it said when it could last be
// read: a file that is being replaced must not open the cluster to every host.
type whitelist struct {
	path      string
	log       *slog.Logger
	hostnames map[string]bool
	unread    string // why it could not be read the last time, or ""
}

// read is the hostnames as the file has them now, or had them.
func (w *whitelist) read() map[string]bool {
	hostnames, err := ReadWhitelist(w.path)
	if err != nil {
		if why := err.Error(); why != w.unread {
			w.unread = why
			w.log.Error("the whitelist can't be read: the hosts that it had before stay", "error", err)
		}
		return w.hostnames
	}
	w.hostnames, w.unread = hostnames, ""
	return hostnames
}

// watch tells the master of a term, which knows the hostnames that it began
// with, whenever the file changes.
func (w *whitelist) watch(ctx context.Context, tell func(...master.Input) bool) error {
	if w.path == "" || w.path == "*" {
		return nil
	}
	known := w.hostnames
	ticker := time.NewTicker(whitelistInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if hostnames := w.read(); !maps.Equal(hostnames, known) {
			known = hostnames
			w.log.Info("the whitelist has changed", "hosts", len(hostnames))
			tell(master.UpdateWhitelist{Hostnames: hostnames})
		}
	}
}
