// Command screenshots makes the pictures of the live terminal UI that README shows, of a
// real program in a real terminal, against a real cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/internal/tmux"
)

const (
	width, height = 120, 34
	// patience is how long anything may take.
	patience = time.Minute
	maxBytes = 150 << 10
)

func main() {
	program := flag.String("mesosctl", "bin/mesosctl", "the program")
	to := flag.String("to", "docs/images", "the directory of the pictures")
	flag.Parse()
	if err := run(*program, *to); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// studio is a cluster, and a terminal in front of it.
type studio struct {
	program, to string
	environ     []string
	running     []*exec.Cmd
	terminal    *tmux.Terminal
}

func run(program, to string) (err error) {
	dir, err := os.MkdirTemp("", "shots")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	s := &studio{program: program, to: to, environ: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "MESOSCTL_CONFIG=" + filepath.Join(dir, "config.yaml"),
		"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "SHELL=/bin/sh",
	}}
	defer s.end()
	if err := s.cluster(); err != nil {
		return err
	}
	if s.terminal, err = tmux.Start(dir, width, height, s.environ, program+" top --theme=dark"); err != nil {
		return err
	}
	defer s.terminal.Close()
	if err := s.sees("agents 4"); err != nil {
		return err
	}
	if err := s.jobs(); err != nil {
		return err
	}
	for _, shot := range shots {
		if err := s.take(shot); err != nil {
			return fmt.Errorf("%s: %w", shot.name, err)
		}
	}
	return nil
}

func (s *studio) start(args ...string) error {
	cmd := exec.Command(s.program, args...) //nolint:gosec // that is what it is for
	cmd.Env = s.environ
	s.running = append(s.running, cmd)
	return cmd.Start()
}

// end ends what runs, the latest first.
func (s *studio) end() {
	for i := len(s.running) - 1; i >= 0; i-- {
		_ = s.running[i].Process.Signal(os.Interrupt)
	}
	for _, cmd := range s.running {
		_ = cmd.Wait()
	}
}

func (s *studio) do(args ...string) error {
	cmd := exec.Command(s.program, args...) //nolint:gosec // as above
	cmd.Env = s.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mesosctl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// cluster starts a small cluster, and some tasks of every kind.
func (s *studio) cluster() error {
	if err := s.start("up", "--port=0", "--agents=4", "--resources=cpus:8;mem:4096;disk:20480;ports:[31000-32000]", "--attributes=rack:r7"); err != nil {
		return err
	}
	for begun := time.Now(); ; {
		err := s.do("wait", "--for=agents=4", "--timeout=10secs")
		if err == nil {
			break
		}
		if time.Since(begun) > patience {
			return err
		}
	}
	const serve = `i=0; while :; do i=$((i+1)); echo "GET /items/$i 200 $((i*37%90+3))ms"
	[ $((i%9)) = 0 ] && printf '\033[33mWARN\033[0m slow answer from the store: %dms\n' $((i*53%900+400)) >&2
	[ $((i%31)) = 0 ] && printf '\033[31mERROR\033[0m the store did not answer in time, item %d\n' $i >&2; sleep 0.2; done`
	for _, task := range []struct{ name, resources, command string }{
		{"web-1", "cpus:2;mem:512", serve}, {"web-2", "cpus:2;mem:512", serve}, {"web-3", "cpus:2;mem:512", serve},
		{"search", "cpus:4;mem:2048", serve}, {"ingest", "cpus:1;mem:256", serve}, {"report", "cpus:3;mem:1024", serve},
	} {
		if err := s.start("execute", "--quiet", "--name="+task.name, "--resources="+task.resources, "--command="+task.command); err != nil {
			return err
		}
	}
	for _, failing := range []string{"exit 1", "exit 137"} {
		_ = s.do("execute", "--quiet", "--name=migrate", "--command="+failing) // it is meant to fail
	}
	return nil
}

// jobs runs some tasks to their ends, so that there is something to be seen.
func (s *studio) jobs() error {
	for i := range 4 {
		if err := s.do("execute", "--quiet", fmt.Sprintf("--name=nightly-%d", i), "--command=echo done"); err != nil {
			return err
		}
	}
	return nil
}

// shot is one picture: how to get there from the last one, and what is seen there.
type shot struct {
	name string
	keys []string // those that begin with "=" are typed
	sees []string
}

var shots = []shot{
	{"tasks", []string{"=:tasks", "Enter", "a", "S"}, []string{"web-1", "failed", "finished"}},
	{"details", []string{"=:tasks web-2", "Enter", "d"}, []string{"statuses", "TASK_RUNNING"}},
	{"agent", []string{"1"}, []string{"resources", "frameworks", "tasks"}},
	{"logs", []string{"Escape", "Escape", "Escape", "=:tasks web", "Enter", "Space", "Space", "Space", "l"}, []string{"following", "WARN", "ERROR"}},
	{"kill", []string{"Escape", "C-k"}, []string{"Kill 3 tasks", "web-3"}},
	{"help", []string{"n", "?"}, []string{"help", "describe"}},
	{"overview", []string{"Escape", "Escape", "Escape", "Escape", "Escape"}, []string{"cpus", "nightly-3"}}, // the last, so that it has a history
}

// take takes a picture once the screen is as it should be and stays so.
func (s *studio) take(shot shot) error {
	for _, k := range shot.keys {
		send := func() error { return s.terminal.Press(k) }
		if text, typed := strings.CutPrefix(k, "="); typed {
			send = func() error { return s.terminal.Type(text) }
		}
		if err := send(); err != nil {
			return err
		}
		if err := s.settled(); err != nil {
			return err
		}
	}
	if err := s.sees(shot.sees...); err != nil {
		return err
	}
	colored, err := s.terminal.Colored()
	if err != nil {
		return err
	}
	picture := svg(colored, width, height)
	if len(picture) > maxBytes {
		return fmt.Errorf("the picture has %d bytes, and may have %d", len(picture), maxBytes)
	}
	return os.WriteFile(filepath.Join(s.to, "top-"+shot.name+".svg"), []byte(picture), 0o644) //nolint:gosec // it is published
}

// sees waits for a screen with some words on it.
func (s *studio) sees(words ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	screen, err := s.terminal.Until(ctx, func(screen string) bool {
		for _, word := range words {
			if !strings.Contains(screen, word) {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("%w; what is seen is\n%s", err, screen)
	}
	return nil
}

// settled waits until the screen has taken a key: it is the same for a moment.
func (s *studio) settled() error {
	const moment = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	last, since := "", time.Now()
	_, err := s.terminal.Until(ctx, func(screen string) bool {
		if screen != last {
			last, since = screen, time.Now()
		}
		return time.Since(since) > moment
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // it never stands still, as logs
	}
	return err
}
