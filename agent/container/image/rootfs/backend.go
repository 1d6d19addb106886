package rootfs

import (
	"context"
	"strings"

	"github.com/mesosctl/mesosctl/agent/container/image/layer"
	"github.com/mesosctl/mesosctl/mesos"
)

// Backend stacks layers. See
// https://mesos.apache.org/documentation/latest/container-image/#provisioner-backends.
type Backend interface {
	// Name is how --image_provisioner_backend calls it.
	Name() string
	// Form is how it takes layers.
	Form() layer.Form
	// Provision makes a root file system of unpacked layers, the lowest first, and
	// returns the directories that grow as it is written to, if they are others.
	// Root does not exist, and scratch is a directory of its own. After an error
	// Destroy removes what is left.
	Provision(ctx context.Context, layers []string, root, scratch string) (ephemeral []string, err error)
	// Destroy removes a root file system, also one that is half made or gone.
	Destroy(root, scratch string) error
}

// Names are the backends that there are.
var Names = []string{"overlay", "bind", "copy"}

// Choose returns the backend of a name, or else the best one that works between
// two directories: the store's, with the layers, and the containers'. Whether one
// works is tried, not guessed. The error says why not.
func Choose(name, store, containers string) (Backend, error) {
	if name == "aufs" {
		return nil, mesos.Errorf(mesos.Unsupported, "image provisioner backend: aufs: no kernel of today has it; use overlay")
	}
	backends := byName()
	if name != "" {
		b, ok := backends[name]
		if !ok {
			return nil, mesos.Errorf(mesos.Invalid, "image provisioner backend: %q: there are %s", name, strings.Join(Names, ", "))
		}
		if err := b.try(store, containers); err != nil {
			return nil, mesos.Errorf(mesos.Unsupported, "image provisioner backend: %s: %w", name, err)
		}
		return b, nil
	}
	if b, ok := backends["overlay"]; ok && b.try(store, containers) == nil {
		return b, nil
	}
	if b, ok := backends["copy"]; ok {
		return b, nil
	}
	return nil, mesos.Errorf(mesos.Unsupported, "image provisioner backend: container images need Linux")
}

// trying is a backend that can say whether it works here.
type trying interface {
	Backend
	try(store, containers string) error
}

// ByName returns a backend to destroy what it made; nil if there is none of that name.
func ByName(name string) Backend {
	if b, ok := byName()[name]; ok {
		return b
	}
	return nil
}
