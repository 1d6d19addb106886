// Package linux has the isolators that are namespaces, capabilities and filters
// of system calls. The init process of a container does what they ask for.
package linux

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Config is what the isolators are made with.
type Config struct {
	// DisallowSharingPids and DisallowSharingIPC refuse containers that ask to be in
	// the agent's own namespaces (--disallow_sharing_agent_pid_namespace,
	// --disallow_sharing_agent_ipc_namespace). What is nested may share its parent's.
	DisallowSharingPids, DisallowSharingIPC bool
	// ShmSize bounds /dev/shm of containers with a private one that ask for no
	// size (--default_container_shm_size); 0: half of the machine's memory.
	ShmSize mesos.Bytes
	// Effective and Bounding are the capabilities of containers that ask for none, and
	// Bounding is the most that they may ask for (--effective_capabilities,
	// --bounding_capabilities); nil: all of the agent's.
	Effective, Bounding *mesospb.CapabilityInfo
	// SeccompDir is where profiles are, and SeccompProfile the name of the one for
	// containers that ask for none (--seccomp_config_dir, --seccomp_profile_name);
	// empty: such containers have no filter.
	SeccompDir, SeccompProfile string
}
