package convert

import (
	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/mesos/resources"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// Conversions is what an operation does to resources. Errors are of kind
// mesos.Invalid; operations that convert nothing by themselves, such as LAUNCH
// and CREATE_DISK, are of kind mesos.Unsupported.
func Conversions(op *mesospb.Offer_Operation) ([]resources.Conversion, error) {
	conversions, err := conversions(op)
	if err != nil {
		return nil, mesos.Errorf(mesos.KindOf(err), "operation %v: %w", op.GetType(), err)
	}
	return conversions, nil
}

func conversions(op *mesospb.Offer_Operation) ([]resources.Conversion, error) {
	switch op.GetType() {
	case mesospb.Offer_Operation_RESERVE:
		return reserve(op.GetReserve())
	case mesospb.Offer_Operation_UNRESERVE:
		reserved, err := Resources(op.GetUnreserve().GetResources())
		if err != nil {
			return nil, err
		}
		return one(resources.Unreserving(reserved))
	case mesospb.Offer_Operation_CREATE:
		return forVolumes(op.GetCreate().GetVolumes(), resources.Creating)
	case mesospb.Offer_Operation_DESTROY:
		return forVolumes(op.GetDestroy().GetVolumes(), resources.Destroying)
	case mesospb.Offer_Operation_GROW_VOLUME:
		return growVolume(op.GetGrowVolume())
	case mesospb.Offer_Operation_SHRINK_VOLUME:
		return shrinkVolume(op.GetShrinkVolume())
	default:
		return nil, mesos.Errorf(mesos.Unsupported, "converts no resources by itself")
	}
}

func one(c resources.Conversion, err error) ([]resources.Conversion, error) {
	return []resources.Conversion{c}, err
}

func reserve(op *mesospb.Offer_Operation_Reserve) ([]resources.Conversion, error) {
	reserved, err := Resources(op.GetResources())
	if err != nil {
		return nil, err
	}
	source, err := Resources(op.GetSource())
	if err != nil {
		return nil, err
	}
	return one(resources.Reserving(reserved, source))
}

func forVolumes(list []*mesospb.Resource, convert func(resources.Resource) resources.Conversion) ([]resources.Conversion, error) {
	result := make([]resources.Conversion, len(list))
	for i, message := range list {
		volume, err := persistentVolume(message)
		if err != nil {
			return nil, err
		}
		result[i] = convert(volume)
	}
	return result, nil
}

func persistentVolume(message *mesospb.Resource) (resources.Resource, error) {
	volume, err := Resource(message)
	if err == nil && !volume.IsPersistentVolume() {
		err = mesos.Errorf(mesos.Invalid, "resource %v: is not a persistent volume", volume)
	}
	return volume, err
}

// resizable is a persistent volume that the agent itself can resize.
func resizable(message *mesospb.Resource) (resources.Resource, error) {
	volume, err := persistentVolume(message)
	if err == nil && volume.ProviderID != "" {
		err = mesos.Errorf(mesos.Unsupported, "resource %v: its resource provider can't resize it", volume)
	}
	return volume, err
}

func growVolume(op *mesospb.Offer_Operation_GrowVolume) ([]resources.Conversion, error) {
	volume, err := resizable(op.GetVolume())
	if err != nil {
		return nil, err
	}
	addition, err := Resource(op.GetAddition())
	if err != nil {
		return nil, err
	}
	return one(resources.Growing(volume, addition))
}

func shrinkVolume(op *mesospb.Offer_Operation_ShrinkVolume) ([]resources.Conversion, error) {
	volume, err := resizable(op.GetVolume())
	if err != nil {
		return nil, err
	}
	by, err := mesos.CheckScalar(op.GetSubtract().GetValue())
	if err != nil {
		return nil, err
	}
	return one(resources.Shrinking(volume, by))
}
