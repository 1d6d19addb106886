package linux_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/linux"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

type maker func(linux.Config) (container.Isolator, error)

// with makes a containerizer with isolators of this package.
func with(t testing.TB, config linux.Config, makers ...maker) *container.Local {
	t.Helper()
	return withIn(t, "", config, makers...)
}

// asking is a container that asks for something of Linux.
func asking(t testing.TB, command string, info *mesospb.LinuxInfo) container.Spec {
	spec := containertest.Spec(t, containertest.Shell(command))
	spec.Container = &mesospb.ContainerInfo{Type: mesospb.ContainerInfo_MESOS.Enum(), LinuxInfo: info}
	return spec
}

// nested is a container in another one.
func nested(t testing.TB, parent container.Spec, name, command string, info *mesospb.LinuxInfo) container.Spec {
	spec := asking(t, command, info)
	spec.ID = parent.ID + mesos.ContainerID("."+name)
	spec.Sandbox = filepath.Join(parent.Sandbox, "containers", name)
	return spec
}

// output runs a container to its end, which must be a good one.
func output(t testing.TB, l *container.Local, spec container.Spec) string {
	t.Helper()
	exit, stdout, stderr := containertest.Run(t, l, spec)
	if exit.Status != 0 {
		t.Errorf("exit = %+v, stderr = %q", exit, stderr)
	}
	return strings.TrimSpace(stdout)
}

// refused launches a container, which must fail with a sentence.
func refused(t testing.TB, l *container.Local, spec container.Spec, want string) {
	t.Helper()
	if _, err := l.Launch(t.Context(), spec); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("launch = %v, want %q", err, want)
	}
}

// namespace is what this process or another has for a namespace.
func namespace(t testing.TB, pid, kind string) string {
	t.Helper()
	link, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func set(c ...mesospb.CapabilityInfo_Capability) *mesospb.CapabilityInfo {
	return &mesospb.CapabilityInfo{Capabilities: c}
}

func pidOf(pid int) string { return fmt.Sprint(pid) }
