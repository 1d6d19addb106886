package cgroups_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container/cgroups"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/mesos"
)

// A user may make cgroups below the container's in every subsystem, and be in them,
// but not change the container's own.
func TestUsersCgroups(t *testing.T) {
	// covers: CgroupsIsolatorTest.ROOT_CGROUPS_PERF_NET_CLS_UNPRIVILEGED_USER_UserCgroup
	t.Parallel()
	subsystems := []string{"cpu", "cpuacct", "devices", "memory", "net_cls", "perf_event"}
	config := cgroups.Config{
		Isolators:     []string{"cgroups/cpu", "cgroups/devices", "cgroups/mem", "cgroups/net_cls", "cgroups/perf_event"},
		NetClsPrimary: 0x12, PerfEvents: []string{"cpu-clock"},
	}
	if v2 {
		subsystems, config.Isolators = []string{"memory"}, []string{"cgroups/cpu", "cgroups/devices", "cgroups/mem", "cgroups/perf_event"}
	}
	l, root := local(t, config)
	s := spec(t, "", 1, 64)
	s.User = "nobody"
	var script, want strings.Builder
	for _, subsystem := range subsystems {
		for _, dir := range []string{leafOf(root, s.ID, subsystem), dirOf(root, s.ID, subsystem)} {
			script.WriteString("(echo $$ > " + dir + "/cgroup.procs) 2> /dev/null || echo " + subsystem + ": not entered\n")
			want.WriteString(subsystem + ": not entered\n")
		}
		// In version 2 it takes the right to leave a cgroup, too.
		enter := "sh -c 'echo $$ > mine/cgroup.procs && cat /proc/self/cgroup' | grep -c :" + subsystem + ":.*/mine"
		if v2 {
			enter = "[ -w mine/cgroup.procs ] && echo 1"
		}
		script.WriteString("cd " + leafOf(root, s.ID, subsystem) + " && mkdir mine && stat -c %U mine && " + enter + "; rmdir mine\n")
		want.WriteString("nobody\n1\n")
	}
	s.Command = containertest.Shell(script.String())
	_, stdout, stderr := containertest.Run(t, l, s)
	if stdout != want.String() || stderr != "" {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
	for _, subsystem := range subsystems {
		if _, err := os.Stat(filepath.Join(leafOf(root, s.ID, subsystem), "mine")); err == nil {
			t.Errorf("%s: a user's cgroup is left", subsystem)
		}
	}
}

// That a cgroup is there does not say that this user may use it.
func TestAnotherUsersCgroupsAreRefused(t *testing.T) {
	t.Parallel()
	config := cgroups.Config{Isolators: []string{"cgroups/cpu"}, Root: root(t)}
	isolator(t, config)
	refused := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		const nobody = 65534
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			refused <- errno
			return
		}
		_, err := cgroups.New(config)
		refused <- err
	}()
	if err := <-refused; mesos.KindOf(err) != mesos.Unsupported || !strings.Contains(err.Error(), config.Root) {
		t.Errorf("error %v", err)
	}
}
