//go:build unix

package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	olderapache "github.com/mesosctl/mesosctl/cmd/mesosctl/internal/apache"
	"github.com/mesosctl/mesosctl/internal/tmux"
)

// topTest is the program on a terminal, and a cluster that it shows.
type topTest struct {
	*testing.T
	environ  []string
	terminal *tmux.Terminal
}

// eventually is how long anything may take; the machine may be busy.
const eventually = time.Minute

func newTopTest(t *testing.T) *topTest {
	t.Helper()
	if err := tmux.Available(); err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	dir, err := os.MkdirTemp("", "top") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Cleanup(func() { // a terminal shows but the end of it
		reports, _ := filepath.Glob(filepath.Join(dir, "race.*"))
		for _, report := range reports {
			text, _ := os.ReadFile(report)
			for one := range strings.SplitSeq(string(text), "==================\n") {
				// Bubble Tea 2.0.10 writes down the size both when it is told of another one and
				// when it comes back from a shell.
				if strings.Contains(one, "DATA RACE") && !strings.Contains(one, "(*Program).checkResize()") {
					t.Errorf("%s", one)
				}
			}
		}
	})
	return &topTest{T: t, environ: []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir,
		"MESOSCTL_ETC=" + dir, "MESOSCTL_CONFIG=" + filepath.Join(dir, "config.yaml"),
		"TERM=xterm-256color", "LANG=C.UTF-8", "SHELL=/bin/sh", "PS1=$ ",
		"GORACE=log_path=" + filepath.Join(dir, "race") + " exitcode=0 atexit_sleep_ms=10",
	}}
}

// start runs the program in the background until the test is over.
func (t *topTest) start(args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "mesosctl"), args...)
	cmd.Env = t.environ
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	return cmd
}

// open runs a command of the shell in a terminal.
func (t *topTest) open(command string) {
	t.Helper()
	terminal, err := tmux.Start(strings.TrimPrefix(t.environ[1], "HOME="), 120, 40, t.environ, command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(terminal.Close)
	t.terminal = terminal
}

// sees waits for a screen that every expression is found in.
func (t *topTest) sees(expressions ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), eventually)
	defer cancel()
	missing := ""
	screen, err := t.terminal.Until(ctx, func(screen string) bool {
		for _, e := range expressions {
			if missing = e; !regexp.MustCompile("(?m)" + e).MatchString(screen) {
				return false
			}
		}
		return true
	})
	if err != nil {
		t.Fatalf("%q is not seen (%v):\n%s", missing, err, screen)
	}
	return screen
}

func (t *topTest) press(keys ...string) {
	t.Helper()
	if err := t.terminal.Press(keys...); err != nil {
		t.Fatal(err)
	}
}

// back presses Escape, and waits for what is seen then: a key right after it would be one
// with Alt.
func (t *topTest) back(expressions ...string) {
	t.Helper()
	t.press("Escape")
	t.sees(expressions...)
}

// say types a line at a prompt.
func (t *topTest) say(line string) {
	t.Helper()
	if err := t.terminal.Type(line); err != nil {
		t.Fatal(err)
	}
	t.press("Enter")
}

// The real program in a real terminal, against a real cluster.
func TestTop(test *testing.T) {
	test.Parallel()
	t := newTopTest(test)
	cluster := t.start("up", "--port=0", "--agents=2", "--resources=cpus:2;mem:512;disk:1024")
	t.open("until mesosctl wait --for=agents=2 2>/dev/null; do :; done; exec sh -i")
	t.sees(`^\$ ?$`)
	t.say("mesosctl top")
	t.sees(`mesosctl +127\.0\.0\.1:\d+`, `overview`, `agents 2`)

	// Tasks come by themselves.
	const count = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"
	t.start("execute", "--quiet", "--name=counts", "--resources=cpus:0.5;mem:32", "--command="+count)
	t.start("execute", "--quiet", "--name=fails", "--resources=cpus:0.5;mem:32", "--command=echo was here; exit 7")
	t.say(":tasks")
	t.sees(`› tasks`, `counts +counts +running`)
	t.press("a")
	t.sees(`fails +fails +failed .*Command exited with status 7`)
	t.say("/count")
	t.sees(`/count$`, `› tasks 1 `)

	// One of them: its details, what it is related to, its log, its sandbox, a shell.
	t.press("d")
	t.sees(`task counts`, `state +TASK_RUNNING`, `framework +mesosctl execute .*\[2\]`, `statuses`)
	t.press("1")
	t.sees(`agent 127\.0\.0\.1`, `resources`, `counts \[`)
	t.back(`› task counts$`)
	t.press("y")
	t.sees(`yaml counts`, `state: TASK_RUNNING`)
	t.back(`› task counts$`)
	t.press("l")
	t.sees(`● following`, `line 60$`) // more than there is room for
	t.press("k", "k")
	t.sees(`not following`)
	t.press("f")
	t.sees(`● following`, `line [0-9]+$`)
	t.say("/5$")
	t.sees(`logs counts [0-9 ]+ of [0-9 ]+ lines +/5\$$`, `line [0-9]*5$`)
	t.back(`logs counts [0-9]+ lines$`)
	t.back(`› task counts$`)
	t.press("b")
	t.sees(`sandbox counts`, `stderr`, `stdout`)
	t.press("Down", "Enter")
	t.sees(`› stdout`, `^line 1$`)
	t.back(`sandbox counts`, `stderr`)
	t.back(`› task counts$`)
	t.press("s")
	t.sees(`shell in counts`)
	t.say("echo it is $((6*7)); exit")
	t.sees(`task counts`, `statuses`, `the shell in counts has ended`)

	t.stops()
	t.small()

	// A master that is lost is said to be, and quitting leaves the screen as it was.
	if err := cluster.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	t.sees(`master lost`)
	t.press("q")
	t.sees(`^\$ ?$`)
	t.say("echo it ended with $?")
	screen := t.sees(`^it is 42$`, `^it ended with 0$`) // what the shell wrote
	if strings.Contains(screen, "master lost") {
		t.Errorf("the screen is not as it was:\n%s", screen)
	}
}

// stops gives the terminal back to the shell for a while, which asked for it, and is drawn
// again as it was.
func (t *topTest) stops() {
	t.Helper()
	t.press("C-z")
	t.sees(`^\$ ?$`, `[Ss]topped`)
	t.say("echo in the shell; fg")
	t.sees(`task counts`, `statuses`)
}

// small is what is seen on a small terminal: help, a question, and that no is no.
func (t *topTest) small() {
	t.Helper()
	if err := t.terminal.Resize(80, 24); err != nil {
		t.Fatal(err)
	}
	t.press("?")
	t.sees(`╭─ help`, `b +sandbox`)
	t.back(`1-3 relation`)
	t.press("C-k")
	t.sees(`Kill 1 task\?`, `task counts of mesosctl execute`)
	t.press("n")
	t.sees(`state +TASK_RUNNING`, `1-3 relation`)
	t.press("C-k")
	t.sees(`Kill 1 task\?`)
	t.press("y")
	t.sees(`state +TASK_KILLED`)
	t.press("s")
	t.sees(`does not run any more: TASK_KILLED`)
}

// An Apache Mesos 1.5 lacks calls, but none without which there is nothing to see.
func TestTopOfApacheMesos(test *testing.T) {
	test.Parallel()
	t := newTopTest(test)
	t.start("up", "--port=0", "--agents=1", "--resources=cpus:2;mem:512;disk:1024")
	t.open("until mesosctl wait --for=agents=1 2>/dev/null; do :; done; mesosctl status; read at; mesosctl top --master=$at; read line")
	leader := regexp.MustCompile(`leader +(\S+)`).FindStringSubmatch(t.sees(`leader +127\.0\.0\.1:\d+`, `tasks +none`))
	master := httptest.NewServer(olderapache.Master(5, leader[1]))
	test.Cleanup(master.Close)
	test.Cleanup(master.CloseClientConnections)
	t.say(master.Listener.Addr().String())
	t.sees(`mesosctl +127\.0\.0\.1:\d+`, `overview`, `agents 1`)
	t.start("execute", "--quiet", "--name=runs", "--resources=cpus:0.5;mem:32", "--command=sleep 1000")
	t.say(":tasks")
	t.sees(`runs +running`)
	for _, page := range []string{"agents", "frameworks", "roles", "offers", "operations", "events"} {
		t.say(":" + page)
		t.sees(`› ` + page)
	}
	t.say(":maintenance")
	t.sees(`no machine is scheduled`)
	t.press("q")
}

// A terminal that is none is refused with a sentence.
func TestTopNeedsATerminal(test *testing.T) {
	test.Parallel()
	t := newTopTest(test)
	cmd := exec.Command(filepath.Join(bin, "mesosctl"), "top", "--master=127.0.0.1:1")
	cmd.Env = t.environ
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "this is none") {
		t.Errorf("%v: %s", err, out)
	}
}
