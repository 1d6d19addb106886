package daemonflags

import (
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
)

// agentImages is the flags about container images.
func agentImages(c *daemon.ImagesConfig) flags.Table {
	return flags.Table{
		flags.List("image_providers", &c.Providers, "",
			"`kinds` of container images to allow: docker, which needs filesystem/linux and docker/runtime in --isolation (of appc there are none any more)"),
		flags.String("image_provisioner_backend", &c.Backend, "",
			"`how` layers become a root file system: overlay, bind (one layer, read-only) or copy; without one the best that works"),
		flags.Document("image_gc_config", "json", "when to remove images that nobody uses: `JSON` as for Mesos, or a file with it",
			func(text string) error {
				c.GC = text
				return nil
			}),
		flags.String("docker_registry", &c.Registry, "https://registry-1.docker.io",
			"`URL` of the registry of images whose names have none, or a directory with archives of docker save (NAME.tar) or OCI layouts"),
		flags.Path("docker_store_dir", &c.StoreDir, "/tmp/mesos/store/docker", "`directory` to keep images in, which no other agent may use"),
		flags.Document("docker_config", "json", "credentials for registries: `JSON` of Docker's config.json, or a file with it",
			func(text string) error {
				c.DockerConfig = text
				return nil
			}).Secret(),
		flags.Bool("docker_ignore_runtime", &c.IgnoreRuntime, false, "leave aside what images say of environment, working directory and command"),
		appc("appc_simple_discovery_uri_prefix", "http://", "where Appc images would be: there are none any more"),
		appc("appc_store_dir", "/tmp/mesos/store/appc", "where Appc images would be kept: there are none any more"),
	}
}

// appc is a flag about images that are gone: it is accepted at its default.
func appc(name, initial, usage string) *flags.Flag {
	return flags.Func(name, "text", initial, usage, func(text string) error {
		if text == initial {
			return nil
		}
		return mesos.Errorf(mesos.Unsupported, "no registry serves Appc images any more; push the image to a Docker registry")
	})
}
