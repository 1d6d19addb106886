package isolation_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/isolation"
)

// What an agent is not told it finds out: root gets what the machine has to keep
// containers apart, and what it has not is said once.
func TestStandard(t *testing.T) {
	names, missing := isolation.Standard(isolation.Config{WorkDir: t.TempDir()})
	if os.Geteuid() != 0 {
		if !slices.Equal(names, []string{"posix/cpu", "posix/mem", "filesystem/posix"}) || missing == "" {
			t.Errorf("isolation = %v, missing %q", names, missing)
		}
		return
	}
	for _, either := range [][]string{{"cgroups/cpu", "posix/cpu"}, {"cgroups/mem", "posix/mem"}, {"filesystem/linux", "filesystem/posix"}} {
		if has := slices.Contains(names, either[0]); has == slices.Contains(names, either[1]) || has == strings.Contains(missing, either[0]) {
			t.Errorf("isolation = %v, missing %q", names, missing)
		}
	}
	if _, err := isolation.New(isolation.Config{Names: names, WorkDir: t.TempDir()}); err != nil {
		t.Error(err)
	}
	names, missing = isolation.Standard(isolation.Config{WorkDir: t.TempDir(), Launcher: "posix"})
	for _, name := range []string{"filesystem/linux"} {
		if slices.Contains(names, name) || !strings.Contains(missing, name+": --launcher=posix") {
			t.Errorf("isolation = %v, missing %q", names, missing)
		}
	}
}
