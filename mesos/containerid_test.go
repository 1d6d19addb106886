package mesos

import (
	"slices"
	"testing"
)

// covers: NestedMesosContainerizerTest.NestedContainerID
func TestNestedContainerID(t *testing.T) {
	for id, want := range map[ContainerID]struct{ parent, root ContainerID }{
		"a": {"", "a"}, "a.b": {"a", "a"}, "a.b.c": {"a.b", "a"},
	} {
		if id.Parent() != want.parent || id.Root() != want.root {
			t.Errorf("%s: parent %q, root %q", id, id.Parent(), id.Root())
		}
	}
	if names := ContainerID("a.b.c").Names(); !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("names = %q", names)
	}
}
