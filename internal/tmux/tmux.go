// Package tmux drives programs in a terminal: it presses keys, and reads what a person
// would see.
package tmux

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// poll is how often the screen is looked at while something is waited for.
const poll = 50 * time.Millisecond

// Available is nil where terminals can be had.
func Available() error {
	_, err := exec.LookPath("tmux")
	return err
}

// Terminal is a terminal with a program in it, of a tmux server of its own.
type Terminal struct{ socket string }

// Start runs a command of the shell in a terminal. Dir is a directory for the server's
// socket, whose path must be short. The environment is the given one.
func Start(dir string, width, height int, environ []string, command string) (*Terminal, error) {
	t := &Terminal{socket: filepath.Join(dir, "tmux.sock")}
	cmd := t.command("-f", os.DevNull, "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), command)
	cmd.Env = environ
	return t, output(cmd, nil)
}

func (t *Terminal) command(args ...string) *exec.Cmd {
	return exec.Command("tmux", append([]string{"-u", "-S", t.socket}, args...)...) //nolint:gosec // that is what it is for
}

func output(cmd *exec.Cmd, out *string) error {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("tmux %s: %w: %s", strings.Join(cmd.Args[4:], " "), err, strings.TrimSpace(stderr.String()))
	}
	if out != nil {
		*out = stdout.String()
	}
	return nil
}

// Press presses keys, by tmux's names for them: Enter, Escape, C-k, Tab.
func (t *Terminal) Press(keys ...string) error {
	return output(t.command(append([]string{"send-keys"}, keys...)...), nil)
}

// Type types text.
func (t *Terminal) Type(text string) error {
	return output(t.command("send-keys", "-l", text), nil)
}

// Resize changes the terminal's size.
func (t *Terminal) Resize(width, height int) error {
	return output(t.command("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height)), nil)
}

// Screen is what is seen.
func (t *Terminal) Screen() (screen string, err error) {
	err = output(t.command("capture-pane", "-p"), &screen)
	return screen, err
}

// Colored is what is seen with its colours, as SGR sequences.
func (t *Terminal) Colored() (screen string, err error) {
	err = output(t.command("capture-pane", "-p", "-e"), &screen)
	return screen, err
}

// Until waits until a screen is as it should be, and returns the latest one.
func (t *Terminal) Until(ctx context.Context, is func(screen string) bool) (string, error) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		screen, err := t.Screen()
		if err != nil || is(screen) {
			return screen, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return screen, ctx.Err()
		}
	}
}

// Close ends the terminal and what runs in it.
func (t *Terminal) Close() { _ = t.command("kill-server").Run() }
