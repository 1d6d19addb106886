//go:build !linux

package fetch

import (
	"os/exec"

	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
)

// asUser can't take a user's rights on files here, and fetching with the agent's
// would hand the user files that are not the user's to read.
func asUser(user *supervise.User, do func() error) error {
	if user != nil {
		return mesos.Errorf(mesos.Unsupported, "fetch: files for another user: not available on this system")
	}
	return do()
}

// runAs has a program run as a user, which can only be the agent's own here.
func runAs(*exec.Cmd, *supervise.User) {}
