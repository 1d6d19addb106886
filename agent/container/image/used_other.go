//go:build !linux

package image

import "github.com/mesosctl/mesosctl/mesos"

func used(string) (float64, error) {
	return 0, mesos.Errorf(mesos.Unsupported, "container images need Linux")
}
