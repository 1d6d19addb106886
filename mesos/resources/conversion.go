package resources

import "github.com/mesosctl/mesosctl/mesos"

// Conversion is what an operation does to resources: some are consumed, others
// come into being in their place.
type Conversion struct {
	Consumed  Resources
	Converted Resources
	// Last is set if no copies of what is consumed may remain, as when a
	// shared volume is destroyed.
	Last bool
}

// Apply is r after the conversions, one after the other. The error, of kind
// mesos.Invalid, names what r lacks.
func (r Resources) Apply(conversions ...Conversion) (Resources, error) {
	result := r
	for _, c := range conversions {
		left, ok := result.TrySub(c.Consumed)
		if !ok {
			return r, mesos.Errorf(mesos.Invalid, "resources: %v does not contain %v", result, c.Consumed)
		}
		result = left.Add(c.Converted)
		if c.Last && result.Contains(c.Consumed) {
			return r, mesos.Errorf(mesos.Invalid, "resources: %v is still in use by other copies", c.Consumed)
		}
	}
	return result, nil
}
