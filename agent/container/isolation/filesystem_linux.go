package isolation

import (
	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/filesystem/disk"
	"github.com/mesosctl/mesosctl/agent/container/secret"
)

func xfsDisk(c *Config) (container.Isolator, error)         { return disk.NewXFS(c.disk()) }
func linuxFilesystem(c *Config) (container.Isolator, error) { return c.shared().Linux() }
func hostPath(c *Config) (container.Isolator, error)        { return c.shared().HostPath() }
func imageVolume(c *Config) (container.Isolator, error)     { return c.shared().ImageVolume() }
func secretVolume(c *Config) (container.Isolator, error) {
	return secret.Volumes(c.Secrets, c.shared())
}
