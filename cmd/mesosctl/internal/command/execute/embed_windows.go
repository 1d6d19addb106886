package execute

import (
	"context"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/mesos"
)

// embedded is a cluster within this process.
type embedded interface {
	Master() string
	Kill()
	Close() error
}

func embed(context.Context, *app.App, bool) (embedded, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "an agent does not run on Windows: name a cluster with --master or MESOS_MASTER")
}
