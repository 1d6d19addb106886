package convert

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ContainerID is the id of a container: "parent.child" of a nested one.
func ContainerID(wire *mesospb.ContainerID) mesos.ContainerID {
	var names []string
	for ; wire != nil; wire = wire.Parent {
		names = append(names, wire.GetValue())
	}
	slices.Reverse(names)
	return mesos.ContainerID(strings.Join(names, "."))
}

// ContainerIDToWire is the opposite of ContainerID.
func ContainerIDToWire(id mesos.ContainerID) *mesospb.ContainerID {
	var wire *mesospb.ContainerID
	for _, name := range id.Names() {
		wire = &mesospb.ContainerID{Value: &name, Parent: wire}
	}
	return wire
}
