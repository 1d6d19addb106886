//go:build !windows

package execute

import (
	"context"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/daemonflags"
	"github.com/mesosctl/mesosctl/daemon"
)

// embedded is a cluster within this process.
type embedded interface {
	Master() string
	Kill()
	Close() error
}

func embed(ctx context.Context, a *app.App, verbose bool) (embedded, error) {
	config := daemonflags.Local()
	config.Master.Log = a.Logger(verbose)
	config.Agent.Log = config.Master.Log
	return daemon.StartLocal(ctx, config)
}
