package convert

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// The functions here change the reservation format of messages. They leave
// their argument alone; what they don't change is shared with it.
// See https://mesos.apache.org/documentation/latest/reservation/.

// Upgrade is the messages with refinable reservations, as ToWire makes them:
// 'reservations' instead of 'role' and 'reservation'. A message whose
// reservation is wrong stays as it is, for Resources to refuse.
func Upgrade(list []*mesospb.Resource) []*mesospb.Resource {
	result := make([]*mesospb.Resource, len(list))
	for i, r := range list {
		result[i] = upgrade(r)
	}
	return result
}

func upgrade(r *mesospb.Resource) *mesospb.Resource {
	if r.Role == nil && r.Reservation == nil {
		return r
	}
	if _, err := layers(r); err != nil {
		return r
	}
	result := copyResource(r)
	result.Role, result.Reservation = nil, nil
	if len(r.Reservations) > 0 || r.GetRole() == mesos.AnyRole {
		return result
	}
	layer := &mesospb.Resource_ReservationInfo{Role: r.Role}
	if r.Reservation == nil {
		layer.Type = mesospb.Resource_ReservationInfo_STATIC.Enum()
	} else {
		layer.Type = mesospb.Resource_ReservationInfo_DYNAMIC.Enum()
		layer.Principal, layer.Labels = r.Reservation.Principal, r.Reservation.Labels
	}
	result.Reservations = []*mesospb.Resource_ReservationInfo{layer}
	return result
}

// Downgrade is the messages of ToWire in the format from before reservation
// refinement: 'role' and 'reservation' instead of 'reservations'. It is for
// frameworks without the capability RESERVATION_REFINEMENT. The error, of kind
// mesos.Invalid, names the first resource whose reservation is refined, which
// that format can't express; such resources stay as they are.
func Downgrade(list []*mesospb.Resource) ([]*mesospb.Resource, error) {
	result := make([]*mesospb.Resource, len(list))
	var refined error
	for i, r := range list {
		downgraded, err := downgrade(r)
		if err != nil && refined == nil {
			refined = mesos.Errorf(mesos.Invalid, "resource %d, %q: %w", i, r.GetName(), err)
		}
		result[i] = downgraded
	}
	return result, refined
}

func downgrade(r *mesospb.Resource) (*mesospb.Resource, error) {
	if n := len(r.Reservations); n > 1 {
		return r, mesos.Errorf(mesos.Invalid, "its reservation has %d layers, but the format from before reservation refinement only one", n)
	}
	result := withOldFields(r)
	result.Reservations = nil
	return result, nil
}

// Endpoint is the messages of ToWire in the format of Mesos's HTTP endpoints:
// with 'reservations', and with 'role' and 'reservation' too where they can say
// it.
func Endpoint(list []*mesospb.Resource) []*mesospb.Resource {
	result := make([]*mesospb.Resource, len(list))
	for i, r := range list {
		result[i] = withOldFields(r)
	}
	return result
}

// withOldFields is a copy of r with 'role' and, for a dynamic reservation,
// 'reservation' set, unless the reservation is refined.
func withOldFields(r *mesospb.Resource) *mesospb.Resource {
	result := copyResource(r)
	switch len(r.Reservations) {
	case 0:
		if r.Role == nil {
			role := mesos.AnyRole
			result.Role = &role
		}
	case 1:
		layer := r.Reservations[0]
		result.Role = layer.Role
		if layer.GetType() == mesospb.Resource_ReservationInfo_DYNAMIC {
			result.Reservation = &mesospb.Resource_ReservationInfo{Principal: layer.Principal, Labels: layer.Labels}
		}
	}
	return result
}

// copyResource is a shallow copy.
func copyResource(r *mesospb.Resource) *mesospb.Resource {
	return &mesospb.Resource{
		ProviderId:     r.ProviderId,
		Name:           r.Name,
		Type:           r.Type,
		Scalar:         r.Scalar,
		Ranges:         r.Ranges,
		Set:            r.Set,
		Role:           r.Role,
		AllocationInfo: r.AllocationInfo,
		Reservation:    r.Reservation,
		Reservations:   r.Reservations,
		Disk:           r.Disk,
		Revocable:      r.Revocable,
		Shared:         r.Shared,
	}
}
