package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/allocator"
	"github.com/mesosctl/mesosctl/allocator/firstfit"
	"github.com/mesosctl/mesosctl/allocator/remote"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
)

// PolicyConfig is what an allocation policy is told. Names follow Mesos's flags.
type PolicyConfig struct {
	AllocationInterval          time.Duration
	MinAllocatable              []resources.Quantities
	RoleSorter, FrameworkSorter string // empty means "drf"
	FairSharingExcluded         []string
	FilterGPUResources          bool
}

// AllocatorConfig is what an allocator in a process of its own is told.
type AllocatorConfig struct {
	PolicyConfig
	IP      string // --ip: the address to listen on
	Port    int    // --port; 0 picks a free one
	Policy  string // --allocator_policy: one of Policies
	Version string
	Log     *slog.Logger
}

// policies are those that an allocator can be told to follow, by name.
var policies = map[string]func(PolicyConfig, allocation.Domain) (allocation.Policy, error){
	"hierarchical": PolicyConfig.hierarchical,
	"first-fit":    PolicyConfig.firstFit,
}

// Policies are the names that AllocatorConfig.Policy may have; the first is the
// default.
func Policies() []string { return []string{"hierarchical", "first-fit"} }

func (c PolicyConfig) hierarchical(domain allocation.Domain) (allocation.Policy, error) {
	config := allocator.Config{
		AllocationInterval: c.AllocationInterval,
		MinAllocatable:     c.MinAllocatable,
		Seed:               rand.Uint64(),
		FairnessExclude:    c.FairSharingExcluded,
		FilterGPUs:         c.FilterGPUResources,
		Domain:             domain,
	}
	for _, sorter := range []struct {
		name string
		is   *allocator.Sorter
	}{{c.RoleSorter, &config.RoleSorter}, {c.FrameworkSorter, &config.FrameworkSorter}} {
		if sorter.name == "" {
			continue
		}
		var err error
		if *sorter.is, err = allocator.ParseSorter(sorter.name); err != nil {
			return nil, err
		}
	}
	return allocator.New(config), nil
}

func (c PolicyConfig) firstFit(allocation.Domain) (allocation.Policy, error) {
	return firstfit.New(firstfit.Config{Interval: c.AllocationInterval, MinAllocatable: c.MinAllocatable}), nil
}

// Allocator is a running allocator.
type Allocator struct {
	address string
	stop    context.CancelFunc
	done    chan struct{}
	err     error // once done is closed
}

// RunAllocator serves masters until the context ends.
func RunAllocator(ctx context.Context, cfg AllocatorConfig) error {
	a, err := StartAllocator(ctx, cfg)
	if err != nil {
		return err
	}
	return a.Wait()
}

// StartAllocator starts an allocator that serves masters until the context ends
// or Close is called. It returns once they can connect.
func StartAllocator(ctx context.Context, cfg AllocatorConfig) (*Allocator, error) {
	policy, known := policies[cfg.Policy]
	if !known {
		return nil, mesos.Errorf(mesos.Invalid, "start allocator: there is no policy %q; there are %s", cfg.Policy, strings.Join(Policies(), ", "))
	}
	if _, err := policy(cfg.PolicyConfig, allocation.Domain{}); err != nil {
		return nil, fmt.Errorf("start allocator: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(cfg.IP, strconv.Itoa(cfg.Port)))
	if err != nil {
		return nil, fmt.Errorf("start allocator: %w", err)
	}
	log := cfg.Log.With("daemon", "allocator")
	ctx, stop := context.WithCancel(ctx)
	a := &Allocator{address: listener.Addr().String(), stop: stop, done: make(chan struct{})}
	log.Info("allocator started", "address", a.address, "policy", cfg.Policy)
	go func() {
		defer close(a.done)
		a.err = remote.Serve(ctx, listener, remote.ServerConfig{
			Policy: cfg.Policy, Software: software(cfg.Version), Log: log,
			New: func(m remote.Master) allocation.Policy {
				p, err := policy(cfg.PolicyConfig, m.Domain)
				if err != nil {
					panic("daemon: a policy's configuration was valid and no longer is: " + err.Error())
				}
				return measured(p)
			},
		})
	}()
	return a, nil
}

// Address is the host:port at which masters reach the allocator.
func (a *Allocator) Address() string { return a.address }

// Wait returns when the allocator has ended: nil if it was asked to.
func (a *Allocator) Wait() error {
	<-a.done
	if errors.Is(a.err, context.Canceled) {
		return nil
	}
	return a.err
}

// Close ends the allocator and waits until it has.
func (a *Allocator) Close() error {
	a.stop()
	return a.Wait()
}
