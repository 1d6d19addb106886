package isolation_test

import (
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/isolation"
)

func TestIsolation(t *testing.T) {
	for _, bad := range [][]string{{"no/such"}, {"posix/cpu", "posix/cpu"}, {""}} {
		if _, err := isolation.New(isolation.Config{Names: bad}); err == nil {
			t.Errorf("isolation %q is accepted", bad)
		} else if !strings.Contains(err.Error(), bad[0]) {
			t.Errorf("error %q does not name %q", err, bad[0])
		}
	}
	list, err := isolation.New(isolation.Config{Names: []string{"posix/cpu", "posix/rlimits"}})
	if err != nil || len(list) != 3 || list[2].Name() != "filesystem/posix" {
		t.Errorf("isolation = %v, %v", list, err)
	}
}
