//go:build !windows

package daemon

import (
	"context"
	"errors"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// https://mesos.apache.org/documentation/latest/oversubscription/
func TestWhatCantBeMeasuredHasNoStatistics(t *testing.T) {
	// covers: SlaveTest.ContainerizerUsageFailure
	usage := &mesospb.ResourceUsage{}
	for _, id := range []string{"broken", "fine"} {
		usage.Executors = append(usage.Executors, &mesospb.ResourceUsage_Executor{ContainerId: &mesospb.ContainerID{Value: &id}})
	}
	measure(t.Context(), usage, func(_ context.Context, id mesos.ContainerID) (*mesospb.ResourceStatistics, error) {
		if id == "broken" {
			return nil, errors.New("injected failure")
		}
		return &mesospb.ResourceStatistics{Timestamp: new(1.0)}, nil
	})
	if e := usage.GetExecutors(); len(e) != 2 || e[0].Statistics != nil || e[1].GetStatistics().GetTimestamp() != 1 {
		t.Errorf("the usage is %v", usage)
	}
}
