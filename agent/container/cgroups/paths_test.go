package cgroups

import (
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestCgroupsOfNestedContainersAreBelowTheirParents(t *testing.T) {
	// covers: MesosContainerizerPathsTest.BuildPathJoinMode
	// covers: MesosContainerizerPathsTest.CGROUPS2_Cgroups2ParsePaths
	for id, want := range map[mesos.ContainerID]string{
		"parent": "parent", "parent.child": "parent/mesos/child", "a.b.c": "a/mesos/b/mesos/c",
	} {
		if got := path(id); got != want {
			t.Errorf("%s is at %s, want %s", id, got, want)
		}
		if got, ok := containerOf(want); !ok || got != id {
			t.Errorf("%s is of %s, %v", want, got, ok)
		}
	}
	for _, other := range []string{"", "parent/mesos", "parent/other/child", "parent//child", "mesos/", "parent/mesos/child/mesos/"} {
		if id, ok := containerOf(other); ok {
			t.Errorf("%q is of %s", other, id)
		}
	}
}
