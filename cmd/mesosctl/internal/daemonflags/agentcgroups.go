package daemonflags

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// agentCgroups are the flags of the isolators of cgroups.
func agentCgroups(a *daemon.AgentConfig) flags.Table {
	c := &a.Cgroups
	return flags.Table{
		flags.Path("cgroups_hierarchy", &c.Hierarchy, "/sys/fs/cgroup", "`directory` of the cgroup hierarchies"),
		flags.String("cgroups_root", &c.Root, "mesos", "`name` of the cgroup that has all containers"),
		flags.Duration("cgroups_destroy_timeout", &c.DestroyTimeout, "1mins", "`time` that removing a container's cgroups may take"),
		flags.Bool("cgroups_enable_cfs", &c.EnableCFS, false, "limit the processor time of containers to the cpus that they asked for"),
		flags.Bool("revocable_cpu_low_priority", &c.RevocableLowPriority, true, "let containers on revocable cpus wait for all others"),
		flags.Bool("cgroups_limit_swap", &c.LimitSwap, false, "limit the memory and the swap of containers together"),
		flags.Bool("cgroups_cpu_enable_pids_and_tids_count", &c.CountProcesses, false, "count the processes and threads of containers"),
		flags.Func("cgroups_pids_limit", "number", "0",
			"processes and threads that a container may have with cgroups/pids; 0: 15 % of what the machine can have", func(text string) (err error) {
				if c.PidsLimit, err = strconv.ParseUint(text, 10, 31); err != nil {
					return mesos.Errorf(mesos.Invalid, "%q is not a number of processes", text)
				}
				return nil
			}),
		flags.Func("cgroups_net_cls_primary_handle", "handle", "",
			"primary handle of the network traffic of containers, as in `0x0012`", func(text string) (err error) {
				c.NetClsPrimary, err = handle(text)
				return err
			}),
		flags.Func("cgroups_net_cls_secondary_handles", "handles", "",
			"first and last of the secondary handles, as in `0x0001,0x00ff`", secondaryHandles(&c.NetClsSecondary)),
		flags.Document("allowed_devices", "json",
			"devices that containers may use besides harmless ones: `JSON` as for Mesos, or a file with it", allowedDevices(&c.AllowedDevices)),
		flags.Func("nvidia_gpu_devices", "numbers", "",
			"graphics processors that containers may have with gpu/nvidia, as nvidia-smi numbers them: `0,1`", gpuDevices(&a.GPUDevices)),
		flags.List("agent_subsystems", &a.AgentSubsystems, "", "cgroup `subsystems` in which the agent is itself").Formerly("slave_subsystems"),
		flags.List("perf_events", &c.PerfEvents, "", "`events` to count of each container with cgroups/perf_event, as in task-clock,page-faults"),
		flags.Duration("perf_interval", &c.PerfInterval, "60secs", "`time` from one count of events to the next"),
		flags.Duration("perf_duration", &c.PerfDuration, "10secs", "`time` for which events are counted"),
	}
}

// settleCgroups checks what several flags say together.
func settleCgroups(a *daemon.AgentConfig) error {
	c := &a.Cgroups
	if !filepath.IsLocal(strings.Trim(c.Root, "/")) || path.Clean(c.Root) == "." {
		return mesos.Errorf(mesos.Invalid, "--cgroups_root: %q is not the name of a cgroup below the hierarchies", c.Root)
	}
	if c.PerfEvents != nil && c.PerfDuration > c.PerfInterval {
		return mesos.Errorf(mesos.Invalid, "--perf_duration: %v is longer than --perf_interval, which is %v",
			mesos.FormatDuration(c.PerfDuration), mesos.FormatDuration(c.PerfInterval))
	}
	if a.GPUDevices != nil && !slices.Contains(a.Isolation, "gpu/nvidia") {
		return mesos.Errorf(mesos.Invalid, "--nvidia_gpu_devices: --isolation does not have gpu/nvidia")
	}
	if c.NetClsSecondary != [2]uint16{} && c.NetClsPrimary == 0 {
		return mesos.Errorf(mesos.Invalid, "--cgroups_net_cls_secondary_handles needs --cgroups_net_cls_primary_handle")
	}
	return nil
}

// handle reads a number of 16 bits that is not 0; empty is 0.
func handle(text string) (uint16, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 0, 16)
	if err != nil || n == 0 {
		return 0, mesos.Errorf(mesos.Invalid, "%q is not a handle from 0x1 to 0xffff", text)
	}
	return uint16(n), nil
}

func secondaryHandles(handles *[2]uint16) func(string) error {
	return func(text string) (err error) {
		*handles = [2]uint16{}
		if text == "" {
			return nil
		}
		first, last, ok := strings.Cut(text, ",")
		if !ok {
			return mesos.Errorf(mesos.Invalid, "%q is not two handles, as in 0x0001,0x00ff", text)
		}
		if handles[0], err = handle(first); err == nil {
			handles[1], err = handle(last)
		}
		if err == nil && handles[0] > handles[1] {
			err = mesos.Errorf(mesos.Invalid, "%q: the first handle is above the last", text)
		}
		return err
	}
}

func gpuDevices(devices *[]int) func(string) error {
	return func(text string) error {
		*devices = nil
		for part := range strings.SplitSeq(text, ",") {
			if text == "" {
				break
			}
			n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 16)
			if err != nil {
				return mesos.Errorf(mesos.Invalid, "%q is not a number of a graphics processor", part)
			}
			*devices = append(*devices, int(n))
		}
		return nil
	}
}

func allowedDevices(list *[]*mesospb.DeviceAccess) func(string) error {
	return func(text string) error {
		var devices mesospb.DeviceWhitelist
		if text != "" {
			if err := wire.UnmarshalJSON([]byte(text), &devices); err != nil {
				return err
			}
		}
		*list = devices.GetAllowedDevices()
		return nil
	}
}
