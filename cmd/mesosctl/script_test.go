//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain builds the program with the race detector; the scripts run it as a
// shell user does.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var bin string // the directory of the program and of its links

func run(m *testing.M) (int, error) {
	var err error
	if bin, err = os.MkdirTemp("", "mesosctl-script-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	program := filepath.Join(bin, "mesosctl")
	build := exec.Command("go", "build", "-race", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build with the race detector: %w\n%s", err, out)
	}
	for _, link := range []string{"mesos-master", "mesos-agent", "mesos-slave", "mesos-execute", "mesos-local"} {
		if err := os.Symlink(program, filepath.Join(bin, link)); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

// scriptsTimeout ends a script in which a program that should end doesn't.
const scriptsTimeout = 12 * time.Minute

func TestScript(t *testing.T) {
	testscript.Run(t, scripts("testdata/script", func(*testscript.Env) {}))
}

// scripts are those of a directory, in an environment of their own each.
func scripts(dir string, setup func(*testscript.Env)) testscript.Params {
	return testscript.Params{
		Dir:      dir,
		Deadline: time.Now().Add(scriptsTimeout),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, ".run"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			env.Setenv("MESOSCTL_ETC", filepath.Join(env.WorkDir, "etc"))
			env.Setenv("MESOSCTL_CONFIG", filepath.Join(env.WorkDir, ".config", "mesosctl.yaml"))
			examples, err := filepath.Abs("../../examples")
			if err != nil {
				return err
			}
			env.Setenv("EXAMPLES", examples)
			env.Setenv("GORACE", "halt_on_error=1 exitcode=66 atexit_sleep_ms=10")
			env.Values[spawnedKey{}] = map[string]*spawned{}
			env.Defer(func() { // a script that failed may have left a cluster
				down := exec.Command("mesosctl", "down")
				down.Path, down.Env = filepath.Join(bin, "mesosctl"), env.Vars
				_ = down.Run()
				endDetached(filepath.Join(env.WorkDir, ".state"))
			})
			setup(env)
			return nil
		},
		Cmds: commands,
	}
}
