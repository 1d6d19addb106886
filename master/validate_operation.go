package master

import (
	"slices"
	"strings"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/allocation"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// An operationRequest is an operation with its resources as they were named, one
// by one.
type operationRequest struct {
	info *mesospb.Offer_Operation
	// resources are those of RESERVE and UNRESERVE, the volumes of CREATE and
	// DESTROY, the volume of GROW_VOLUME and SHRINK_VOLUME, and the source of
	// CREATE_DISK and DESTROY_DISK.
	resources []resources.Resource
	source    []resources.Resource // of RESERVE
	addition  resources.Resource   // of GROW_VOLUME
	subtract  resources.Scalar     // of SHRINK_VOLUME
}

// readOperation converts an operation's resources. In the message they get the
// allocation role (unless that is "") if they have none, and the current format
// of reservations.
func readOperation(info *mesospb.Offer_Operation, role string) (*operationRequest, error) {
	r := &operationRequest{info: info}
	var err error
	switch info.GetType() {
	case mesospb.Offer_Operation_RESERVE:
		if r.resources, err = readNamed(info.GetReserve().GetResources(), role); err == nil {
			r.source, err = readNamed(info.GetReserve().GetSource(), role)
		}
	case mesospb.Offer_Operation_UNRESERVE:
		r.resources, err = readNamed(info.GetUnreserve().GetResources(), role)
	case mesospb.Offer_Operation_CREATE:
		r.resources, err = readNamed(info.GetCreate().GetVolumes(), role)
	case mesospb.Offer_Operation_DESTROY:
		r.resources, err = readNamed(info.GetDestroy().GetVolumes(), role)
	case mesospb.Offer_Operation_GROW_VOLUME:
		both := []*mesospb.Resource{info.GetGrowVolume().GetVolume(), info.GetGrowVolume().GetAddition()}
		if r.resources, err = readNamed(both, role); err == nil {
			r.addition, r.resources = r.resources[1], r.resources[:1]
			info.GrowVolume.Volume, info.GrowVolume.Addition = both[0], both[1]
		}
	case mesospb.Offer_Operation_SHRINK_VOLUME:
		volume := []*mesospb.Resource{info.GetShrinkVolume().GetVolume()}
		if r.resources, err = readNamed(volume, role); err == nil {
			info.ShrinkVolume.Volume = volume[0]
			r.subtract, err = mesos.CheckScalar(info.GetShrinkVolume().GetSubtract().GetValue())
		}
	case mesospb.Offer_Operation_CREATE_DISK:
		r.resources, err = readNamed([]*mesospb.Resource{info.GetCreateDisk().GetSource()}, role)
	case mesospb.Offer_Operation_DESTROY_DISK:
		r.resources, err = readNamed([]*mesospb.Resource{info.GetDestroyDisk().GetSource()}, role)
	}
	return r, err
}

// readNamed converts resources one by one.
func readNamed(list []*mesospb.Resource, role string) ([]resources.Resource, error) {
	result := make([]resources.Resource, len(list))
	for i, w := range list {
		if w != nil && w.AllocationInfo == nil && role != "" {
			w.AllocationInfo = &mesospb.Resource_AllocationInfo{Role: new(role)}
		}
		r, err := convert.Resource(w)
		if err != nil {
			return nil, err
		}
		if w.Role != nil || w.Reservation != nil {
			list[i] = convert.ResourceToWire(r)
		}
		result[i] = r
	}
	return result, nil
}

// validate checks an operation on an agent by the rules of its type. It is asked
// for by a framework or (nil) an operator; principal is who that is, "" if
// nobody knows. The order of the checks is Mesos's.
func (r *operationRequest) validate(on *agent, by *framework, principal string) error {
	var err error
	switch r.info.GetType() {
	case mesospb.Offer_Operation_RESERVE:
		err = r.validateReserve(on, by, principal)
	case mesospb.Offer_Operation_UNRESERVE:
		err = r.validateUnreserve()
	case mesospb.Offer_Operation_CREATE:
		err = r.validateCreate(on, by, principal)
	case mesospb.Offer_Operation_DESTROY:
		err = r.validateDestroy(on)
	case mesospb.Offer_Operation_GROW_VOLUME:
		err = r.validateGrow(on)
	case mesospb.Offer_Operation_SHRINK_VOLUME:
		err = r.validateShrink(on)
	case mesospb.Offer_Operation_CREATE_DISK:
		err = r.validateCreateDisk(on)
	case mesospb.Offer_Operation_DESTROY_DISK:
		err = r.validateDestroyDisk(on)
	}
	if err != nil {
		return mesos.Errorf(mesos.Invalid, "%s: %w", r.info.GetType(), err)
	}
	return nil
}

// https://mesos.apache.org/documentation/latest/reservation/
func (r *operationRequest) validateReserve(on *agent, by *framework, principal string) error {
	if err := validateEach("resources", r.resources); err != nil {
		return err
	}
	if err := validateEach("source", r.source); err != nil {
		return err
	}
	if len(r.source) > 0 {
		if err := r.validateSource(); err != nil {
			return err
		}
	}
	if err := oneProvider(r.resources); err != nil {
		return err
	}
	for _, res := range r.resources {
		if !res.IsDynamicallyReserved() {
			return mesos.Errorf(mesos.Invalid, "resources: %s: it is not dynamically reserved", res)
		}
		if err := on.canReserve(res); err != nil {
			return err
		}
		if principal != "" {
			if of := res.Reservations[len(res.Reservations)-1].Principal; of != principal {
				return mesos.Errorf(mesos.Invalid, "resources: %s: its reservation's principal is %q, not %q, who reserves", res, of, principal)
			}
		}
		if err := reservableBy(res, by); err != nil {
			return err
		}
	}
	if by != nil {
		return allocatedToOneRole(r.resources)
	}
	return nil
}

// validateSource checks a change of reservations: only they may change.
func (r *operationRequest) validateSource() error {
	for _, list := range []struct {
		name      string
		resources []resources.Resource
	}{{"source", r.source}, {"resources", r.resources}} {
		if len(list.resources) == 0 {
			return mesos.Errorf(mesos.Invalid, "%s: none are named", list.name)
		}
		for _, res := range list.resources {
			if !slices.EqualFunc(res.Reservations, list.resources[0].Reservations, resources.Reservation.Equal) {
				return mesos.Errorf(mesos.Invalid, "%s: %s and %s are reserved in different ways", list.name, list.resources[0], res)
			}
		}
	}
	source, target := resources.Of(r.source...).ToUnreserved(), resources.Of(r.resources...).ToUnreserved()
	if !source.Equal(target) {
		return mesos.Errorf(mesos.Invalid, "source and resources: %s and %s are not the same but for their reservations", source, target)
	}
	return nil
}

// canReserve checks that an agent knows reservations such as a resource's.
func (a *agent) canReserve(res resources.Resource) error {
	if strings.Contains(res.ReservationRole(), "/") && !a.has(mesospb.AgentInfo_Capability_HIERARCHICAL_ROLE) {
		return mesos.Errorf(mesos.Invalid, "%s: the role is hierarchical, and the agent lacks the capability HIERARCHICAL_ROLE", res)
	}
	if res.HasRefinedReservation() && !a.has(mesospb.AgentInfo_Capability_RESERVATION_REFINEMENT) {
		return mesos.Errorf(mesos.Invalid, "%s: the reservation is refined, and the agent lacks the capability RESERVATION_REFINEMENT", res)
	}
	return nil
}

// reservableBy checks that a framework reserves what it was offered, for the role
// it was offered to, and that an operator reserves what nobody was offered.
func reservableBy(res resources.Resource, by *framework) error {
	allocated, reserved := res.AllocationRole, res.ReservationRole()
	switch {
	case by == nil && allocated != "":
		return mesos.Errorf(mesos.Invalid, "resources: %s: an operator can't reserve what is allocated", res)
	case by == nil:
		return nil
	case allocated == "":
		return mesos.Errorf(mesos.Invalid, "resources: %s: a framework can't reserve what is not allocated", res)
	case allocated != reserved:
		return mesos.Errorf(mesos.Invalid, "resources: %s: it was offered to role %q and can't be reserved for role %q", res, allocated, reserved)
	case !by.hasRole(reserved):
		return mesos.Errorf(mesos.Invalid, "resources: %s: role %q is not one of the framework's", res, reserved)
	}
	return nil
}

func (r *operationRequest) validateUnreserve() error {
	if err := validateEach("resources", r.resources); err != nil {
		return err
	}
	if err := oneProvider(r.resources); err != nil {
		return err
	}
	for _, res := range r.resources {
		if !res.IsDynamicallyReserved() {
			return mesos.Errorf(mesos.Invalid, "resources: %s: it is not dynamically reserved", res)
		}
		if res.IsPersistentVolume() {
			return mesos.Errorf(mesos.Invalid, "resources: %s: it is a persistent volume, which must be destroyed first", res)
		}
	}
	return nil
}

// validateEach checks resources one by one.
func validateEach(field string, list []resources.Resource) error {
	for _, res := range list {
		if err := validateResource(res); err != nil {
			return mesos.Errorf(mesos.Invalid, "%s: %w", field, err)
		}
	}
	return nil
}

// oneProvider checks that resources are there, and all of the agent or all of the
// same resource provider.
func oneProvider(list []resources.Resource) error {
	if len(list) == 0 {
		return mesos.Errorf(mesos.Invalid, "no resources are named")
	}
	for _, res := range list {
		switch first := list[0].ProviderID; {
		case res.ProviderID == first:
		case first == "" || res.ProviderID == "":
			return mesos.Errorf(mesos.Invalid, "some resources have a resource provider and some have none")
		default:
			return mesos.Errorf(mesos.Invalid, "resources are of several resource providers, %q and %q", first, res.ProviderID)
		}
	}
	return nil
}

// allocatedToOneRole checks that resources were offered, and for one role.
func allocatedToOneRole(list []resources.Resource) error {
	for _, res := range list {
		if res.AllocationRole == "" {
			return mesos.Errorf(mesos.Invalid, "%s: it is not allocated to a role", res)
		}
		if first := list[0].AllocationRole; res.AllocationRole != first {
			return mesos.Errorf(mesos.Invalid, "resources are allocated to several roles: %q and %q", first, res.AllocationRole)
		}
	}
	return nil
}

// canShare reports whether a framework may make shared volumes; operators may.
func canShare(by *framework) bool { return by == nil || by.can(allocation.SharedResources) }
