package wire

import (
	"reflect"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mesosctl/mesosctl/mesos"
)

// An enum holds both ways between an enum's names and numbers.
type enum struct {
	full   protoreflect.FullName
	byName map[string]int32
	quoted [][]byte // names in quotes by number; nil where there is none
}

func enumOf(d protoreflect.EnumDescriptor) *enum {
	const most = 1 << 11 // numbers are few and small, so a table serves
	e := &enum{full: d.FullName(), byName: make(map[string]int32, d.Values().Len())}
	for i := range d.Values().Len() {
		name, number := string(d.Values().Get(i).Name()), int32(d.Values().Get(i).Number())
		invariant(0 <= number && number < most, e.full, "the enum has a number out of range")
		e.byName[name] = number
		for int(number) >= len(e.quoted) {
			e.quoted = append(e.quoted, nil)
		}
		if e.quoted[number] == nil { // the first of two names of one number counts
			e.quoted[number] = AppendJSONString(nil, name)
		}
	}
	return e
}

func (e *enum) has(number int32) bool {
	return 0 <= number && int(number) < len(e.quoted) && e.quoted[number] != nil
}

// append writes a value's quoted name, or the number of one without a name.
func (e *enum) append(dst []byte, number int32) []byte {
	if e.has(number) {
		return append(dst, e.quoted[number]...)
	}
	return strconv.AppendInt(dst, int64(number), 10)
}

// closeEnums gives enums the meaning that they have in proto2, which is that a
// value without a name is an unknown field: an optional field that carries one
// is unset, an element of a list is left out, and a required field is missing.
// What is taken out is kept with the message's unknown fields, so that it is
// still there when the message is passed on.
func (p *plan) closeEnums(m unsafe.Pointer) error {
	for _, i := range p.withEnums {
		f := &p.fields[i]
		at := unsafe.Add(m, f.offset)
		if f.enum == nil {
			if err := f.closeEnumsInside(at); err != nil {
				return err
			}
			continue
		}
		switch f.shape {
		case pointer:
			v := (**int32)(at)
			if *v == nil || f.enum.has(**v) {
				continue
			}
			if f.required != 0 {
				return &pathError{path: "." + f.name, cause: "required field has the value " +
					strconv.Itoa(int(**v)) + ", which " + string(f.enum.full) + " does not know", offset: -1}
			}
			p.keepUnknown(m, f, **v)
			*v = nil
		case list:
			values := (*[]int32)(at)
			known := (*values)[:0]
			for _, v := range *values {
				if f.enum.has(v) {
					known = append(known, v)
				} else {
					p.keepUnknown(m, f, v)
				}
			}
			*values = known
		case oneof:
			if w := f.member(at); w != nil && !f.enum.has(*(*int32)(w)) {
				p.keepUnknown(m, f, *(*int32)(w))
				reflect.NewAt(f.goType, at).Elem().SetZero()
			}
		}
	}
	return nil
}

func (f *field) closeEnumsInside(at unsafe.Pointer) error {
	// The two shapes that nearly every field has, without the closure of the others.
	switch f.shape {
	case pointer:
		if m := *(*unsafe.Pointer)(at); m != nil {
			if err := f.message.closeEnums(m); err != nil {
				return under(err, "."+f.name)
			}
		}
		return nil
	case list:
		for i, m := range *(*[]unsafe.Pointer)(at) {
			if err := f.message.closeEnums(m); err != nil {
				return under(err, "."+f.name+"["+strconv.Itoa(i)+"]")
			}
		}
		return nil
	}
	return f.messages(at, func(m unsafe.Pointer, index string) error {
		return under(f.message.closeEnums(m), "."+f.name+index)
	})
}

func (p *plan) keepUnknown(m unsafe.Pointer, f *field, v int32) {
	message := reflect.NewAt(p.goType, m).Interface().(proto.Message).ProtoReflect()
	unknown := protowire.AppendTag(message.GetUnknown(), f.number, protowire.VarintType)
	message.SetUnknown(protowire.AppendVarint(unknown, uint64(int64(v))))
}

// A pathError says at which field of a message something is wrong. The path
// grows at its front while the error passes up through the messages.
type pathError struct {
	path   string
	cause  string
	offset int // in the input, in bytes; -1 if it has no meaning
}

func (e *pathError) Error() string { return e.path + ": " + e.cause }

// under puts a step in front of the path of an error.
func under(err error, step string) error {
	if e, ok := err.(*pathError); ok {
		e.path = step + e.path
	}
	return err
}

// failed makes the error that callers see of one met in a message of plan p.
func failed(op string, p *plan, err error) error {
	e, ok := err.(*pathError)
	if !ok {
		return mesos.Errorf(mesos.Invalid, "%s: %s: %w", op, p.name, err)
	}
	if e.offset < 0 {
		return mesos.Errorf(mesos.Invalid, "%s: %s%s: %s", op, p.name, e.path, e.cause)
	}
	return mesos.Errorf(mesos.Invalid, "%s: %s%s: %s (at byte %d)", op, p.name, e.path, e.cause, e.offset)
}
