// Package local keeps what is known of the cluster that a user started with
// `mesosctl up`, so that other commands find it. There is at most one.
package local

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mesosctl/mesosctl/mesos"
)

// Cluster is a running local cluster.
type Cluster struct {
	PID    int    `json:"pid"`
	Master string `json:"master"` // host:port
	// Masters are all masters, if they are processes of their own.
	Masters []Master `json:"masters,omitempty"`
	Agents  []string `json:"agents"` // host:port
	WorkDir string   `json:"work_dir,omitempty"`
	// Logs are the files that daemons log to that are, or were, processes of their own.
	Logs []string `json:"logs,omitempty"`
}

// Master is a master in a process of its own.
type Master struct {
	Address string `json:"address"` // host:port
	PID     int    `json:"pid"`
}

// Addresses are the masters' host:port addresses.
func (c Cluster) Addresses() (list []string) {
	for _, m := range c.Masters {
		list = append(list, m.Address)
	}
	if len(list) == 0 {
		list = []string{c.Master}
	}
	return list
}

// Dir is where the state is kept.
type Dir string

// Find is the user's directory: $XDG_RUNTIME_DIR/mesosctl, else
// $XDG_STATE_HOME/mesosctl, else ~/.local/state/mesosctl.
func Find(getenv func(string) string) Dir {
	if runtime := getenv("XDG_RUNTIME_DIR"); runtime != "" {
		return Dir(filepath.Join(runtime, "mesosctl"))
	}
	return FindLasting(getenv)
}

// FindLasting is the user's directory for what outlives a session at this machine:
// $XDG_STATE_HOME/mesosctl, else ~/.local/state/mesosctl.
func FindLasting(getenv func(string) string) Dir {
	if state := getenv("XDG_STATE_HOME"); state != "" {
		return Dir(filepath.Join(state, "mesosctl"))
	}
	home := getenv("HOME")
	if home == "" {
		home = os.TempDir()
	}
	return Dir(filepath.Join(home, ".local", "state", "mesosctl"))
}

func (d Dir) state() string { return filepath.Join(string(d), "local.json") }
func (d Dir) lock() string  { return filepath.Join(string(d), "local.lock") }

// Log is the file that a detached cluster logs to.
func (d Dir) Log() string { return filepath.Join(string(d), "local.log") }

// Create makes the directory, for this user only.
func (d Dir) Create() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return mesos.Errorf(mesos.Internal, "keep the state of the local cluster: %w", err)
	}
	return nil
}

// Running returns the cluster that runs, if one does. It is one that holds the
// lock: what a killed process left behind is none.
func (d Dir) Running() (c Cluster, running bool, err error) {
	data, err := os.ReadFile(d.state())
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, mesos.Errorf(mesos.Internal, "read the state of the local cluster: %w", err)
	}
	if held, err := isLocked(d.lock()); err != nil || !held {
		return c, false, err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, false, mesos.Errorf(mesos.Internal, "read the state of the local cluster: %s: %w", d.state(), err)
	}
	return c, true, nil
}

// Claim takes the lock of the one cluster. It is held until release is called,
// or the process ends. The error's kind is Conflict if another one runs.
func (d Dir) Claim() (release func(), err error) {
	if err := d.Create(); err != nil {
		return nil, err
	}
	unlock, err := lock(d.lock())
	if err != nil {
		return nil, err
	}
	_ = os.Remove(d.state()) // of one that was killed
	return func() {
		_ = os.Remove(d.state())
		unlock()
	}, nil
}

// Write tells others of the cluster. The lock must be held.
func (d Dir) Write(c Cluster) error {
	data, err := json.Marshal(c)
	if err == nil {
		temporary := d.state() + ".new"
		if err = os.WriteFile(temporary, data, 0o600); err == nil {
			err = os.Rename(temporary, d.state())
		}
	}
	if err != nil {
		return mesos.Errorf(mesos.Internal, "write the state of the local cluster: %w", err)
	}
	return nil
}
