package container

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Usage implements Containerizer.
func (l *Local) Usage(ctx context.Context, id mesos.ContainerID) (*mesospb.ResourceStatistics, error) {
	c, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	pids, err := l.launcher.Processes(id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := float64(l.config.Now().UnixNano()) / float64(time.Second)
	usage := &mesospb.ResourceStatistics{Timestamp: &now}
	for _, isolator := range l.isolatorsOf(id) {
		if err := isolator.Usage(ctx, id, pids, usage); err != nil {
			return nil, fmt.Errorf("usage: container %s: %s: %w", id, isolator.Name(), err)
		}
	}
	allotment(usage, c.resources, c.limits)
	return usage, nil
}

// Status implements Containerizer. It is the same before and after the end of
// the container, and not to be changed.
func (l *Local) Status(id mesos.ContainerID) (*mesospb.ContainerStatus, error) {
	c, err := l.find(context.Background(), id)
	if err != nil {
		return nil, err
	}
	return c.status, nil
}

// running ends the launch of a container: its status is taken while all of what
// it says is there. A container may end, and be cleaned up, before anybody asks.
func (l *Local) running(c *container, pid int) {
	c.pid = pid
	c.status = HostStatus(c.spec.ID, l.config.AgentIP, pid)
	for _, isolator := range l.isolatorsOf(c.spec.ID) {
		isolator.Status(c.spec.ID, c.status)
	}
	close(c.launched)
}

// HostStatus is the status of a container on the host's network, whose address
// is ip. The pid is left out if it is 0.
func HostStatus(id mesos.ContainerID, ip string, pid int) *mesospb.ContainerStatus {
	status := &mesospb.ContainerStatus{ContainerId: convert.ContainerIDToWire(id)}
	if ip != "" {
		protocol := mesospb.NetworkInfo_IPv4
		if strings.Contains(ip, ":") {
			protocol = mesospb.NetworkInfo_IPv6
		}
		status.NetworkInfos = []*mesospb.NetworkInfo{{
			IpAddresses: []*mesospb.NetworkInfo_IPAddress{{Protocol: &protocol, IpAddress: &ip}},
		}}
	}
	if pid != 0 {
		executorPid := uint32(pid)
		status.ExecutorPid = &executorPid
	}
	return status
}

// Metrics implements Containerizer. A launch counts as a fetch if there was
// something to fetch. See https://mesos.apache.org/documentation/latest/monitoring/.
func (l *Local) Metrics() map[string]float64 {
	meters := map[string]float64{
		"containerizer/fetcher/task_fetches_succeeded": float64(l.fetched.Load()),
		"containerizer/fetcher/task_fetches_failed":    float64(l.notFetched.Load()),
		"containerizer/mesos/container_destroy_errors": float64(l.notDestroyed.Load()),
	}
	for _, isolator := range l.isolators {
		if meter, ok := isolator.(Meter); ok {
			maps.Copy(meters, meter.Metrics())
		}
	}
	return meters
}
