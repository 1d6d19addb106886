package daemon

import (
	"context"
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/httpapi"
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/convert"
)

// registryContents reads the registry, also on a master that does not lead.
func (m *Master) registryContents(ctx context.Context) (httpapi.RegistryContents, error) {
	client := m.client.Load()
	if client == nil {
		return httpapi.RegistryContents{}, mesos.Errorf(mesos.Unavailable, "this master is starting")
	}
	kept, err := client.Read(ctx)
	if err != nil {
		return httpapi.RegistryContents{}, err
	}
	contents := httpapi.RegistryContents{
		Admitted: kept.Admitted, Unreachable: kept.Unreachable, Gone: kept.Gone,
		Weights: kept.Weights, Maintenance: kept.Maintenance,
	}
	for _, role := range slices.Sorted(maps.Keys(kept.Quotas)) {
		contents.Quotas = append(contents.Quotas, convert.QuotaToWire(role, kept.Quotas[role]))
	}
	return contents, nil
}
