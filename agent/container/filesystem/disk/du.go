// Package disk has the isolators that measure what containers occupy on disks, and
// hold them to what they were given.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/mesosctl/mesosctl/agent/container"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Config is what the isolators are made with.
type Config struct {
	// WorkDir is the agent's, where volumes are; absolute.
	WorkDir string
	// Ephemeral tells which directories grow as a container that an earlier agent
	// launched writes to its image; nil: there are no images.
	Ephemeral func(mesos.ContainerID) ([]string, error)
	// Interval is between two measurements of a container.
	Interval time.Duration
	// Enforce has disk/du end containers that occupy more than they were given, and
	// disk/xfs let them not.
	Enforce bool
	// Projects are the XFS projects that may be used, such as "[5000-10000]".
	Projects string
	// Kill has disk/xfs, too, end containers that occupy more than they were given,
	// which they may by Headroom.
	Kill     bool
	Headroom mesos.Bytes
	// Log takes what nobody waits to hear; nil: it is not told.
	Log *slog.Logger
}

// DU is the isolator that measures by walking through directories. It does so in
// rounds: every container is looked at once, one after the other. Nested containers
// are measured as part of those that they are in. See
// https://mesos.apache.org/documentation/latest/isolators/disk-du/.
type DU struct {
	container.Passive
	config Config

	limited func(mesos.ContainerID, container.Limitation)
	start   sync.Once
	cancel  context.CancelFunc
	running context.Context
	done    sync.WaitGroup

	mu         sync.Mutex
	containers map[mesos.ContainerID]*measured
}

// measured is a container.
type measured struct {
	sandbox   string
	ephemeral []string
	quotas    []*quota
	used      map[string]mesos.Bytes // by directory, the sandbox's is ""
}

// NewDU makes the isolator.
func NewDU(config Config) *DU {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	d := &DU{
		Passive: container.Passive{Named: "disk/du"}, config: config, containers: map[mesos.ContainerID]*measured{},
		limited: func(mesos.ContainerID, container.Limitation) {},
	}
	d.running, d.cancel = context.WithCancel(context.Background())
	return d
}

// Watch implements Limiter.
func (d *DU) Watch(limited func(mesos.ContainerID, container.Limitation)) { d.limited = limited }

// Close ends the measuring.
func (d *DU) Close() error {
	d.cancel()
	d.done.Wait()
	return nil
}

// Prepare implements Isolator.
func (d *DU) Prepare(_ context.Context, plan *container.Plan) error {
	var ephemeral []string
	if plan.Image != nil {
		ephemeral = plan.Image.Ephemeral
	}
	return d.add(plan.Spec, ephemeral)
}

// Recover implements Isolator.
func (d *DU) Recover(spec *container.Spec, _ int) error {
	if d.config.Ephemeral == nil || spec.Container.GetMesos().GetImage() == nil {
		return d.add(spec, nil)
	}
	ephemeral, err := d.config.Ephemeral(spec.ID)
	if err != nil {
		return err
	}
	return d.add(spec, ephemeral)
}

func (d *DU) add(spec *container.Spec, ephemeral []string) error {
	list, err := quotas(d.config.WorkDir, spec.Resources)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers[spec.ID] = &measured{
		sandbox: spec.Sandbox, ephemeral: ephemeral, quotas: list, used: map[string]mesos.Bytes{},
	}
	d.start.Do(func() { d.done.Go(d.rounds) })
	return nil
}

// Update implements Isolator.
func (d *DU) Update(_ context.Context, id mesos.ContainerID, resources []*mesospb.Resource, _ map[string]*mesospb.Value_Scalar) error {
	list, err := quotas(d.config.WorkDir, resources)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.containers[id]; c != nil {
		c.quotas = list
	}
	return nil
}

// Usage implements Isolator. What was not measured yet is left out.
func (d *DU) Usage(_ context.Context, id mesos.ContainerID, _ []int, usage *mesospb.ResourceStatistics) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.containers[id]
	if c == nil {
		return container.ErrNoContainer(id)
	}
	for _, q := range c.quotas {
		statistics := q.statistics(nil)
		if used, ok := c.used[q.dir]; ok {
			statistics.UsedBytes = new(uint64(used))
		}
		usage.DiskStatistics = append(usage.DiskStatistics, statistics)
		if q.dir == "" {
			usage.DiskLimitBytes, usage.DiskUsedBytes = statistics.LimitBytes, statistics.UsedBytes
		}
	}
	return nil
}

// Cleanup implements Isolator.
func (d *DU) Cleanup(_ context.Context, id mesos.ContainerID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.containers, id)
	return nil
}

// rounds measures until the isolator is closed.
func (d *DU) rounds() {
	pause := time.NewTimer(d.config.Interval)
	defer pause.Stop()
	for {
		select {
		case <-d.running.Done():
			return
		case <-pause.C:
		}
		for _, id := range d.ids() {
			d.measure(id)
		}
		pause.Reset(d.config.Interval)
	}
}

func (d *DU) ids() []mesos.ContainerID {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]mesos.ContainerID, 0, len(d.containers))
	for id := range d.containers {
		list = append(list, id)
	}
	return list
}

// measure measures a container, and ends it if it occupies too much.
func (d *DU) measure(id mesos.ContainerID) {
	d.mu.Lock()
	var list []*quota
	var dirs []string
	if c := d.containers[id]; c != nil {
		list, dirs = c.quotas, append([]string{c.sandbox}, c.ephemeral...)
	}
	d.mu.Unlock()
	for _, q := range list {
		places := dirs
		if q.dir != "" {
			places = []string{q.dir}
		}
		used, err := d.sum(places)
		switch {
		case d.running.Err() != nil:
			return
		case errors.Is(err, errDeep):
			d.over(id, q, fmt.Sprintf("Disk usage%s can't be measured: %v", q.place(), err))
			continue
		case err != nil:
			d.config.Log.Warn("disk usage could not be measured", "container", id, "error", err)
			continue
		}
		if now := d.note(id, q.dir, used); now != nil && used > now.limit {
			d.over(id, now, fmt.Sprintf("Disk usage%s (%v) exceeds quota (%v)", now.place(), used, now.limit))
		}
	}
}

// sum adds up directories. One that is gone has nothing.
func (d *DU) sum(dirs []string) (total mesos.Bytes, err error) {
	for _, dir := range dirs {
		used, err := Measure(d.running, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		total += used
	}
	return total, nil
}

// note keeps what was measured and returns the quota of that directory, which may
// have changed meanwhile; nil if there is none any more.
func (d *DU) note(id mesos.ContainerID, dir string, used mesos.Bytes) *quota {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.containers[id]
	if c == nil {
		return nil
	}
	c.used[dir] = used
	for _, q := range c.quotas {
		if q.dir == dir {
			return q
		}
	}
	return nil
}

func (d *DU) over(id mesos.ContainerID, q *quota, message string) {
	if !d.config.Enforce || !q.enforced() {
		return
	}
	d.limited(id, container.Limitation{
		Reason: mesospb.TaskStatus_REASON_CONTAINER_LIMITATION_DISK, Message: message, Resources: q.resources,
	})
}
