package cgroups_test

import (
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// No agent comes for what outlived the last one: it ends, and nothing is left.
func TestNothingIsLeftOfContainersForWhichNoAgentComes(t *testing.T) {
	t.Parallel()
	base := root(t)
	l := containertest.New(t, container.Config{
		Isolators:  []container.Isolator{isolator(t, cgroups.Config{Root: base, Isolators: some})},
		RuntimeDir: containertest.RuntimeDir(t), WorkDir: t.TempDir(),
	})
	pod := spec(t, "sleep 1000", 1, 64)
	task := spec(t, containertest.Daemon+"; sleep 1000", 1, 32)
	ended := spec(t, "true", 1, 32)
	task.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: &mesospb.LinuxInfo{ShareCgroups: new(false)}}
	ended.Container = task.Container
	task.ID, ended.ID = pod.ID+".task", pod.ID+".ended"
	for _, s := range []*container.Spec{&pod, &task, &ended} {
		s.Outlive = time.Second
		containertest.Launch(t, l, *s)
	}
	containertest.Wait(t, l, ended.ID)
	if below(dirOf(base, pod.ID, "memory")) == nil {
		t.Fatal("the task has no cgroup")
	}
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range trees() {
		containertest.Until(t, "no cgroup is left in "+dir, func() bool { return below(dir+"/"+base) == nil })
	}
}
