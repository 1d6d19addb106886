package filesystem_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// fetched are the URIs of one file that is to be in a volume, and in the sandbox.
func fetched(t *testing.T) []*mesospb.CommandInfo_URI {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	return []*mesospb.CommandInfo_URI{
		{Value: &file, OutputFile: new("volume/dir/mine")}, {Value: &file, OutputFile: new("volume2/mine")},
	}
}

// https://mesos.apache.org/documentation/latest/fetcher/#specifying-output-file-name
func TestURIsAreFetchedIntoVolumes(t *testing.T) {
	s := newScene(t)
	s.persistent("v")
	const command = "test $(cat volume/dir/mine) = abc && test $(cat volume2/mine) = abc && rm volume/dir/mine"
	for _, spec := range []struct{ image bool }{{false}, {true}} {
		task := s.spec(command)
		if spec.image {
			task = s.withImage(command)
		}
		task.Command.Uris = fetched(t)
		task.Resources = containertest.Volume("v", "volume")
		s.succeeds(task)
	}
	task := s.spec("true")
	task.Command.Uris = fetched(t)
	task.Resources = containertest.Volume("v", "volume")
	task.Resources[0].Disk.Volume.Mode = ro.Enum()
	s.refuses(task, mesos.Invalid, "the volume volume is read-only")
}

func TestURIsAreFetchedIntoLinkedVolumes(t *testing.T) {
	l, workDir := withVolumes(t, "v")
	spec := containertest.Spec(t, containertest.Shell("test $(cat volume/dir/mine) = abc"))
	spec.Command.Uris = fetched(t)
	spec.Resources = containertest.Volume("v", "volume")
	if exit, _, stderr := containertest.Run(t, l, spec); exit.Status != 0 {
		t.Errorf("status %v: %s", exit.Status, stderr)
	}
	if _, err := os.Stat(filepath.Join(workDir, "volumes/roles/web/v/dir/mine")); err != nil {
		t.Error(err)
	}
}
