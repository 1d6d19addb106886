package convert

import (
	"maps"
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
	"github.com/mesosctl/mesosctl/wire/quotapb"
)

// Quota is the quota of a role. Errors are of kind mesos.Invalid: they tell of
// amounts that are none; what else can be wrong, Check of the quota tells.
// See https://mesos.apache.org/documentation/latest/quota/.
func Quota(config *quotapb.QuotaConfig) (allocation.Quota, error) {
	var q allocation.Quota
	guarantees, err := scalars(config.GetGuarantees())
	if err != nil {
		return q, mesos.Errorf(mesos.Invalid, "quota of role %s: guarantee: %w", config.GetRole(), err)
	}
	limits, err := scalars(config.GetLimits())
	if err != nil {
		return q, mesos.Errorf(mesos.Invalid, "quota of role %s: limit: %w", config.GetRole(), err)
	}
	return allocation.Quota{Guarantees: quantities(guarantees), Limits: limits}, nil
}

func quantities(amounts map[string]resources.Scalar) resources.Quantities {
	list := make([]resources.Quantity, 0, len(amounts))
	for name, amount := range amounts {
		list = append(list, resources.Quantity{Name: name, Amount: amount})
	}
	return resources.NewQuantities(list...)
}

// scalars reads amounts by name; nil if there are none.
func scalars(values map[string]*mesospb.Value_Scalar) (map[string]resources.Scalar, error) {
	if len(values) == 0 {
		return nil, nil
	}
	amounts := make(map[string]resources.Scalar, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		amount, err := mesos.CheckScalar(values[name].GetValue())
		if err != nil {
			return nil, mesos.Errorf(mesos.Invalid, "%s: %w", name, err)
		}
		amounts[name] = amount
	}
	return amounts, nil
}

// QuotaRequest is the quota that the older form of a request asks for: its
// guarantees are its limits. Errors are of kind mesos.Invalid.
func QuotaRequest(request *quotapb.QuotaRequest) (allocation.Quota, error) {
	var none allocation.Quota
	role := request.GetRole()
	if len(request.GetGuarantee()) == 0 {
		return none, mesos.Errorf(mesos.Invalid, "quota of role %q: it has no guarantee", role)
	}
	if _, err := Resources(request.Guarantee); err != nil {
		return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %w", role, err)
	}
	limits := make(map[string]resources.Scalar, len(request.Guarantee))
	for _, r := range request.Guarantee {
		name := r.GetName()
		_, twice := limits[name]
		switch {
		case r.GetType() != mesospb.Value_SCALAR:
			return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %s is not a scalar", role, name)
		case len(r.Reservations) > 0 || r.Reservation != nil || r.GetRole() != mesos.AnyRole && r.Role != nil:
			return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %s is reserved", role, name)
		case r.Disk != nil:
			return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %s names a disk", role, name)
		case r.Revocable != nil:
			return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %s is revocable", role, name)
		case twice:
			return none, mesos.Errorf(mesos.Invalid, "quota of role %q: guarantee: %s is there twice", role, name)
		}
		limits[name] = mesos.ScalarFromFloat(r.GetScalar().GetValue())
	}
	return allocation.Quota{Guarantees: quantities(limits), Limits: limits}, nil
}

// QuotaToWire is a role's quota as it is read and stored.
func QuotaToWire(role string, q allocation.Quota) *quotapb.QuotaConfig {
	config := &quotapb.QuotaConfig{Role: &role}
	for name, amount := range q.Guarantees.All() {
		if config.Guarantees == nil {
			config.Guarantees = make(map[string]*mesospb.Value_Scalar)
		}
		config.Guarantees[name] = scalarToWire(amount)
	}
	for name, amount := range q.Limits {
		if config.Limits == nil {
			config.Limits = make(map[string]*mesospb.Value_Scalar, len(q.Limits))
		}
		config.Limits[name] = scalarToWire(amount)
	}
	return config
}

func scalarToWire(amount resources.Scalar) *mesospb.Value_Scalar {
	return &mesospb.Value_Scalar{Value: new(amount.Float())}
}
