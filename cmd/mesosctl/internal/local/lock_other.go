//go:build !unix

package local

import "github.com/mesosctl/mesosctl/mesos"

// Local clusters need an agent, which does not run here.

func lock(string) (func(), error) {
	return nil, mesos.Errorf(mesos.Unsupported, "a local cluster needs an agent, which does not run on this system")
}

func isLocked(string) (bool, error) { return false, nil }
