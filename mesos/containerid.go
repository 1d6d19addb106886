package mesos

import "strings"

// Parent is the container that a nested one is in; "" of one that is not nested.
func (id ContainerID) Parent() ContainerID {
	if i := strings.LastIndexByte(string(id), '.'); i >= 0 {
		return id[:i]
	}
	return ""
}

// Root is the outermost container that one is in: itself if it is not nested.
func (id ContainerID) Root() ContainerID {
	root, _, _ := strings.Cut(string(id), ".")
	return ContainerID(root)
}

// Names are a container's own name and those of the containers that it is in,
// the outermost one first.
func (id ContainerID) Names() []string { return strings.Split(string(id), ".") }
