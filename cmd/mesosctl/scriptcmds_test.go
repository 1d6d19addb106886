//go:build unix

package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mesosctl/mesosctl/internal/ports"
)

// patience is how long a script waits for anything.
const patience = time.Minute

// commands are what scripts can do beside testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":  exits,
	"spawn":  spawn,
	"signal": signalSpawned,
	"await":  await,
	"until":  until,
	"get":    get,
	"gone":   gone,
	"ports":  freePorts,
	"web":    web,

	"certificates": certificates,
	"apache":       apache,
}

type spawnedKey struct{}

// spawned is a process in the background.
type spawned struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// exits CODE PROGRAM [ARGS...] runs a program that must exit with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGS...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s exited with %d, want %s", args[1], code, args[0])
	}
}

// ports VAR... sets variables to ports that were free a moment ago.
func freePorts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: ports VAR...")
	}
	free, err := ports.Free("127.0.0.1", len(args))
	ts.Check(err)
	for i, name := range args {
		ts.Setenv(name, strconv.Itoa(free[i]))
	}
}

// web VAR serves a page at every path until the script ends, at the address that it sets
// the variable to.
func web(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: web VAR")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html><body>It works!</body></html>")
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.Listener.Addr().String())
}

// spawn NAME PROGRAM [ARGS...] runs a program in the background, its output in
// NAME.out and NAME.err.
func spawn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: spawn NAME PROGRAM [ARGS...]")
	}
	path, err := exec.LookPath(bin + "/" + args[1])
	if err != nil {
		path, err = exec.LookPath(args[1])
	}
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), environ(ts)
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	stderr, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = out, stderr
	ts.Check(cmd.Start())
	s := &spawned{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		_, _ = out.Close(), stderr.Close()
		close(s.ended)
	}()
	all(ts)[args[0]] = s
	ts.Defer(func() { // unless the script ended it
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-s.ended
		}
	})
}

func all(ts *testscript.TestScript) map[string]*spawned {
	return ts.Value(spawnedKey{}).(map[string]*spawned)
}

func find(ts *testscript.TestScript, name string) *spawned {
	s := all(ts)[name]
	if s == nil {
		ts.Fatalf("nothing was spawned as %s", name)
	}
	return s
}

var environNames = []string{"PATH", "HOME", "WORK", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "MESOSCTL_ETC", "MESOSCTL_CONFIG", "GORACE"}

func environ(ts *testscript.TestScript) (list []string) {
	for _, name := range append(environNames, "MESOS_MASTER", "MESOS_CLUSTER", "MESOS_OFFER_TIMEOUT", "MESOS_WORK_DIR", "MESOS_PORT",
		"LIBPROCESS_SSL_ENABLED", "LIBPROCESS_SSL_SUPPORT_DOWNGRADE", "LIBPROCESS_SSL_CERT_FILE", "LIBPROCESS_SSL_KEY_FILE") {
		if value := ts.Getenv(name); value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}

var signals = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1,
}

// signal NAME INT|TERM|KILL|USR1 sends a signal to a spawned program.
func signalSpawned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME INT|TERM|KILL|USR1")
	}
	number, known := signals[args[1]]
	if !known {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(number))
}

// await NAME CODE waits for a spawned program, which must exit with the code.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME CODE")
	}
	s := find(ts, args[0])
	select {
	case <-s.ended:
	case <-time.After(patience):
		ts.Fatalf("%s has not ended within %s", args[0], patience)
	}
	if code := strconv.Itoa(s.cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("%s exited with %s, want %s\nstderr:\n%s", args[0], code, args[1], ts.ReadFile(args[0]+".err"))
	}
}

// until FILE PATTERN [VARIABLE] waits until a file matches, and sets the
// variable to what the pattern's first group matched.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: until FILE PATTERN [VARIABLE]")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	var content []byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		content, _ = os.ReadFile(ts.MkAbs(args[0]))
		if found := pattern.FindSubmatch(content); found != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], string(found[1]))
			}
			return
		}
	}
	ts.Fatalf("%s does not match %q within %s:\n%s", args[0], args[1], patience, content)
}

// get URL FILE puts the answer of an HTTP server into a file, as soon as it has one.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get URL FILE")
	}
	for deadline := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
		response, err := http.Get(args[0])
		if err == nil {
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			ts.Check(err)
			if response.StatusCode == http.StatusOK {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o644))
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("get %s: %v", args[0], err)
		}
	}
}

// gone FILE waits until the process whose ID is in a file is no more.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone FILE")
	}
	pid, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(ts.ReadFile(args[0])))
	ts.Check(err)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return
		}
	}
	ts.Fatalf("process %d still runs", pid)
}
