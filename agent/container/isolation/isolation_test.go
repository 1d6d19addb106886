package isolation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/isolation"
)

func TestIsolation(t *testing.T) {
	for _, bad := range [][]string{{"no/such"}, {"posix/cpu", "posix/cpu"}, {""}, {"filesystem/posix", "filesystem/linux"}} {
		if _, err := isolation.New(isolation.Config{Names: bad}); err == nil {
			t.Errorf("isolation %q is accepted", bad)
		} else if !strings.Contains(err.Error(), bad[0]) {
			t.Errorf("error %q does not name %q", err, bad[0])
		}
	}
	list, err := isolation.New(isolation.Config{Names: []string{"posix/cpu", "posix/rlimits"}})
	var names []string
	for _, isolator := range list {
		names = append(names, isolator.Name())
	}
	want := []string{"filesystem/posix", "posix/cpu", "posix/rlimits", "environment_secret", "network/cni"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("isolation = %v, %v, want %v", names, err, want)
	}
}
