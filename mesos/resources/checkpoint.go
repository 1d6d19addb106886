package resources

import "github.com/mesosctl/mesosctl/mesos"

// Checkpointed is what an agent must write down of its resources, because its
// configuration doesn't say it: dynamic reservations and persistent volumes.
// What resource providers have is theirs to remember.
func (r Resources) Checkpointed() Resources {
	return r.filter(func(res *item) bool {
		return res.ProviderID == "" && (isDynamic(res.Reservations) || isPersistentVolume(res.Disk))
	})
}

// Restore is r, an agent's configured resources, with what was checkpointed in
// place of the resources that it was made of. A shared volume is there once. The
// error, of kind mesos.Invalid, names what r lacks: the configuration changed and
// no longer has room for it.
func (r Resources) Restore(checkpointed Resources) (Resources, error) {
	result := r
	for res := range checkpointed.All() {
		configured := res.configured()
		left, ok := result.TrySub(Of(configured))
		if !ok {
			return r, mesos.Errorf(mesos.Invalid, "resources: %v does not contain %v, of which there is %v", result, configured, res)
		}
		result = left.Add(Of(res))
	}
	return result, nil
}

// configured is the resource that r was made of by dynamic reservations and by
// making it a volume.
func (r Resource) configured() Resource {
	r.Reservations = staticLayers(r.Reservations)
	if isPersistentVolume(r.Disk) {
		r = r.withoutVolume()
	}
	return r
}

// staticLayers is the layers that an agent's configuration may have: at most the
// outermost.
func staticLayers(layers []Reservation) []Reservation {
	if len(layers) > 0 && !layers[0].Dynamic {
		return layers[:1:1]
	}
	return nil
}

// Unallocate is the conversion of the same resources without allocation roles, as
// an agent has them.
func (c Conversion) Unallocate() Conversion {
	c.Consumed, c.Converted = c.Consumed.Unallocate(), c.Converted.Unallocate()
	return c
}
