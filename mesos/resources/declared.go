package resources

import "github.com/mesosctl/mesosctl/mesos"

// Declared is the reservation of a resource as a message states it, in any of
// Mesos's formats: Role and Reservation ("pre-reservation-refinement"), or
// Reservations ("post-reservation-refinement"), or, if they agree, all of them
// ("endpoint").
// See https://mesos.apache.org/documentation/latest/reservation/.
type Declared struct {
	Role         *string
	Reservation  *DeclaredLayer
	Reservations []DeclaredLayer
}

// DeclaredLayer is a ReservationInfo as a message states it.
type DeclaredLayer struct {
	Type      ReservationType
	Role      *string
	Principal string
	Labels    []Label
}

// ReservationType is how a layer says it was made; the numbers are the
// protocol's.
type ReservationType int32

// The types of reservation.
const (
	UnknownReservation ReservationType = 0
	StaticReservation  ReservationType = 1
	DynamicReservation ReservationType = 2
)

// Layers is what d means: reservations, outermost first, none if unreserved.
// Errors are of kind mesos.Invalid and name the field that is wrong.
func (d Declared) Layers() ([]Reservation, error) {
	if len(d.Reservations) == 0 {
		return d.oldLayers()
	}
	layers := make([]Reservation, len(d.Reservations))
	for i, layer := range d.Reservations {
		if layer.Type != StaticReservation && layer.Type != DynamicReservation {
			return nil, mesos.Errorf(mesos.Invalid, "reservations[%d].type: is not STATIC or DYNAMIC", i)
		}
		if layer.Role == nil {
			return nil, mesos.Errorf(mesos.Invalid, "reservations[%d].role: is missing", i)
		}
		layers[i] = layer.reservation(*layer.Role)
	}
	if err := validateReservations(layers); err != nil {
		return nil, err
	}
	return layers, d.checkAgreement(layers)
}

func (l DeclaredLayer) reservation(role string) Reservation {
	return Reservation{
		Dynamic:   l.Type == DynamicReservation,
		Role:      role,
		Principal: l.Principal,
		Labels:    l.Labels,
	}
}

// oldLayers reads the format from before refinements: the role says to whom,
// and that the reservation is there says that it is dynamic.
func (d Declared) oldLayers() ([]Reservation, error) {
	role := mesos.AnyRole
	if d.Role != nil {
		role = *d.Role
	}
	if err := mesos.ValidateRole(role); err != nil {
		return nil, err
	}
	switch {
	case d.Reservation == nil:
		return staticReservation(role), nil
	case d.Reservation.Type != UnknownReservation:
		return nil, mesos.Errorf(mesos.Invalid, "reservation.type: only 'reservations' may have it")
	case d.Reservation.Role != nil:
		return nil, mesos.Errorf(mesos.Invalid, "reservation.role: only 'reservations' may have it")
	case role == mesos.AnyRole:
		return nil, mesos.Errorf(mesos.Invalid, `reservation: role "*" can't be reserved to`)
	}
	layer := d.Reservation.reservation(role)
	layer.Dynamic = true
	return []Reservation{layer}, nil
}

// checkAgreement checks that what the older fields say beside the layers is
// the same.
func (d Declared) checkAgreement(layers []Reservation) error {
	if len(layers) > 1 {
		if d.Role != nil {
			return mesos.Errorf(mesos.Invalid, "role: can't be set beside several 'reservations'")
		}
		if d.Reservation != nil {
			return mesos.Errorf(mesos.Invalid, "reservation: can't be set beside several 'reservations'")
		}
		return nil
	}
	layer := layers[0]
	if d.Role != nil && *d.Role != layer.Role {
		return mesos.Errorf(mesos.Invalid, "role: is %q, but 'reservations' has %q", *d.Role, layer.Role)
	}
	switch {
	case !layer.Dynamic && d.Reservation != nil:
		return mesos.Errorf(mesos.Invalid, "reservation: can't be set beside a STATIC one in 'reservations'")
	case layer.Dynamic && (d.Role == nil) != (d.Reservation == nil):
		return mesos.Errorf(mesos.Invalid, "role and reservation: only one of them is set beside a DYNAMIC one in 'reservations'")
	case d.Reservation == nil:
		return nil
	case d.Reservation.Principal != layer.Principal:
		return mesos.Errorf(mesos.Invalid, "reservation.principal: is %q, but 'reservations' has %q", d.Reservation.Principal, layer.Principal)
	case !sameLabels(d.Reservation.Labels, layer.Labels):
		return mesos.Errorf(mesos.Invalid, "reservation.labels: are %s, but 'reservations' has %s",
			formatLabels(d.Reservation.Labels), formatLabels(layer.Labels))
	}
	return nil
}
