package linux

import (
	"context"
	"math/bits"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/supervise"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// capabilities bounds what a container's root may do.
type capabilities struct {
	container.Passive
	effective, bounding *uint64 // of containers that ask for none; nil: the agent's
	held                uint64  // the agent's
}

// Capabilities is the isolator that takes capabilities away, and gives them to users
// other than root. See
// https://mesos.apache.org/documentation/latest/isolators/linux-capabilities/.
func Capabilities(config Config) (container.Isolator, error) {
	if err := available(""); err != nil {
		return nil, err
	}
	i := capabilities{Passive: container.Passive{Named: "linux/capabilities"}}
	var err error
	if i.held, err = heldCapabilities(); err != nil {
		return nil, err
	}
	if i.effective, err = capabilitySet(config.Effective); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "effective_capabilities: %w", err)
	}
	if i.bounding, err = capabilitySet(config.Bounding); err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "bounding_capabilities: %w", err)
	}
	if i.effective != nil && i.bounding != nil && *i.effective&^*i.bounding != 0 {
		return nil, mesos.Errorf(mesos.Invalid, "effective_capabilities: %s: not in bounding_capabilities",
			capabilityNames(*i.effective&^*i.bounding))
	}
	return i, nil
}

// Nests implements container.Nester.
func (capabilities) Nests() bool { return true }

// Provides implements container.Provider.
func (capabilities) Provides() []container.Feature {
	return []container.Feature{container.CapabilitySets}
}

// Prepare implements container.Isolator. What a program of root may do after
// its exec is the bounding set; of another user it is the ambient one.
func (i capabilities) Prepare(_ context.Context, plan *container.Plan) error {
	effective, bounding, err := i.sets(plan.Spec.Container.GetLinuxInfo())
	if err != nil {
		return mesos.Errorf(mesos.KindOf(err), "linux_info: %w", err)
	}
	switch {
	case bounding == nil:
		return nil
	case effective == nil:
		clipped := *bounding & i.held
		plan.Process.Capabilities = &supervise.Capabilities{
			Bounding: *bounding, Effective: clipped, Permitted: clipped, Inheritable: clipped,
		}
	case *effective&^i.held != 0:
		return mesos.Errorf(mesos.Unsupported, "linux_info: capabilities: the agent itself has no %s", capabilityNames(*effective&^i.held))
	default:
		plan.Process.Capabilities = &supervise.Capabilities{
			Bounding: *bounding, Effective: *effective, Permitted: *effective, Ambient: *effective, Inheritable: *bounding & i.held,
		}
	}
	return nil
}

// sets are the effective and the bounding set of a container; nil are those that
// nobody asked for. Without an effective one there may be a bounding one, not the
// other way round.
func (i capabilities) sets(info *mesospb.LinuxInfo) (effective, bounding *uint64, err error) {
	if info.GetCapabilityInfo() != nil && info.GetEffectiveCapabilities() != nil {
		return nil, nil, mesos.Errorf(mesos.Invalid, "capability_info is the former name of effective_capabilities: only one of them can be given")
	}
	asked := info.GetEffectiveCapabilities()
	if asked == nil {
		asked = info.GetCapabilityInfo()
	}
	if effective, err = capabilitySet(asked); err != nil {
		return nil, nil, mesos.Errorf(mesos.Invalid, "effective_capabilities: %w", err)
	}
	if bounding, err = capabilitySet(info.GetBoundingCapabilities()); err != nil {
		return nil, nil, mesos.Errorf(mesos.Invalid, "bounding_capabilities: %w", err)
	}
	if bounding != nil && i.bounding != nil && *bounding&^*i.bounding != 0 {
		return nil, nil, mesos.Errorf(mesos.Invalid, "bounding_capabilities: %s: this agent does not allow it", capabilityNames(*bounding&^*i.bounding))
	}
	if effective == nil {
		effective = i.effective
	}
	if bounding == nil {
		bounding = i.bounding
	}
	if bounding == nil {
		bounding = effective
	}
	if effective != nil && *effective&^*bounding != 0 {
		return nil, nil, mesos.Errorf(mesos.Invalid, "effective_capabilities: %s: not in the bounding set", capabilityNames(*effective&^*bounding))
	}
	return effective, bounding, nil
}

// capabilitySet is a set of the protocol as the kernel has it: a bit each.
func capabilitySet(info *mesospb.CapabilityInfo) (*uint64, error) {
	if info == nil {
		return nil, nil
	}
	var set uint64
	for _, c := range info.GetCapabilities() {
		n := c - mesospb.CapabilityInfo_CHOWN
		if n < 0 || n > unix.CAP_LAST_CAP {
			return nil, mesos.Errorf(mesos.Invalid, "%s: not a capability", c)
		}
		set |= 1 << n
	}
	return &set, nil
}

// capabilityNames are the names of a set for people.
func capabilityNames(set uint64) string {
	var names []string
	for ; set != 0; set &= set - 1 {
		names = append(names, (mesospb.CapabilityInfo_CHOWN + mesospb.CapabilityInfo_Capability(bits.TrailingZeros64(set))).String())
	}
	return strings.Join(names, ", ")
}

// heldCapabilities are those that this process can give on.
func heldCapabilities() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "\nCapPrm:")
	line, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseUint(strings.TrimSpace(line), 16, 64)
}
