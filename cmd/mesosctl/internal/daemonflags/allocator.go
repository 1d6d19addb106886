package daemonflags

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/build"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/flags"
	"github.com/mesosctl/mesosctl/daemon"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// DefaultAllocatorPort is the port of an allocator that is told no other.
const DefaultAllocatorPort = 5052

// Allocator is the flags of an allocator in a process of its own.
type Allocator struct {
	Config daemon.AllocatorConfig
	Log    Logging
	Table  flags.Table
}

// NewAllocator returns an allocator's flags at their defaults.
func NewAllocator() *Allocator {
	a := &Allocator{}
	c := &a.Config
	c.Version = build.Version
	a.Table = append(flags.Table{
		flags.String("ip", &c.IP, "127.0.0.1", "`address` to listen on for masters, who are not asked who they are"),
		flags.Int("port", &c.Port, DefaultAllocatorPort, 0, 65535, "`port` to listen on; 0 picks a free one"),
		flags.Func("allocator_policy", "policy", daemon.Policies()[0],
			"`policy` to follow: "+strings.Join(daemon.Policies(), " or "), oneOf(daemon.Policies(), &c.Policy)),
		flags.Func("logging_level", "level", "INFO", "least `level` that is logged: INFO, WARNING or ERROR", a.Log.setLevel),
		flags.Bool("quiet", &a.Log.quiet, false, "log nothing"),
	}, allocationFlags(&c.PolicyConfig)...)
	a.Table.Apply()
	return a
}

// allocationFlags is the flags about allocation, of a master or of an allocator.
func allocationFlags(c *daemon.PolicyConfig) flags.Table {
	return flags.Table{
		flags.Duration("allocation_interval", &c.AllocationInterval, "1secs", "`time` between allocations that nothing caused"),
		flags.Func("min_allocatable_resources", "resources", "cpus:0.01|mem:32",
			"least `resources` to offer, alternatives separated by |", minAllocatable(&c.MinAllocatable)),
		sorter("role_sorter", "order in which roles are served", &c.RoleSorter),
		sorter("framework_sorter", "order in which the frameworks of a role are served", &c.FrameworkSorter),
		flags.List("fair_sharing_excluded_resource_names", &c.FairSharingExcluded, "", "`names` of resources that do not count as a share"),
		flags.Bool("filter_gpu_resources", &c.FilterGPUResources, true, "offer GPUs only to frameworks that ask for them"),
	}
}

// allocator reads --allocator: Mesos's name of the one in the master's process,
// or where another process has one.
func allocator(p *string) func(string) error {
	return func(text string) error {
		*p = ""
		if text == "HierarchicalDRF" || text == "hierarchical" {
			return nil
		}
		host, port, err := net.SplitHostPort(text)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
			return mesos.Errorf(mesos.Invalid, "%q is neither HierarchicalDRF nor a host:port", text)
		}
		*p = text
		return nil
	}
}

func oneOf(names []string, p *string) func(string) error {
	return func(text string) error {
		if !slices.Contains(names, text) {
			return mesos.Errorf(mesos.Invalid, "%q is none of %s", text, strings.Join(names, ", "))
		}
		*p = text
		return nil
	}
}

func minAllocatable(list *[]resources.Quantities) func(string) error {
	return func(text string) error {
		*list = nil
		for part := range strings.SplitSeq(text, "|") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			q, err := resources.ParseQuantities(part)
			if err != nil {
				return err
			}
			*list = append(*list, q)
		}
		return nil
	}
}

// sorter is a flag that names a sorter.
func sorter(name, usage string, p *string) *flags.Flag {
	return flags.Func(name, "sorter", "drf", usage+": `drf`, random or priority", func(text string) error {
		if !slices.Contains([]string{"drf", "random", "priority"}, text) {
			return mesos.Errorf(mesos.Invalid, "%q is none of drf, random and priority", text)
		}
		*p = text
		return nil
	})
}
