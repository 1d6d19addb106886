package logger_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/container/logger"
	"github.com/mesosctl/mesosctl/agent/modules"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

func rotating(t *testing.T, parameters modules.Parameters) container.Config {
	t.Helper()
	isolator, err := logger.New("logrotate", modules.Set{"logrotate": parameters})
	if err != nil {
		t.Fatal(err)
	}
	return container.Config{Isolators: []container.Isolator{isolator}}
}

var small = modules.Parameters{
	"max_stdout_size": "8KB", "max_stderr_size": "4KB", "logrotate_stdout_options": "rotate 4",
}

func variables(pairs ...string) *mesospb.Environment {
	env := &mesospb.Environment{}
	for i := 0; i < len(pairs); i += 2 {
		env.Variables = append(env.Variables, &mesospb.Environment_Variable{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return env
}

// logs are the contents of an output's files, the oldest first.
func logs(t *testing.T, spec container.Spec, name string) (contents []string) {
	t.Helper()
	for n := 0; ; n++ {
		path := filepath.Join(spec.Sandbox, name)
		if n > 0 {
			path = fmt.Sprintf("%s.%d", path, n)
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return contents
		}
		if err != nil {
			t.Fatal(err)
		}
		contents = append([]string{string(data)}, contents...)
	}
}

// seq is what seq(1) writes.
func seq(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

// https://mesos.apache.org/documentation/latest/logging/
func TestOutputIsBounded(t *testing.T) {
	// covers: ContainerLoggerTest.LOGROTATE_RotateInSandbox
	const last = 20000
	l := containertest.New(t, rotating(t, small))
	spec := containertest.Spec(t, containertest.Shell(fmt.Sprintf("seq 1 %d; seq 1 %d >&2", last, last)))
	if exit, _, _ := containertest.Run(t, l, spec); exit.Status != 0 {
		t.Fatalf("exit %+v", exit)
	}
	stdout, stderr := logs(t, spec, "stdout"), logs(t, spec, "stderr")
	if len(stdout) != 5 || len(stderr) != 1 {
		t.Errorf("%d files of stdout and %d of stderr, want 5 and 1", len(stdout), len(stderr))
	}
	for i, content := range stdout {
		if len(content) > 8<<10 || i < len(stdout)-1 && len(content) < 8<<10-100 {
			t.Errorf("file %d of stdout has %d bytes", i, len(content))
		}
	}
	for name, content := range map[string]string{"stdout": strings.Join(stdout, ""), "stderr": strings.Join(stderr, "")} {
		// It may begin within a line, of which the program wrote a part at a time.
		if content == "" || !strings.HasSuffix(seq(1, last), content) {
			t.Errorf("%s is not the end of what was written, in its order", name)
		}
	}
	if len(stderr[0]) > 4<<10 {
		t.Errorf("stderr has %d bytes", len(stderr[0]))
	}
}

func TestWithoutALoggerFilesGrow(t *testing.T) {
	// covers: ContainerLoggerTest.DefaultToSandbox
	isolator, err := logger.New("", nil)
	if isolator != nil || err != nil {
		t.Fatal(isolator, err)
	}
	l := containertest.New(t, container.Config{})
	spec := containertest.Spec(t, containertest.Shell("seq 1 20000"))
	if _, stdout, _ := containertest.Run(t, l, spec); stdout != seq(1, 20000) {
		t.Errorf("stdout has %d bytes", len(stdout))
	}
}

func TestATaskSetsItsOwnLimits(t *testing.T) {
	l := containertest.New(t, rotating(t, nil))
	command := containertest.Shell("seq 1 2000")
	command.Environment = variables("CONTAINER_LOGGER_MAX_STDOUT_SIZE", "4KB", "CONTAINER_LOGGER_LOGROTATE_STDOUT_OPTIONS", "rotate 1")
	spec := containertest.Spec(t, command)
	containertest.Run(t, l, spec)
	if stdout := logs(t, spec, "stdout"); len(stdout) != 2 || len(stdout[0]) > 4<<10 {
		t.Errorf("%d files", len(stdout))
	}
	command.Environment = variables("CONTAINER_LOGGER_MAX_STDOUT_SIZE", "1KB")
	if _, err := l.Launch(t.Context(), containertest.Spec(t, command)); err == nil || !strings.Contains(err.Error(), "CONTAINER_LOGGER_MAX_STDOUT_SIZE: 1KB is less") {
		t.Errorf("a size that is too small: %v", err)
	}
}

// What is in the pipes is the supervisor's affair: output is bounded without an
// agent too, and the next one finds it complete.
func TestOutputIsBoundedWithoutAnAgent(t *testing.T) {
	config := rotating(t, small)
	config.RuntimeDir = containertest.RuntimeDir(t)
	l := containertest.New(t, config)
	spec := containertest.Spec(t, containertest.Shell("until [ -e go ]; do sleep 0.01; done; seq 1 5000; touch done; until [ -e end ]; do sleep 0.01; done"))
	spec.Outlive = containertest.Limit
	containertest.Launch(t, l, spec)
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
	touch := func(name string) {
		if err := os.WriteFile(filepath.Join(spec.Sandbox, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	touch("go")
	containertest.Until(t, "the container has written", func() bool {
		_, err := os.Stat(filepath.Join(spec.Sandbox, "done"))
		return err == nil
	})
	touch("end")
	next := containertest.New(t, config)
	if err := next.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, next, spec.ID); !exit.Known || exit.Status != 0 {
		t.Errorf("exit %+v", exit)
	}
	if stdout := logs(t, spec, "stdout"); strings.Join(stdout, "") != seq(1, 5000) || len(stdout) != 3 {
		t.Errorf("%d files that have not all that was written", len(stdout))
	}
}

func TestRotatedFilesAreTheUsers(t *testing.T) {
	// covers: UserContainerLoggerTest.ROOT_LOGROTATE_UNPRIVILEGED_USER_RotateWithSwitchUserTrueOrFalse
	if os.Geteuid() != 0 {
		t.Skip("switching users takes root")
	}
	for name, uid := range map[string]uint32{"": 0, "nobody": 65534} {
		l := containertest.New(t, rotating(t, small))
		spec := containertest.Spec(t, containertest.Shell("seq 1 3000"))
		spec.User = name
		containertest.Run(t, l, spec)
		if stdout := logs(t, spec, "stdout"); strings.Join(stdout, "") != seq(1, 3000) || len(stdout) != 2 {
			t.Errorf("as %q: %d files", name, len(stdout))
		}
		for _, file := range []string{"stdout", "stdout.1"} {
			info, err := os.Stat(filepath.Join(spec.Sandbox, file))
			if err != nil || info.Sys().(*syscall.Stat_t).Uid != uid {
				t.Errorf("%s as %q: %v, %v", file, name, info, err)
			}
		}
	}
}

func TestNoDescriptorIsLeft(t *testing.T) {
	// covers: ContainerLoggerTest.LOGROTATE_ModuleFDOwnership
	l := containertest.New(t, rotating(t, small))
	first := containertest.Spec(t, containertest.Shell("sleep 1000"))
	pid := containertest.Launch(t, l, first)
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	supervisor := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[1]
	open := func() int {
		fds, err := os.ReadDir("/proc/" + supervisor + "/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(fds)
	}
	before := open()
	for range 5 {
		containertest.Run(t, l, containertest.Spec(t, containertest.Shell("seq 1 3000")))
	}
	containertest.Until(t, "the supervisor has as few files open as before", func() bool { return open() <= before })
}
