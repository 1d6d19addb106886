package network

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// ports is network/ports. Now and then it looks at which ports of the host the
// processes of containers listen on, and ends the containers that were not given
// them. A nested container has its outermost one's ports.
type ports struct {
	container.Passive
	config    PortsConfig
	limited   func(mesos.ContainerID, container.Limitation)
	processes func(mesos.ContainerID) ([]int, error)
	stop      chan struct{}
	stopped   sync.Once
	looking   sync.WaitGroup

	mu         sync.Mutex
	containers map[mesos.ContainerID]*held
}

// held is what is known of one container on the host's network.
type held struct {
	given mesos.Ranges // of an outermost container
	told  mesos.Ranges // what it listened on when that was told last
}

// Ports makes network/ports.
func Ports(config PortsConfig) (container.Isolator, error) {
	if config.Interval == 0 {
		config.Interval = 30 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if _, err := listeners(); err != nil {
		return nil, err
	}
	return &ports{
		Passive: container.Passive{Named: "network/ports"}, config: config,
		stop: make(chan struct{}), containers: map[mesos.ContainerID]*held{},
	}, nil
}

// Nests implements container.Nester.
func (p *ports) Nests() bool { return true }

// Watch implements container.Limiter.
func (p *ports) Watch(limited func(mesos.ContainerID, container.Limitation)) { p.limited = limited }

// Observe implements container.Observer: it begins to look.
func (p *ports) Observe(processes func(mesos.ContainerID) ([]int, error)) {
	p.processes = processes
	p.looking.Go(func() {
		ticker := time.NewTicker(p.config.Interval)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
				p.look()
			}
		}
	})
}

// Close implements io.Closer.
func (p *ports) Close() error {
	p.stopped.Do(func() { close(p.stop) })
	p.looking.Wait()
	return nil
}

// Prepare implements container.Isolator.
func (p *ports) Prepare(_ context.Context, plan *container.Plan) error {
	p.add(plan.Spec)
	return nil
}

// Recover implements container.Isolator.
func (p *ports) Recover(spec *container.Spec, _ int) error {
	p.add(spec)
	return nil
}

func (p *ports) add(spec *container.Spec) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.config.CNI && ownNetwork(spec.Container) {
		return
	}
	if root := spec.ID.Root(); root != spec.ID && p.containers[root] == nil {
		return // it is on the network of its parent
	}
	p.containers[spec.ID] = &held{given: portsOf(spec.Resources)}
}

// Update implements container.Isolator.
func (p *ports) Update(_ context.Context, id mesos.ContainerID, resources []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.containers[id]; c != nil {
		c.given = portsOf(resources)
	}
	return nil
}

// Cleanup implements container.Isolator.
func (p *ports) Cleanup(_ context.Context, id mesos.ContainerID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.containers, id)
	return nil
}

// look looks once at every container.
func (p *ports) look() {
	p.mu.Lock()
	ids := make([]mesos.ContainerID, 0, len(p.containers))
	for id := range p.containers {
		ids = append(ids, id)
	}
	p.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	listening, err := listeners()
	if err != nil {
		p.config.Log.Error("network/ports: the sockets that are listened on can't be listed", "error", err)
		return
	}
	if p.config.Isolated != nil {
		for inode, port := range listening {
			if !p.config.Isolated.Has(uint64(port)) {
				delete(listening, inode)
			}
		}
	}
	if len(listening) == 0 {
		return
	}
	for _, id := range ids {
		pids, err := p.processes(id)
		if err != nil {
			continue // it is not there yet, or not any more
		}
		p.check(id, listenedOn(pids, listening))
	}
}

// listenedOn are the ports that processes listen on.
func listenedOn(pids []int, listening map[uint32]uint16) mesos.Ranges {
	var intervals []mesos.Range
	for _, pid := range pids {
		for _, inode := range sockets(pid) {
			if port, ok := listening[inode]; ok {
				intervals = append(intervals, mesos.Range{Begin: uint64(port), End: uint64(port)})
			}
		}
	}
	return mesos.NewRanges(intervals...)
}

// check takes steps against a container that listens on ports that it, or the one
// it is nested in, was not given.
func (p *ports) check(id mesos.ContainerID, used mesos.Ranges) {
	p.mu.Lock()
	c, root := p.containers[id], p.containers[id.Root()]
	if c == nil || root == nil || root.given.Contains(used) || c.told.Equal(used) {
		p.mu.Unlock()
		return
	}
	c.told = used
	others := used.Sub(root.given)
	p.mu.Unlock()

	message := fmt.Sprintf("Container %s is listening on unallocated port(s): %s", id, others)
	p.config.Log.Info("network/ports: " + message)
	if p.config.Enforce {
		p.limited(id.Root(), container.Limitation{
			Reason:    mesospb.TaskStatus_REASON_CONTAINER_LIMITATION,
			Message:   message,
			Resources: []*mesospb.Resource{asResource(others)},
		})
	}
}
