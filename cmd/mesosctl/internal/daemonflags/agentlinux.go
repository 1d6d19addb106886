package daemonflags

import (
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// agentLinux is the flags of the launcher and of namespaces, capabilities and
// filters of system calls.
func agentLinux(a *daemon.AgentConfig) flags.Table {
	c := &a.Linux
	return flags.Table{
		flags.Func("launcher", "name", "",
			"`name` of the launcher: linux, which can make namespaces and takes root, or posix; the better one that can be had if not given", launcher(&a.Launcher)),
		flags.Bool("disallow_sharing_agent_pid_namespace", &c.DisallowSharingPids, false,
			"refuse containers that ask to be in the agent's pid namespace (namespaces/pid)"),
		flags.Bool("disallow_sharing_agent_ipc_namespace", &c.DisallowSharingIPC, false,
			"refuse containers that ask to be in the agent's ipc namespace (namespaces/ipc)"),
		flags.Func("default_container_shm_size", "size", "",
			"`size` of /dev/shm of containers with a private one that ask for none (namespaces/ipc); half of the memory if not given", optionalSize(&c.ShmSize)),
		flags.Document("effective_capabilities", "json",
			"capabilities of containers that ask for none (linux/capabilities): `JSON` of a CapabilityInfo, or a file with it", capabilities(&c.Effective)),
		flags.Document("bounding_capabilities", "json",
			"most capabilities that containers can have (linux/capabilities): `JSON` of a CapabilityInfo, or a file with it", capabilities(&c.Bounding)),
		flags.Path("seccomp_config_dir", &c.SeccompDir, "", "`directory` with profiles of system calls, in Docker's format (linux/seccomp)"),
		flags.String("seccomp_profile_name", &c.SeccompProfile, "", "`name` of the profile of containers that ask for none (linux/seccomp)"),
	}
}

// launcher reads --launcher.
func launcher(p *string) func(string) error {
	return func(text string) error {
		if text != "" && text != "linux" && text != "posix" {
			return mesos.Errorf(mesos.Invalid, "%q is neither linux nor posix", text)
		}
		*p = text
		return nil
	}
}

// optionalSize reads a size that need not be given.
func optionalSize(p *mesos.Bytes) func(string) error {
	return func(text string) error {
		if text == "" {
			*p = 0
			return nil
		}
		return size(p)(text)
	}
}

// capabilities reads a set of capabilities.
func capabilities(p **mesospb.CapabilityInfo) func(string) error {
	return func(text string) error {
		*p = nil
		if text == "" {
			return nil
		}
		set := new(mesospb.CapabilityInfo)
		if err := wire.UnmarshalJSON([]byte(text), set); err != nil {
			return err
		}
		*p = set
		return nil
	}
}
