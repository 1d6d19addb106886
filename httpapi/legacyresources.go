package httpapi

import (
	"slices"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire"
	"github.com/mesosctl/mesosctl/wire/convert"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// total is a resource as the endpoints show it: everything of one name, summed
// over roles, reservations and disks.
type total struct {
	name   string
	kind   mesospb.Value_Type
	scalar mesos.Scalar
	ranges []mesos.Range
	items  []string
}

// totals sums resources by name. cpus, gpus, mem and disk are always there;
// revocable ones are kept apart as NAME_revocable. The order is by name.
func totals(list []*mesospb.Resource) []total {
	sums := make([]total, 0, 8)
	for _, name := range [...]string{"cpus", "disk", "gpus", "mem"} {
		sums = append(sums, total{name: name})
	}
	for _, r := range list {
		name := r.GetName()
		if r.GetRevocable() != nil {
			name += "_revocable"
		}
		i := slices.IndexFunc(sums, func(t total) bool { return t.name == name })
		if i < 0 {
			i = len(sums)
			sums = append(sums, total{name: name, kind: r.GetType()})
		}
		sums[i].add(r)
	}
	slices.SortStableFunc(sums[4:], func(a, b total) int { return compareStrings(a.name, b.name) })
	return sums
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (t *total) add(r *mesospb.Resource) {
	switch r.GetType() {
	case mesospb.Value_SCALAR:
		t.scalar += mesos.ScalarFromFloat(r.GetScalar().GetValue())
	case mesospb.Value_RANGES:
		for _, interval := range r.GetRanges().GetRange() {
			t.ranges = append(t.ranges, mesos.Range{Begin: interval.GetBegin(), End: interval.GetEnd()})
		}
	case mesospb.Value_SET:
		t.items = append(t.items, r.GetSet().GetItem()...)
	case mesospb.Value_TEXT: // no resource is a text
	}
}

// appendResources appends resources as an object of totals.
func appendResources(dst []byte, key string, list []*mesospb.Resource) []byte {
	dst = append(appendKey(dst, key), '{')
	for _, t := range totals(list) {
		switch t.kind {
		case mesospb.Value_RANGES:
			dst = appendString(dst, t.name, mesos.NewRanges(t.ranges...).String())
		case mesospb.Value_SET:
			dst = appendString(dst, t.name, mesos.NewSet(t.items...).String())
		default:
			dst = appendDouble(dst, t.name, t.scalar.Float())
		}
	}
	return append(dst, '}')
}

// appendQuantities appends the sums of scalars that are not zero.
func appendQuantities(dst []byte, key string, list []*mesospb.Resource) []byte {
	dst = append(appendKey(dst, key), '{')
	for _, t := range totals(list) {
		if t.kind == mesospb.Value_SCALAR && t.scalar != 0 {
			dst = appendDouble(dst, t.name, t.scalar.Float())
		}
	}
	return append(dst, '}')
}

// quantities is how much there is of resources, whatever else they are.
func quantities(list []*mesospb.Resource) (sums []*mesospb.Resource) {
	for _, name := range [...]string{"cpus", "disk", "gpus", "mem"} {
		var sum mesos.Scalar
		for _, r := range list {
			if r.GetName() == name {
				sum += mesos.ScalarFromFloat(r.GetScalar().GetValue())
			}
		}
		if sum > 0 {
			amount := sum.Float()
			sums = append(sums, &mesospb.Resource{
				Name: &name, Type: mesospb.Value_SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: &amount},
			})
		}
	}
	return sums
}

// reservedFor is the role that a resource is reserved for; empty if none.
func reservedFor(r *mesospb.Resource) string {
	if n := len(r.GetReservations()); n > 0 {
		return r.GetReservations()[n-1].GetRole()
	}
	if role := r.GetRole(); role != mesos.AnyRole {
		return role
	}
	return ""
}

// reservation is what is reserved for one role.
type reservation struct {
	role string
	list []*mesospb.Resource
}

// reservations sorts resources into what is reserved, by role, and what is not.
func reservations(list []*mesospb.Resource) (reserved []reservation, unreserved []*mesospb.Resource) {
	for _, r := range list {
		role := reservedFor(r)
		if role == "" {
			unreserved = append(unreserved, r)
			continue
		}
		i, found := slices.BinarySearchFunc(reserved, role, func(e reservation, role string) int {
			return compareStrings(e.role, role)
		})
		if !found {
			reserved = slices.Insert(reserved, i, reservation{role: role})
		}
		reserved[i].list = append(reserved[i].list, r)
	}
	return reserved, unreserved
}

// appendReserved appends totals by role.
func appendReserved(dst []byte, key string, reserved []reservation) []byte {
	dst = append(appendKey(dst, key), '{')
	for _, e := range reserved {
		dst = appendResources(dst, e.role, e.list)
	}
	return append(dst, '}')
}

// appendReservedFull appends the resources themselves by role.
func appendReservedFull(dst []byte, key string, reserved []reservation) []byte {
	dst = append(appendKey(dst, key), '{')
	for _, e := range reserved {
		dst = appendMessages(dst, e.role, convert.Endpoint(e.list))
	}
	return append(dst, '}')
}

// appendAttributes appends attributes as an object of texts and numbers.
func appendAttributes(dst []byte, key string, attributes []*mesospb.Attribute) []byte {
	dst = append(appendKey(dst, key), '{')
	parsed, err := convert.Attributes(attributes)
	if err != nil {
		return append(dst, '}') // a registered agent's are valid
	}
	for _, a := range parsed {
		dst = appendKey(dst, a.Name)
		if a.Kind == mesos.ScalarValue {
			dst = wire.AppendJSONDouble(dst, a.Number)
		} else {
			dst = wire.AppendJSONString(dst, a.Value.String())
		}
	}
	return append(dst, '}')
}
