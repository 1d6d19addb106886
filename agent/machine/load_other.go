//go:build !linux

package machine

import "github.com/mesosctl/mesosctl/mesos"

// Load is how many processes wanted to run, on average over the last 5 and 15
// minutes: on this system it is not known.
func Load() (five, fifteen float64, err error) {
	return 0, 0, mesos.Errorf(mesos.Unsupported, "load of the machine: it can be read on Linux only")
}
