package convert

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/wire/mesospb"
)

// WithoutSecrets is a message as it may be written down: without the values of
// secrets that are given by value. That they were there can still be seen, and
// what is given by reference is left. The secrets of checks stay: whoever goes
// on with a task needs them. A message that has none is returned as it is. See
// https://mesos.apache.org/documentation/latest/secrets/.
func WithoutSecrets[M interface {
	proto.Message
	CloneVT() M
}](m M) M {
	if !secrets(m.ProtoReflect(), false) {
		return m
	}
	m = m.CloneVT()
	secrets(m.ProtoReflect(), true)
	return m
}

// secrets reports whether a message has values of secrets; they are wiped, or the
// first one is enough.
func secrets(m protoreflect.Message, wipe bool) (found bool) {
	switch m := m.Interface().(type) {
	case *mesospb.CheckInfo, *mesospb.HealthCheck:
		return false
	case *mesospb.Secret:
		found = len(m.GetValue().GetData()) > 0
		if found && wipe {
			m.Value.Data = []byte{}
		}
		return found
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			if field.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					found = secrets(v.Message(), wipe) || found
					return wipe || !found
				})
			}
		case field.Message() == nil:
		case field.IsList():
			for list, i := value.List(), 0; i < list.Len() && (wipe || !found); i++ {
				found = secrets(list.Get(i).Message(), wipe) || found
			}
		default:
			found = secrets(value.Message(), wipe) || found
		}
		return wipe || !found
	})
	return found
}
