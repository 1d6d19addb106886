package logger_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/containertest"
	"github.com/mesosctl/mesosctl/agent/modules"
)

// roomy keeps more of an output than there is room for.
var roomy = modules.Parameters{"max_stdout_size": "1MB", "max_stderr_size": "1MB"}

// smallDisk is a disk that is nearly full, and what makes room on it.
func smallDisk(t *testing.T) (dir string, clear func()) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=755"); err != nil {
		t.Skipf("a small disk can't be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		t.Helper()
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

// flood writes to its stdout more than fits, says so elsewhere, waits, and goes on.
func flood(dir string) (script string, flooded, goOn string) {
	flooded, goOn = filepath.Join(dir, "flooded"), filepath.Join(dir, "go on")
	return fmt.Sprintf("echo begin; seq 1 100000; echo $? > '%[1]s.new'; mv '%[1]s.new' '%[1]s'; while ! test -e '%[2]s'; do sleep 0.05; done; echo after",
		flooded, goOn), flooded, goOn
}

// flooding is what flood writes.
func flooding() string { return "begin\n" + seq(1, 100000) + "after\n" }

func exists(path string) func() bool {
	return func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
}

// buffer is a log.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

var lost = regexp.MustCompile(`(?m)^(\d+) bytes of stdout were lost: no space left on device$`)

// complete checks that what was not kept of a flood was told.
func complete(t *testing.T, spec container.Spec) {
	t.Helper()
	stdout, stderr := containertest.Read(t, spec, "stdout"), containertest.Read(t, spec, "stderr")
	total := 0
	for _, note := range lost.FindAllStringSubmatch(stderr, -1) {
		n, _ := strconv.Atoi(note[1])
		total += n
	}
	if all := len(flooding()); total == 0 || len(stdout)+total != all {
		t.Errorf("%d bytes of stdout are there and stderr says %q, of %d in all", len(stdout), stderr, all)
	}
	if !strings.HasPrefix(flooding(), stdout[:64<<10]) || !strings.HasSuffix(stdout, "after\n") {
		t.Error("it has not what came before the disk was full, or not what came after that")
	}
}

// A disk that is full does not keep a task whose output is rotated from running.
// What can't be written is lost, which is told once, and how much it was is written
// down when there is room again.
func TestOutputOnAFullDisk(t *testing.T) {
	disk, clear := smallDisk(t)
	log := &buffer{}
	config := rotating(t, roomy)
	config.Log = slog.New(slog.NewTextHandler(log, nil))
	l := containertest.New(t, config)
	script, flooded, goOn := flood(t.TempDir())
	spec := containertest.Spec(t, containertest.Shell(script))
	spec.Sandbox = filepath.Join(disk, "sandbox")
	containertest.Launch(t, l, spec)
	containertest.Until(t, "the task has written everything", exists(flooded))
	if status, err := os.ReadFile(flooded); err != nil || string(status) != "0\n" {
		t.Errorf("what wrote it ended with %q, %v", status, err)
	}
	const told = "stdout can't be written: no space left on device"
	containertest.Until(t, "the agent says so", func() bool { return strings.Contains(log.String(), told) })
	clear()
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
	complete(t, spec)
	if text := log.String(); strings.Count(text, told) != 1 || !strings.Contains(text, string(spec.ID)) {
		t.Errorf("the agent's log: %s", text)
	}
}

// Without an agent the supervisor's own log says it.
func TestOutputOnAFullDiskWithoutAnAgent(t *testing.T) {
	disk, clear := smallDisk(t)
	config := rotating(t, roomy)
	config.RuntimeDir = containertest.RuntimeDir(t)
	log := &buffer{}
	config.Log = slog.New(slog.NewTextHandler(log, nil))
	l := containertest.New(t, config)
	dir := t.TempDir()
	script, flooded, goOn := flood(dir)
	spec := containertest.Spec(t, containertest.Shell("while ! test -e '"+dir+"/begin'; do sleep 0.05; done; "+script))
	spec.Sandbox, spec.Outlive = filepath.Join(disk, "sandbox"), time.Minute
	containertest.Launch(t, l, spec)
	if err := l.Detach(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "begin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	containertest.Until(t, "the task has written everything", exists(flooded))
	containertest.Until(t, "the supervisor says so", func() bool {
		text, _ := os.ReadFile(filepath.Join(config.RuntimeDir, "supervisor.log"))
		const told = "stdout can't be written: no space left on device"
		return strings.Contains(string(text), "container "+string(spec.ID)+": "+told) ||
			strings.Contains(log.String(), told) // an agent that was just about to go
	})
	clear()
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l = containertest.New(t, config)
	if err := l.Recover([]container.Spec{spec}); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
	complete(t, spec)
	l.Release(spec.ID)
}

// A task that writes its files itself is told by the kernel, and does what it does
// about that.
func TestOwnOutputOnAFullDisk(t *testing.T) {
	disk, clear := smallDisk(t)
	l := containertest.New(t, container.Config{})
	script, flooded, goOn := flood(t.TempDir())
	spec := containertest.Spec(t, containertest.Shell(script))
	spec.Sandbox = filepath.Join(disk, "sandbox")
	containertest.Launch(t, l, spec)
	containertest.Until(t, "the task goes on", exists(flooded))
	if status, err := os.ReadFile(flooded); err != nil || string(status) == "0\n" {
		t.Errorf("what wrote it ended with %q, %v, want an error", status, err)
	}
	clear()
	if err := os.WriteFile(goOn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit := containertest.Wait(t, l, spec.ID); exit.Status != 0 {
		t.Errorf("exit = %+v", exit)
	}
	if stdout := containertest.Read(t, spec, "stdout"); !strings.HasPrefix(stdout, "begin\n1\n2\n") || !strings.HasSuffix(stdout, "after\n") {
		t.Errorf("stdout has %d bytes and ends with %q", len(stdout), stdout[max(0, len(stdout)-20):])
	}
}
