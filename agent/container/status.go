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

// Status implements Containerizer: the container's id, its address, which is
// the agent's, the pid of its first process, and what isolators know.
func (l *Local) Status(id mesos.ContainerID) (*mesospb.ContainerStatus, error) {
	c, err := l.find(context.Background(), id)
	if err != nil {
		return nil, err
	}
	status := HostStatus(id, l.config.AgentIP, c.pid)
	for _, isolator := range l.isolatorsOf(id) {
		if err := isolator.Status(id, status); err != nil {
			return nil, fmt.Errorf("status: container %s: %s: %w", id, isolator.Name(), err)
		}
	}
	return status, nil
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
