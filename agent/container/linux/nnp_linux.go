package linux

import (
	"context"

	"github.com/mesosctl/mesosctl/agent/container"
)

// noNewPrivileges keeps programs from gaining privileges.
type noNewPrivileges struct{ container.Passive }

// NoNewPrivileges is the isolator in whose containers a set-user-ID bit or a
// file's capabilities count for nothing. See
// https://mesos.apache.org/documentation/latest/isolators/linux-nnp/.
func NoNewPrivileges(Config) (container.Isolator, error) {
	return noNewPrivileges{container.Passive{Named: "linux/nnp"}}, nil
}

// Nests implements container.Nester.
func (noNewPrivileges) Nests() bool { return true }

// Prepare implements container.Isolator.
func (noNewPrivileges) Prepare(_ context.Context, plan *container.Plan) error {
	plan.Process.NoNewPrivileges = true
	return nil
}
