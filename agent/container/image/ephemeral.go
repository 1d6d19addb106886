package image

import (
	"slices"

	"github.com/mesosctl/mesosctl/agent/container/image/rootfs"
	"github.com/mesosctl/mesosctl/mesos"
)

// Ephemeral are the directories that grow as a container that was there before this
// agent writes to its images: that of its root, and those of its volumes.
func (p *Provisioner) Ephemeral(id mesos.ContainerID) ([]string, error) {
	made, err := p.paths.Roots(id)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, m := range made {
		root, scratch := p.paths.Root(id, m.Backend, m.Root), p.scratch(id, m.Backend, m.Root)
		list = slices.Concat(list, rootfs.Ephemeral(m.Backend, root, scratch))
	}
	return list, nil
}
