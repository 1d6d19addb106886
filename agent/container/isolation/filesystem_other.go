//go:build !linux

package isolation

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
)

var errLinux = mesos.Errorf(mesos.Unsupported, "it is for Linux")

func xfsDisk(*Config) (container.Isolator, error)         { return nil, errLinux }
func linuxFilesystem(*Config) (container.Isolator, error) { return nil, errLinux }
func hostPath(*Config) (container.Isolator, error)        { return nil, errLinux }
func imageVolume(*Config) (container.Isolator, error)     { return nil, errLinux }
func secretVolume(*Config) (container.Isolator, error)    { return nil, errLinux }
