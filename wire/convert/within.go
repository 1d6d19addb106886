package convert

import (
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/mesos"
	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// UpgradeWithin gives all resources anywhere in a message refinable
// reservations, as Upgrade does. It changes the message, which must be the
// caller's own, as one just decoded is.
func UpgradeWithin(message proto.Message) {
	// Upgrading never fails.
	_ = replaceWithin(message.ProtoReflect(), func(r *mesospb.Resource) (*mesospb.Resource, error) {
		return upgrade(r), nil
	})
}

// DowngradeWithin gives all resources anywhere in a message the format from
// before reservation refinement, with the error of Downgrade. It changes the
// message, which must be the caller's own.
func DowngradeWithin(message proto.Message) error {
	return replaceWithin(message.ProtoReflect(), downgrade)
}

var resourceName = (*mesospb.Resource)(nil).ProtoReflect().Descriptor().FullName()

// resourceFields caches fieldsWithResources by protoreflect.FullName.
var resourceFields sync.Map

// fieldsWithResources is the fields of a message that are, or somewhere
// contain, resources.
func fieldsWithResources(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if cached, ok := resourceFields.Load(d.FullName()); ok {
		return cached.([]protoreflect.FieldDescriptor)
	}
	var found []protoreflect.FieldDescriptor
	for i := range d.Fields().Len() {
		field := d.Fields().Get(i)
		if inner := field.Message(); inner != nil && !field.IsMap() && leadsToResource(inner, map[protoreflect.FullName]bool{}) {
			found = append(found, field)
		}
	}
	resourceFields.Store(d.FullName(), found)
	return found
}

// leadsToResource reports whether d is, or somewhere contains, resources. Seen
// is the messages already on the way, since messages may contain themselves.
func leadsToResource(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if d.FullName() == resourceName {
		return true
	}
	if seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	for i := range d.Fields().Len() {
		if inner := d.Fields().Get(i).Message(); inner != nil && leadsToResource(inner, seen) {
			return true
		}
	}
	return false
}

// replaceWithin replaces every resource in a message; it returns the first
// error, named after the field, but goes on after it.
func replaceWithin(m protoreflect.Message, replace func(*mesospb.Resource) (*mesospb.Resource, error)) error {
	var first error
	for _, field := range fieldsWithResources(m.Descriptor()) {
		if !m.Has(field) {
			continue
		}
		var err error
		if field.IsList() {
			err = replaceInList(m.Get(field).List(), replace)
		} else {
			var value protoreflect.Value
			if value, err = replaceValue(m.Get(field), replace); value.IsValid() {
				m.Set(field, value)
			}
		}
		if err != nil && first == nil {
			first = mesos.Errorf(mesos.KindOf(err), "%s: %w", field.Name(), err)
		}
	}
	return first
}

func replaceInList(list protoreflect.List, replace func(*mesospb.Resource) (*mesospb.Resource, error)) error {
	var first error
	for i := range list.Len() {
		value, err := replaceValue(list.Get(i), replace)
		if value.IsValid() {
			list.Set(i, value)
		}
		if err != nil && first == nil {
			first = mesos.Errorf(mesos.KindOf(err), "%d: %w", i, err)
		}
	}
	return first
}

// replaceValue returns what to put in the place of a resource; for any other
// message it replaces what is within, and the value is invalid.
func replaceValue(value protoreflect.Value, replace func(*mesospb.Resource) (*mesospb.Resource, error)) (protoreflect.Value, error) {
	r, isResource := value.Message().Interface().(*mesospb.Resource)
	if !isResource {
		return protoreflect.Value{}, replaceWithin(value.Message(), replace)
	}
	replaced, err := replace(r)
	return protoreflect.ValueOfMessage(replaced.ProtoReflect()), err
}
