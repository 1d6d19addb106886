package linux

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/agent/container/linux/seccomp"
	"github.com/mesosctl/mesosctl/mesos"
)

// filters gives containers filters of system calls.
type filters struct {
	container.Passive
	config   Config
	standard *seccomp.Profile // nil: there is none
	kernel   seccomp.Version
	held     uint64 // the agent's capabilities

	mu       sync.Mutex
	compiled map[uint64][]byte // of standard, by bounding set
}

// Seccomp is the isolator whose containers may make only those system calls that
// a profile allows. See
// https://mesos.apache.org/documentation/latest/isolators/linux-seccomp/.
func Seccomp(config Config) (container.Isolator, error) {
	if err := available(""); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, 0, 0, 0); !errors.Is(err, unix.EFAULT) {
		return nil, mesos.Errorf(mesos.Unsupported, "this kernel has no filters of system calls")
	}
	if config.SeccompDir == "" {
		return nil, mesos.Errorf(mesos.Invalid, "--seccomp_config_dir is missing: say where the profiles are")
	}
	i := &filters{Passive: container.Passive{Named: "linux/seccomp"}, config: config, compiled: map[uint64][]byte{}}
	var err error
	if i.held, err = heldCapabilities(); err != nil {
		return nil, err
	}
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return nil, err
	}
	i.kernel, _ = seccomp.ParseVersion(unix.ByteSliceToString(uname.Release[:]))
	if config.SeccompProfile != "" {
		i.standard, err = i.read(config.SeccompProfile)
	}
	return i, err
}

// Nests implements container.Nester.
func (*filters) Nests() bool { return true }

// Provides implements container.Provider.
func (*filters) Provides() []container.Feature { return []container.Feature{container.SeccompProfile} }

// Prepare implements container.Isolator. Capabilities are prepared before.
func (i *filters) Prepare(_ context.Context, plan *container.Plan) (err error) {
	bounding := i.held
	if c := plan.Process.Capabilities; c != nil {
		bounding = c.Bounding
	}
	asked := plan.Spec.Container.GetLinuxInfo().GetSeccomp()
	switch {
	case asked == nil && i.standard == nil:
	case asked == nil:
		plan.Process.Seccomp, err = i.filter(bounding)
	case asked.GetUnconfined() && asked.ProfileName != nil:
		err = mesos.Errorf(mesos.Invalid, "linux_info: seccomp: a container that is unconfined has no profile_name")
	case asked.GetUnconfined():
	case asked.ProfileName == nil:
		err = mesos.Errorf(mesos.Invalid, "linux_info: seccomp: profile_name is missing")
	default:
		var profile *seccomp.Profile
		if profile, err = i.read(asked.GetProfileName()); err == nil {
			plan.Process.Seccomp, err = profile.Compile(seccomp.Target{Capabilities: bounding, Kernel: i.kernel})
		}
	}
	return err
}

// filter is the agent's profile for containers with a bounding set.
func (i *filters) filter(bounding uint64) ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if filter := i.compiled[bounding]; filter != nil {
		return filter, nil
	}
	filter, err := i.standard.Compile(seccomp.Target{Capabilities: bounding, Kernel: i.kernel})
	const most = 64 // of which containers that ask for sets of their own can't make it grow
	if err == nil && len(i.compiled) < most {
		i.compiled[bounding] = filter
	}
	return filter, err
}

// read reads a profile by its name, which is no path.
func (i *filters) read(name string) (*seccomp.Profile, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return nil, mesos.Errorf(mesos.Invalid, "seccomp profile %q: not the name of a file in %s", name, i.config.SeccompDir)
	}
	data, err := os.ReadFile(filepath.Join(i.config.SeccompDir, name))
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "seccomp profile %q: %w", name, err)
	}
	profile, err := seccomp.Parse(data, runtime.GOARCH)
	if err != nil {
		return nil, mesos.Errorf(mesos.Invalid, "%s: %w", name, err)
	}
	return profile, nil
}
