package container

import "github.com/mesosctl/mesosctl/mesos"

// newLauncher has nothing to start containers with.
func newLauncher(string, told) (launcher, error) {
	return nil, mesos.Errorf(mesos.Unsupported, "containers: not available on this system")
}
