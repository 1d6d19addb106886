package cgroups

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/mesos"
)

// The cgroups of an agent itself, below the root of containers.
const (
	agentV1 = "slave"
	agentV2 = "agent/" + leafName
)

// Enter has this process be in a cgroup of its own in some subsystems, so that what
// the agent uses can be measured. It has no limits.
func Enter(config Config, subsystems []string) error {
	if len(subsystems) == 0 {
		return nil
	}
	config.settle()
	var f *forest
	have, err := enabled(config.Hierarchy)
	if err == nil {
		err = config.among(have, subsystems)
	}
	if err == nil {
		f, err = newForest(&config, subsystems)
	}
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "agent_subsystems: %w", err)
	}
	name := agentV1
	if f.v2 {
		name = agentV2
	}
	defer f.lock(unix.LOCK_SH)()
	for _, t := range f.trees {
		dir := filepath.Join(t.dir, f.root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("agent_subsystems: %w", err)
		}
		if err := t.inherit(dir); err != nil {
			return fmt.Errorf("agent_subsystems: %w", err)
		}
		if err := write(dir, "cgroup.procs", "0"); err != nil {
			return fmt.Errorf("agent_subsystems: %w", err)
		}
	}
	return nil
}
